"""Everything behind the pages of results, one command: `python -m reproduce`."""
