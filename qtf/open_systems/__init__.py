"""Open quantum systems as probabilities of the outcomes of measurements."""
