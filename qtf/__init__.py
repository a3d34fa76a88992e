"""Quantum many-body physics with TensorFlow and Keras."""

from qtf.extras import name_missing_extras

__version__ = "0.1.0"

name_missing_extras()
