"""Open systems: configuration, distribution, task and reports put together."""
