"""Weights averaged over the last steps of a training."""

import contextlib
from collections.abc import Iterator, Sequence

import keras
from keras import ops


class WeightAverage:
    """The mean of the weights after each of the last steps of a training.

        mean_k = mean_{k-1} + (weights_k - mean_{k-1}) / k

    Steps that follow noise scatter about where they lead; the mean of the weights is closer to it
    than any of them. The training itself knows nothing of it.

    Args:
        weights: Trainable variables.
        share: Share of the steps, at the end, that count; 0: none.
        n_steps: Steps of the whole training.

    Attributes:
        state: Variables that a training which goes on needs; none without a share.

    Source: Polyak and Juditsky, SIAM J. Control Optim. 30, 838 (1992).
    """

    def __init__(self, weights: Sequence[keras.Variable], share: float, n_steps: int) -> None:
        self.weights = list(weights)
        self.n_before = n_steps - round(share * n_steps)
        self.state: list[keras.Variable] = []
        if share:
            # Many small parts are added.
            means = [
                keras.Variable(ops.zeros(weight.shape, "float64"), trainable=False, dtype="float64")
                for weight in self.weights
            ]
            self.state = [keras.Variable(0, trainable=False, dtype="int32"), *means]

    def add(self, step: int) -> None:
        """Counts the weights in, unless they are of a step too early; then it begins anew.

        Args:
            step: Number of the step that they come from, from 1.
        """
        if not self.state:
            return
        count, *means = self.state
        number = self._count() + 1 if step > self.n_before else 0
        count.assign(number)
        if not number:
            return
        for mean, weight in zip(means, self.weights, strict=True):
            value = ops.cast(weight.value, "float64")
            mean.assign(mean.value + (value - mean.value) / number)

    @contextlib.contextmanager
    def in_place(self) -> Iterator[None]:
        """Gives the model the mean inside the block; before anything counts, nothing changes."""
        if not self._count():
            yield
            return
        last = [ops.copy(weight.value) for weight in self.weights]
        self.take_place()
        try:
            yield
        finally:
            for weight, value in zip(self.weights, last, strict=True):
                weight.assign(value)

    def take_place(self) -> None:
        """Gives the model the mean for good."""
        if self._count():
            for weight, mean in zip(self.weights, self.state[1:], strict=True):
                weight.assign(ops.cast(mean.value, weight.dtype))

    def _count(self) -> int:
        return int(ops.copy(self.state[0].value)) if self.state else 0
