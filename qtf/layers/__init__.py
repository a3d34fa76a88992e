"""Keras layers in `keras.ops`, one a file; they run on TensorFlow and on JAX."""

from qtf.layers.chain_encoding import ChainEncoding
from qtf.layers.feed_forward import FeedForward
from qtf.layers.spin_decoding import SpinDecoding
from qtf.layers.spin_encoding import SpinEncoding
from qtf.layers.sru import SRU

__all__ = ["SRU", "ChainEncoding", "FeedForward", "SpinDecoding", "SpinEncoding"]
