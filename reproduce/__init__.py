"""Everything behind `docs/results.md`, one command: `python -m reproduce`."""
