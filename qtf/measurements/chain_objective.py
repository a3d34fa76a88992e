"""What fits by patches maximise: sums over the windows of a chain."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from qtf.measurements.likelihood import (
    Likelihood,
    MarginalFit,
    Slope,
    counts_of,
    shots_of,
    slope_of_counts,
)
from qtf.measurements.patches import Patch
from qtf.physics._threads import one_thread
from qtf.worker_processes import worker_pool

Map = Callable[..., Iterable]


@dataclass(frozen=True)
class ChainObjective:
    """The sum of the slopes of all patches.

    Attributes:
        patches: The patches.
        of_patch: Returns the slope of a patch in those of its parameters that derivatives are
            taken in.
        mapping: Applies a function to patches, in parallel or not.
    """

    patches: Sequence[Patch]
    of_patch: Callable[[Patch, np.ndarray], Slope]
    mapping: Map

    def __call__(self, parameters: np.ndarray, free: Sequence[int]) -> Slope:
        """Returns the slope in the free parameters, which are those of the patches."""
        order = {k: place for place, k in enumerate(free)}
        total = Slope.zero(len(free))
        slopes = self.mapping(self.of_patch, self.patches, [parameters] * len(self.patches))
        for patch, slope in zip(self.patches, slopes, strict=True):
            total = total + slope.at([order[k] for k in patch.places], len(free))
        return total


def likelihood_of_patch(patch: Patch, parameters: np.ndarray) -> Slope:
    """Returns the likelihood of a window, both with the small margin."""
    likelihood = Likelihood(patch.part.model, patch.shots, patch.n_given)
    return likelihood(patch.part.values(parameters), patch.free)


def means_of_patch(patch: Patch, parameters: np.ndarray) -> Slope:
    """Returns the least squares of the means of a window."""
    squares = MarginalFit(patch.part.model, patch.shots)
    return squares(patch.part.values(parameters), patch.free)


def equation_of_patch(patch: Patch, parameters: np.ndarray) -> Slope:
    """Returns what the likelihood has, with the probabilities of the wide part."""
    with one_thread(1):
        return slope_of_predicted(patch, patch.predict(parameters))


def slope_of_predicted(patch: Patch, predicted: np.ndarray) -> Slope:
    """Returns the slope of a window from its probabilities, see `Patch.predict`."""
    rows = np.arange(len(patch.shots.settings))
    counts, shots = counts_of(patch.shots, rows), shots_of(patch.shots, rows)
    return slope_of_counts(predicted, counts, shots, patch.n_given)


@contextlib.contextmanager
def patch_mapping(workers: int, executor: Executor | None) -> Iterator[Map]:
    """Yields what applies a function to patches.

    Args:
        workers: Number of processes.
        executor: What runs them instead.
    """
    if executor is not None:
        yield executor.map
    elif workers == 1:
        yield map
    else:
        with worker_pool(workers) as pool:
            yield pool.map
