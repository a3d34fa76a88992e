"""Direct samples of wave functions against Markov chains."""
