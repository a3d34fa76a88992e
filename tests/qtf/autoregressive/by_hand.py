"""Parts of networks in NumPy, written from their equations."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def relu(x):
    return np.maximum(x, 0)


def dense(layer, x):
    return x @ np.asarray(layer.kernel) + np.asarray(layer.bias)


def normalized(layer, x):
    """Returns x (..., units) with the mean and variance that the layer has learned."""
    centred = x - x.mean(axis=-1, keepdims=True)
    scale = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + layer.epsilon)
    return centred / scale * np.asarray(layer.gamma) + np.asarray(layer.beta)


def heads_by_hand(layer, x):
    """Returns the outputs of all heads, (..., sum(heads))."""
    hidden = np.split(relu(dense(layer.hidden, x)), len(layer.heads), axis=-1)
    return np.concatenate(
        [dense(out, part) for out, part in zip(layer.outputs, hidden, strict=True)], axis=-1
    )
