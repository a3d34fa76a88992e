"""Random numbers as the data of a training that draws its own samples."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from qtf.checks import ARGUMENT, COUNT, COUNT_OR_0, SEED, Several, check, check_arguments

if TYPE_CHECKING:
    import tensorflow as tf

# No training takes more steps.
_END = 1 << 48


class RandomSource:
    """Batches of uniform random numbers, the same for the same step.

    Args:
        shape: Of the numbers of one replica and step; the last axis counts samples.
        seed: Seed of the stream.
        dtype: "float32" or "float64".
        growth: Steps, ascending from at least 1, and how many times the last length the shape has
            from each of them on.

    Raises:
        ValueError: The seed, a length, a step or a factor is no number that it may be.

    Example:
        >>> source = RandomSource((2, 3), seed=0)
        >>> next(iter(source.dataset(5)))["uniforms"].shape.as_list()
        [2, 3]
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        seed: int,
        dtype: str = "float32",
        growth: Sequence[tuple[int, int]] = (),
    ) -> None:
        check("shape", shape, Several(COUNT_OR_0, at_least=1), kind=ARGUMENT)
        check_arguments(SEED, seed=seed)
        check(
            "growth", [number for pair in growth for number in pair], Several(COUNT), kind=ARGUMENT
        )
        self.shape = shape
        self.seed = seed
        self.dtype = dtype
        self._stages = ((0, 1), *growth)

    @property
    def largest_shape(self) -> tuple[int, ...]:
        """Shape of the numbers of the largest step."""
        return self._shape(max(factor for _, factor in self._stages))

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

        def stage(first_step: int, end: int, factor: int) -> tf.data.Dataset:
            *rest, n_samples = self._shape(factor)
            shape = (*rest, n_replicas * n_samples)

            def batches(step: Any) -> dict[str, Any]:
                seed = tf.stack([tf.constant(self.seed, tf.int64), step])
                uniforms = tf.random.stateless_uniform(shape, seed, dtype=self.dtype)
                parts = tf.split(uniforms, n_replicas, axis=-1)[first : first + n_here]
                return {"uniforms": tf.stack(parts), "step": tf.repeat(step, n_here)}

            return tf.data.Dataset.range(first_step, end).map(batches).unbatch()

        stages = [
            stage(max(begin, start_step), end, factor)
            for (begin, factor), (end, _) in pairwise((*self._stages, (_END, 1)))
            if end > start_step
        ]
        stream = stages[0]
        for following in stages[1:]:
            stream = stream.concatenate(following)
        return stream.prefetch(2)

    def batch(self, step: int) -> dict[str, np.ndarray]:
        """Returns the batch of a step in NumPy; its numbers are others than those of `dataset`."""
        rng = np.random.default_rng([self.seed, step])
        factor = [factor for first, factor in self._stages if first <= step][-1]
        uniforms = rng.random(self._shape(factor), np.dtype(self.dtype))
        return {"uniforms": uniforms, "step": np.asarray(step)}

    def explain_data_loss(self, error: Exception) -> None:
        """Does nothing: numbers that are drawn cannot be corrupt."""

    def _shape(self, factor: int) -> tuple[int, ...]:
        return (*self.shape[:-1], factor * self.shape[-1])
