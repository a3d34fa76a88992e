"""Random numbers as the data of a training that draws its own samples."""

from typing import TYPE_CHECKING, Any

import numpy as np

from qtf.checks import ARGUMENT, COUNT_OR_0, SEED, Several, check, check_arguments

if TYPE_CHECKING:
    import tensorflow as tf


class RandomSource:
    """Batches of uniform random numbers, the same for the same step.

    Args:
        shape: Of the numbers of one replica and step.
        seed: Seed of the stream.
        dtype: "float32" or "float64".

    Raises:
        ValueError: The seed or a length is no number that it may be.

    Example:
        >>> source = RandomSource((2, 3), seed=0)
        >>> next(iter(source.dataset(5)))["uniforms"].shape.as_list()
        [2, 3]
    """

    def __init__(self, shape: tuple[int, ...], *, seed: int, dtype: str = "float32") -> None:
        check("shape", shape, Several(COUNT_OR_0), kind=ARGUMENT)
        check_arguments(SEED, seed=seed)
        self.shape = shape
        self.seed = seed
        self.dtype = dtype

    def dataset(self, start_step: int = 0, *, input_context: Any = None) -> "tf.data.Dataset":
        """Returns the endless stream from batch `start_step` on.

        Args:
            start_step: Batches to skip.
            input_context: Of `tf.distribute`; every worker draws numbers of its own.
        """
        import tensorflow as tf

        from qtf.data.streams import local_replicas

        worker = 0 if input_context is None else input_context.input_pipeline_id

        n_replicas = local_replicas(input_context)

        def batch(number: Any) -> dict[str, Any]:
            # One seed for each worker, step and replica.
            seed = tf.stack([tf.cast(self.seed + (worker << 32), tf.int64), number])
            uniforms = tf.random.stateless_uniform(self.shape, seed, dtype=self.dtype)
            return {"uniforms": uniforms, "step": number // n_replicas}

        numbers = tf.data.Dataset.range(start_step * n_replicas, tf.int64.max)
        return numbers.map(batch).prefetch(2)

    def batch(self, step: int) -> dict[str, np.ndarray]:
        """Returns the batch of a step in NumPy; its numbers are others than those of `dataset`."""
        rng = np.random.default_rng([self.seed, step])
        return {"uniforms": rng.random(self.shape, np.dtype(self.dtype)), "step": np.asarray(step)}

    def explain_data_loss(self, error: Exception) -> None:
        """Does nothing: numbers that are drawn cannot be corrupt."""
