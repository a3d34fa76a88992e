"""Whether more shots would still help: a model that is not right has errors that do not fall.

The settings are cut in two, early and late times, and each half is fitted alone. Of a right model
both halves tell the same within their error bars. Of a wrong one they differ however many shots
there are, and half of this difference is the scale of an error that more shots do not lower.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincc

from qtf.measurements.experiments import Experiments
from qtf.measurements.fit import WholeFitting
from qtf.measurements.fitting import Fitting
from qtf.measurements.result import SMALLEST_P_VALUE, ShotFit
from qtf.measurements.scoring import invert


@dataclass(frozen=True)
class Plateau:
    """What two halves of the settings tell, one against the other.

    Attributes:
        p_value: Probability that shots alone make a larger difference.
        error: Half of the root mean square difference, without the share of the shots.
        error_bar: Root mean square error bar of all settings together.
        shots: Number of shots at which the error bar is as large as the error; more lower the
            error no further. Infinite where there is no such error.
    """

    p_value: float
    error: float
    error_bar: float
    shots: float

    @property
    def is_reached(self) -> bool:
        """Whether the halves contradict each other."""
        return self.p_value < SMALLEST_P_VALUE

    @property
    def line(self) -> str:
        """What is to be said of it."""
        if not self.is_reached:
            return f"Early and late settings agree, p = {self.p_value:.2g}: more shots still help."
        return (
            f"Early and late settings contradict each other, p = {self.p_value:.2g}: the model is"
            f" not right. Its errors stay at about {self.error:.2g}, however many shots there are;"
            f" {self.shots:.2g} would have told as much."
        )


def find_plateau(
    fit: ShotFit, experiments: Experiments, *, fitting: Fitting | None = None
) -> Plateau:
    """Compares fits of early and of late settings.

    Args:
        fit: The fit of all of them.
        experiments: The data of the fit.
        fitting: How both are fitted; None: as whole systems.

    Raises:
        ValueError: There are fewer than two settings.

    Example:
        >>> from qtf.measurements import Setting, ShotModel, fit_shots, simulate_shots
        >>> model = ShotModel.of_words(1, terms=["X", "Y"])
        >>> settings = [Setting("+z", 0.1 * k, "XYZ"[k % 3], 2000) for k in range(1, 13)]
        >>> shots = simulate_shots(model, [0.8, 0.3], settings, seed=0)
        >>> find_plateau(fit_shots(model, shots), shots).is_reached
        False
    """
    settings = experiments.settings
    if len(settings) < 2:
        raise ValueError("Argument `experiments` must have at least two settings, but has one.")
    order = sorted(range(len(settings)), key=lambda row: (settings[row].time, row))
    cut = len(order) // 2
    pairs = zip(fit.model.names, fit.parameters.tolist(), fit.free, strict=True)
    fixed = {name: value for name, value, is_free in pairs if not is_free}
    way = fitting or WholeFitting()
    halves = [
        way.fit(fit.model, experiments.select(rows), near=fit, fixed=fixed)
        for rows in (order[:cut], order[cut:])
    ]
    told = fit.free & fit.determined & halves[0].determined & halves[1].determined
    off = (halves[0].parameters - halves[1].parameters)[told]
    covariance = (halves[0].covariance + halves[1].covariance)[np.ix_(told, told)]
    return _plateau(off, covariance, fit.errors[told], experiments.shots)


def _plateau(off: np.ndarray, covariance: np.ndarray, errors: np.ndarray, shots: int) -> Plateau:
    if not off.size:
        return Plateau(1.0, 0.0, 0.0, np.inf)
    inverse, _ = invert(covariance)
    p_value = float(gammaincc(off.size / 2, off @ inverse @ off / 2))
    excess = float(np.mean(off**2 - np.diag(covariance)))
    error, error_bar = max(excess, 0.0) ** 0.5 / 2, float(np.sqrt(np.mean(errors**2)))
    return Plateau(p_value, error, error_bar, shots * (error_bar / error) ** 2 if error else np.inf)
