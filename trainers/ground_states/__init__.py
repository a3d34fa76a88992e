"""Ground states: configuration, wave function, task and reports put together."""
