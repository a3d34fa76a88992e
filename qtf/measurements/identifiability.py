"""What shots can hardly tell apart: errors of the preparation and of the readout.

A string of w Paulis of a state that is prepared, and measured at once or after rotations of single
spins, has the mean [(1 - p) (1 - e01 - e10)]^w times that without errors: only this product is
told. Interactions change how many letters a string has on the way, from w to w'; then its mean has
(1 - p)^w (1 - e01 - e10)^w', and both errors are told.
"""

from typing import Protocol

import numpy as np

from qtf.measurements.model import ShotModel

# Of error bars, against those if readout errors were known.
WIDENING = 5.0


class Fitted(Protocol):
    """What is asked of a fit."""

    @property
    def model(self) -> ShotModel:
        """What was fitted."""

    @property
    def free(self) -> np.ndarray:
        """Whether each parameter was fitted, (size,)."""

    @property
    def determined(self) -> np.ndarray:
        """Whether the data tell it, (size,)."""

    @property
    def covariance(self) -> np.ndarray:
        """Covariance of all parameters, (size, size)."""


def confusion_of_errors(fit: Fitted) -> str | None:
    """Returns a line if errors of the preparation and of the readout are hardly told apart.

    Args:
        fit: The fit.
    """
    model, names = fit.model, fit.model.names
    fitted = [name for k, name in enumerate(names) if fit.free[k]]
    prepared = [names.index(name) for name in fitted if name in model.preparation_errors]
    read = [names.index(name) for name in fitted if name in model.readout]
    if not prepared or not read:
        return None
    listed = ", ".join(names[k] for k in (*prepared, *read))
    told = "spins that do not interact tell (1 - depolarised) (1 - e01 - e10) only"
    if not fit.determined[prepared].all():
        return f"Errors of preparation and readout ({listed}) are not told apart: {told}."
    widening = max(_widening(fit.covariance, k, read) for k in prepared)
    if widening < WIDENING:
        return None
    return (
        f"Errors of preparation and readout ({listed}) are hardly told apart: {told}. Error bars"
        f" are {widening:.0f} times those of a known readout."
    )


def _widening(covariance: np.ndarray, place: int, others: list[int]) -> float:
    """Returns how many times smaller the error bar were if other parameters were known."""
    both = [place, *others]
    known = np.linalg.pinv(covariance[np.ix_(both, both)], hermitian=True)[0, 0]
    return float(np.sqrt(max(covariance[place, place] * known, 1.0)))
