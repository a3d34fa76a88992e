"""Command that follows open systems in time or finds their steady states."""
