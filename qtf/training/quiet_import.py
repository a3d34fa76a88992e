"""Imports TensorFlow without the lines that it prints on every start."""

import os
import sys

LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"


def import_tensorflow_quietly() -> None:
    """Imports TensorFlow with standard error closed to its start-up messages.

    They precede TensorFlow's own log level, so only the file descriptor helps. Errors
    still raise. A user who sets TF_CPP_MIN_LOG_LEVEL sees everything that it lets through.
    """
    if LOG_LEVEL in os.environ or "tensorflow" in sys.modules:
        return
    os.environ[LOG_LEVEL] = "3"
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        import tensorflow  # noqa: F401
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
