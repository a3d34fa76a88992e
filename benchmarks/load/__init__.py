"""What a server answers under load, next to the same SavedModel run in this process."""
