"""Command that computes references of open systems by quantum trajectories."""
