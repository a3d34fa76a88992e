"""Batches of trajectories that are given as arrays. NumPy only."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from qtf.checks import COUNT, Number, check_arguments
from qtf.data.mixing import Mixture, mixed_seed
from qtf.streams import Stream


class ArraySource:
    """Draws windows of given trajectories, each batch from `(seed, step)` alone.

    Args:
        trajectories: n_sites -> complex (n_trajectories, n_times, 2**n_sites).
        batch_size: Windows of a batch, for each replica.
        window: Number of states of a window.
        seed: Non-negative integer.

    Raises:
        ValueError: A number is out of range, or a trajectory is shorter than the window.

    Example:
        >>> psi = np.full((3, 10, 4), 0.5)
        >>> source = ArraySource({2: psi}, batch_size=8, window=5)
        >>> source.batch(0)["psi"].shape
        (8, 5, 2, 4)
    """

    def __init__(
        self,
        trajectories: Mapping[int, np.ndarray],
        *,
        batch_size: int,
        window: int,
        seed: int = 0,
    ) -> None:
        self.mixture = Mixture(tuple(trajectories), seed=seed)
        check_arguments(COUNT, batch_size=batch_size)
        shortest = min(psi.shape[1] for psi in trajectories.values())
        check_arguments(Number(least=1, most=shortest, integer=True), window=window)
        self.trajectories = dict(trajectories)
        self.batch_size = batch_size
        self.window = window

    def batch(self, step: int, replica: int = 0) -> dict[str, np.ndarray]:
        """Returns the batch of a step.

        Args:
            step: Non-negative integer.
            replica: Which batch of that step; all of them have the same chain length.

        Returns:
            `{"psi": float32 (batch_size, window, 2, 2**n_sites)}`, real parts at index 0 and
            imaginary parts at index 1 of the axis before the last.
        """
        n = int(self.mixture.n_sites_at(np.array(step)))
        psi = self.trajectories[n]
        stream = (Stream.TRAIN_WINDOWS, n, step + 1, replica + 1)
        rng = np.random.default_rng(mixed_seed(self.mixture.seed, *stream))
        rows = rng.integers(0, len(psi), self.batch_size)
        starts = rng.integers(0, psi.shape[1] - self.window + 1, self.batch_size)
        windows = psi[rows[:, None], starts[:, None] + np.arange(self.window)]
        return {"psi": np.stack([windows.real, windows.imag], axis=-2).astype(np.float32)}

    def dataset(self, start_step: int = 0, *, input_context: Any = None) -> Any:
        """Returns the endless stream from a step on, see `exact_dataset`; needs TensorFlow."""
        from qtf.data.exact_dataset import exact_dataset

        return exact_dataset(self, start_step, input_context=input_context)

    def explain_data_loss(self, error: Exception) -> None:
        """Does nothing: arrays in memory cannot be corrupt."""
