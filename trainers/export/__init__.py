"""Runs as SavedModels."""
