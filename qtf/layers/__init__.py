"""Keras layers in `keras.ops`, one a file; they run on TensorFlow and on JAX."""

from qtf.lazy_names import lazy_names

_WITH_KERAS = {
    "SRU": "qtf.layers.sru",
    "ChainEncoding": "qtf.layers.chain_encoding",
    "FeedForward": "qtf.layers.feed_forward",
    "SpinDecoding": "qtf.layers.spin_decoding",
    "SpinEncoding": "qtf.layers.spin_encoding",
}
__all__ = [*_WITH_KERAS]
__getattr__, __dir__ = lazy_names(__name__, {}, with_keras=_WITH_KERAS)
