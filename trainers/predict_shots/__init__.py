"""Command that predicts means over time with the error bars of what was learned from shots."""
