"""Ground states by variational Monte Carlo with autoregressive wave functions."""
