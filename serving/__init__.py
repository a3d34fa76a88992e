"""Export and serving commands."""
