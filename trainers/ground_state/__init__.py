"""Command that finds ground states, and their growth to larger lattices."""
