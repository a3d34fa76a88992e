"""Searches of ground states as settings ask: facts, assembly, refinement, results."""
