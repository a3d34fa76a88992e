"""TensorFlow's errors of writing, as Python knows them."""

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf


@contextmanager
def writing(what: str) -> Iterator[None]:
    """Turns a TensorFlow error inside the block into an `OSError`.

    Args:
        what: What is being written; starts the message.

    Raises:
        OSError: TensorFlow could not write, for example because the disk is full.
    """
    try:
        yield
    except tf.errors.OpError as error:
        # The reason comes last, after the names of kernels and temporary files.
        reason = (error.message or type(error).__name__).splitlines()[0].split("; ")[-1]
        raise OSError(f"{what} cannot be written: {reason}") from error
