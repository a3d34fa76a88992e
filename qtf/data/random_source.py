"""Random numbers as the data of a training that draws its own samples."""

from typing import TYPE_CHECKING, Any

import numpy as np

from qtf.checks import ARGUMENT, COUNT_OR_0, SEED, Several, check, check_arguments

if TYPE_CHECKING:
    import tensorflow as tf


class RandomSource:
    """Batches of uniform random numbers, the same for the same step.

    Args:
        shape: Of the numbers of one replica and step; the last axis counts samples.
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
        check("shape", shape, Several(COUNT_OR_0, at_least=1), kind=ARGUMENT)
        check_arguments(SEED, seed=seed)
        self.shape = shape
        self.seed = seed
        self.dtype = dtype

    def dataset(self, start_step: int = 0, *, input_context: Any = None) -> "tf.data.Dataset":
        """Returns the endless stream from batch `start_step` on.

        Args:
            start_step: Batches to skip.
            input_context: Of `tf.distribute`; each replica takes a part of the last axis, so that
                all together have the numbers of one replica with as many samples.
        """
        import tensorflow as tf

        from qtf.data.streams import local_replicas

        n_here = local_replicas(input_context)
        n_replicas = 1 if input_context is None else input_context.num_replicas_in_sync
        first = 0 if input_context is None else n_here * input_context.input_pipeline_id
        *rest, n_samples = self.shape

        def batches(step: Any) -> dict[str, Any]:
            seed = tf.stack([tf.constant(self.seed, tf.int64), step])
            shape = (*rest, n_replicas * n_samples)
            uniforms = tf.random.stateless_uniform(shape, seed, dtype=self.dtype)
            parts = tf.split(uniforms, n_replicas, axis=-1)[first : first + n_here]
            return {"uniforms": tf.stack(parts), "step": tf.repeat(step, n_here)}

        steps = tf.data.Dataset.range(start_step, tf.int64.max)
        return steps.map(batches).unbatch().prefetch(2)

    def batch(self, step: int) -> dict[str, np.ndarray]:
        """Returns the batch of a step in NumPy; its numbers are others than those of `dataset`."""
        rng = np.random.default_rng([self.seed, step])
        return {"uniforms": rng.random(self.shape, np.dtype(self.dtype)), "step": np.asarray(step)}

    def explain_data_loss(self, error: Exception) -> None:
        """Does nothing: numbers that are drawn cannot be corrupt."""
