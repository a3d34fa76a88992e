"""What a fit of shots has learned."""

from dataclasses import dataclass

import numpy as np

from qtf.measurements.goodness import Goodness
from qtf.measurements.identifiability import confusion_of_errors
from qtf.measurements.model import ShotModel
from qtf.physics import DrivenHamiltonian, PauliSum

# Deviations that shots alone make in fewer fits are none of shots.
SMALLEST_P_VALUE = 1e-3


@dataclass(frozen=True)
class Missing:
    """A parameter that the model does not have, and how much the data ask for it.

    Attributes:
        name: Its name.
        z: Score over its standard deviation; normal if the parameter is 0.
    """

    name: str
    z: float


@dataclass(frozen=True)
class ShotFit:
    """Parameters with their error bars.

    Attributes:
        model: What was fitted.
        parameters: In the order of `model.names`, (size,).
        free: Whether each was fitted, (size,); others were given.
        determined: Whether the data tell it, (size,).
        covariance: Inverse Fisher information, (size, size); 0 for what was given.
        sandwich: Covariance that also holds where the model is not quite right, (size, size).
        log_likelihood: Largest logarithm of the likelihood that was found.
        goodness: How well the data are explained.
        missing: What the data ask for most that the model does not have, the most wanted first.
        shots: Number of shots.
        n_settings: Number of settings.
        n_starts: Starts that were tried.
        converged: Whether the last climb came to its end.
        seconds: Time that the fit took.
    """

    model: ShotModel
    parameters: np.ndarray
    free: np.ndarray
    determined: np.ndarray
    covariance: np.ndarray
    sandwich: np.ndarray
    log_likelihood: float
    goodness: Goodness
    missing: tuple[Missing, ...]
    shots: int
    n_settings: int
    n_starts: int
    converged: bool
    seconds: float

    @property
    def errors(self) -> np.ndarray:
        """Error bars, 1.96 of which hold the truth in 95 % of fits; infinite if undetermined."""
        return np.where(self.determined, np.sqrt(np.diag(self.covariance)), np.inf)

    @property
    def sandwich_errors(self) -> np.ndarray:
        """Error bars of the sandwich, larger than the others where the model is wrong."""
        return np.where(self.determined, np.sqrt(np.diag(self.sandwich)), np.inf)

    @property
    def explains_the_data(self) -> bool:
        """Whether what is left is what shots leave."""
        return self.goodness.p_value >= SMALLEST_P_VALUE

    @property
    def verdict(self) -> str:
        """Whether the model explains the data, in a sentence with its numbers."""
        told = "explains the data" if self.explains_the_data else "does not explain the data"
        goodness = self.goodness
        return (
            f"Model {told}: chi squared {goodness.chi_squared:.0f} for"
            f" {goodness.degrees_of_freedom:.0f} degrees of freedom, p = {goodness.p_value:.2g}."
        )

    @property
    def hamiltonian(self) -> PauliSum | DrivenHamiltonian:
        """The Hamiltonian that was learned, which `qtf.physics.evolve` takes."""
        return self.model.hamiltonian(self.parameters)

    def __getitem__(self, name: str) -> float:
        """Returns the value of a parameter.

        Raises:
            ValueError: There is none of this name.
        """
        if name not in self.model.names:
            raise ValueError(
                f"Argument `name` must be one of {', '.join(self.model.names)}, but is {name!r}."
            )
        return float(self.parameters[self.model.names.index(name)])

    def values_of(self, model: ShotModel) -> dict[str, float]:
        """Returns name -> value of the parameters that another model has, too."""
        pairs = zip(self.model.names, self.parameters.tolist(), strict=True)
        there = set(model.names)
        return {name: value for name, value in pairs if name in there}

    def to_dict(self) -> dict[str, object]:
        """Returns everything but the sandwich as JSON can hold it."""
        goodness = self.goodness
        return {
            "covariance": self.covariance.tolist(),
            "parameters": [self._entry(k) for k in range(self.model.size)],
            "goodness": {
                "chi_squared": goodness.chi_squared,
                "degrees_of_freedom": goodness.degrees_of_freedom,
                "p_value": goodness.p_value,
                "explains_the_data": self.explains_the_data,
                "residuals": {repr(time): values for time, values in goodness.residuals.items()},
            },
            "missing": [{"name": one.name, "z": one.z} for one in self.missing],
            "log_likelihood": self.log_likelihood,
            "n_sites": self.model.n_sites,
            "n_settings": self.n_settings,
            "shots": self.shots,
            "n_starts": self.n_starts,
            "converged": self.converged,
            "seconds": self.seconds,
        }

    def lines(self) -> list[str]:
        """Returns a table of the parameters and what is to be said of them, for a terminal."""
        width = max(len("parameter"), *map(len, self.model.names))
        lines = [f"{'parameter':{width}}  {'value':>10}  {'error':>9}  {'sandwich':>9}"]
        for k, name in enumerate(self.model.names):
            bars = "(given)"
            if self.free[k]:
                bars = f"{self.errors[k]:9.2g}  {self.sandwich_errors[k]:9.2g}"
            lines.append(f"{name:{width}}  {self.parameters[k]:10.5f}  {bars:>9}")
        lines.append(self.verdict)
        if not self.converged:
            lines.append("The fit has not come to its end.")
        if confusion := confusion_of_errors(self):
            lines.append(confusion)
        if self.missing:
            wanted = ", ".join(f"{one.name} ({one.z:+.1f})" for one in self.missing[:5])
            lines.append(f"Terms that the data ask for, with deviations from 0: {wanted}.")
        return lines

    def _entry(self, k: int) -> dict[str, object]:
        bars = {"error": self.errors[k], "sandwich_error": self.sandwich_errors[k]}
        finite = {key: float(bar) if np.isfinite(bar) else None for key, bar in bars.items()}
        return {
            "name": self.model.names[k],
            "value": float(self.parameters[k]),
            "given": not self.free[k],
            **finite,
        }
