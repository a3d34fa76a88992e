"""Sections of the results, blind to one another."""
