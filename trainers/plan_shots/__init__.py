"""Command that plans measurements."""
