"""Imports TensorFlow without the lines that it prints on every start."""

import contextlib
import gc
import os
import sys
from collections.abc import Iterator

LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
# What trainings may run on.
TENSORFLOW, JAX = "tensorflow", "jax"


def import_backend_quietly(name: str) -> None:
    """Lets Keras run on a backend, and imports it; see `import_tensorflow_quietly`.

    Args:
        name: "tensorflow" or "jax", with which TensorFlow need not be installed.
    """
    os.environ["KERAS_BACKEND"] = name
    if name == TENSORFLOW:
        import_tensorflow_quietly()


def import_chosen_backend_quietly() -> None:
    """Imports the backend that `KERAS_BACKEND` names, TensorFlow by default; see below."""
    import_backend_quietly(os.environ.get("KERAS_BACKEND", TENSORFLOW))


def import_tensorflow_quietly() -> None:
    """Imports TensorFlow with standard error closed to its start-up messages.

    They precede TensorFlow's own log level, so only the file descriptor helps. Errors
    still raise. Afterwards its warnings are off too: they tell that a function was
    compiled for several shapes, which is what we want. With TF_CPP_MIN_LOG_LEVEL below 3
    in the environment nothing is hidden.
    """
    if os.environ.setdefault(LOG_LEVEL, "3") != "3" or "tensorflow" in sys.modules:
        return
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        with _nothing_collected():
            import tensorflow

        tensorflow.get_logger().setLevel("ERROR")
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


@contextlib.contextmanager
def _nothing_collected() -> Iterator[None]:
    """A sixth of an import goes into looking for garbage among what stays for ever."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collecting:
            gc.enable()
