"""Command that learns couplings, rates and readout errors from shots."""
