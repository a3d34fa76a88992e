"""Command that writes runs as SavedModels."""
