"""Command that simulates measurements."""
