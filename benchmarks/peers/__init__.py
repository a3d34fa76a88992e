"""The same work by what a user would take instead, in an environment of its own."""
