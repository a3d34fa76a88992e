"""Files of weights that tell when they are damaged: HDF5 itself does not look."""

import hashlib
from pathlib import Path

import h5py
import keras
import numpy as np

# Attribute of the file, with the digest of all weights in it.
DIGEST = "sha256"
# Attribute with the optimiser steps after which the model had them.
STEP = "step"
# What HDF5 and Keras raise over files that are cut, changed or of another model.
MISFIT = (AttributeError, IndexError, KeyError, OSError, RuntimeError, TypeError, ValueError)


def save_weights(model: keras.Model, path: Path, *, step: int | None = None) -> None:
    """Saves the weights of a model with their digest.

    Args:
        model: The model.
        path: The file.
        step: Optimiser steps after which it has them; None: no steps made them.
    """
    model.save_weights(path)
    with h5py.File(path, "r+") as file:
        file.attrs[DIGEST] = _digest(file)
        if step is not None:
            file.attrs[STEP] = step


def step_of(path: Path) -> int | None:
    """Returns the optimiser steps after which a model had the weights of a file, if it says so."""
    try:
        with h5py.File(path) as file:
            step = file.attrs.get(STEP)
    except OSError:
        # There is none, or loading says what is wrong.
        return None
    return None if step is None else int(step)


def digest_of(path: Path) -> str:
    """Returns a digest of the weights in a file, by which changes are noticed.

    Raises:
        ValueError: The file is damaged.
    """
    try:
        with h5py.File(path) as file:
            return _digest(file)
    except OSError as error:
        raise ValueError(f"Weights {path} are damaged: {error}") from error


def load_weights(model: keras.Model, path: Path) -> None:
    """Loads weights into a model; those without a digest, of older runs, as they are.

    Raises:
        ValueError: The file is damaged or belongs to a model of another shape.
    """
    try:
        with h5py.File(path) as file:
            is_damaged = file.attrs.get(DIGEST, _digest(file)) != _digest(file)
        if not is_damaged:
            model.load_weights(path)
    except MISFIT as error:
        reason = " ".join(str(error).split())[:400]
        raise ValueError(f"Weights {path} do not fit the model: {reason}") from error
    if is_damaged:
        raise ValueError(f"Weights {path} are damaged: they are not those that were saved.")


def _digest(file: h5py.File) -> str:
    digest = hashlib.sha256()

    def add(name: str, entry: h5py.Dataset | h5py.Group) -> None:
        if isinstance(entry, h5py.Dataset):
            digest.update(f"{name} {entry.dtype} {entry.shape} ".encode())
            digest.update(np.ascontiguousarray(entry[()]).tobytes())

    file.visititems(add)
    return digest.hexdigest()
