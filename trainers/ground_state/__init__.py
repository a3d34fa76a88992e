"""Command that finds ground states, its settings, and what is behind it."""
