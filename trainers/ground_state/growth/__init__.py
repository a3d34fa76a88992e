"""Ground states of larger and larger lattices, each from the weights of the one before."""
