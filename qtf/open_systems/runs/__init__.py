"""Open systems as settings ask: settings of a run, assembly, exact values, results."""
