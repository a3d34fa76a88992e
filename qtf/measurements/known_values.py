"""What is known of parameters before a fit: values, Gaussian priors, and where it begins."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from qtf.checks import ARGUMENT, FINITE, POSITIVE, check
from qtf.measurements.model import ShotModel

# First values of rates, times the longest time, and of errors of preparation and readout.
FIRST_RATE, FIRST_ERROR = 0.1, 0.02


@dataclass(frozen=True)
class KnownValues:
    """What is known of the parameters of a model.

    Attributes:
        size: Number of parameters.
        given: Place -> value of each parameter that is not fitted.
        priors: Place -> mean and standard deviation.
        guess: Where the first climb begins, (size,); None: nothing is known.
    """

    size: int
    given: Mapping[int, float]
    priors: Mapping[int, tuple[float, float]]
    guess: np.ndarray | None

    @classmethod
    def of_names(
        cls,
        model: ShotModel,
        *,
        fixed: Mapping[str, float] | None = None,
        priors: Mapping[str, tuple[float, float]] | None = None,
        start: Mapping[str, float] | None = None,
    ) -> "KnownValues":
        """Returns the checked arguments of a fit.

        Args:
            model: The model.
            fixed: Name -> value of parameters that are known.
            priors: Name -> mean and standard deviation of what else is known.
            start: Name -> value near which the fit begins; None: without any guess.

        Raises:
            ValueError: A name is not one of the model, a value is not allowed, or nothing is left
                to fit.

        Example:
            >>> model = ShotModel.of_words(2, terms=["ZZ", "X"])
            >>> KnownValues.of_names(model, fixed={"X": 0.5}).free
            [0]
        """
        fixed, priors = fixed or {}, priors or {}
        for kind, names in (("fixed", fixed), ("priors", priors), ("start", start or {})):
            for name in names:
                if name not in model.names:
                    raise ValueError(
                        f"Argument `{kind}` must name parameters of the model,"
                        f" {_listed(model.names)}, but names {name!r}."
                    )
        for kind, values in (("fixed", fixed), ("start", start or {})):
            for value in values.values():
                check(kind, value, FINITE, kind=ARGUMENT)
        for mean, deviation in priors.values():
            check("priors", mean, FINITE, kind=ARGUMENT)
            check("priors", deviation, POSITIVE, kind=ARGUMENT)
        if len(fixed) == model.size:
            raise ValueError("Argument `fixed` must leave a parameter to fit, but fixes all.")
        guess = None
        if start is not None:
            near = {**start, **fixed}
            guess = np.clip([near.get(name, 0.0) for name in model.names], *model.bounds)
        place = model.names.index
        return cls(
            model.size,
            {place(name): float(value) for name, value in fixed.items()},
            {place(name): pair for name, pair in priors.items()},
            guess,
        )

    @property
    def free(self) -> list[int]:
        """Places of the parameters that are fitted, ascending."""
        return [k for k in range(self.size) if k not in self.given]

    @property
    def is_free(self) -> np.ndarray:
        """Whether each parameter is fitted, (size,)."""
        return np.isin(np.arange(self.size), self.free)

    def first_values(self, model: ShotModel, longest: float) -> np.ndarray:
        """Returns where a fit begins that has no guess, (size,).

        Args:
            model: The model.
            longest: The longest time of all settings.
        """
        n_terms, n_jumps = len(model.terms), len(model.jumps)
        values = np.zeros(self.size)
        values[n_terms : n_terms + n_jumps] = FIRST_RATE / (longest or 1.0)
        values[n_terms + n_jumps :] = FIRST_ERROR
        return self.put(values)

    def put(self, values: np.ndarray) -> np.ndarray:
        """Returns values with the means of the priors and what is given in place, (size,)."""
        values = values.copy()
        for k, (mean, _) in self.priors.items():
            values[k] = mean
        for k, value in self.given.items():
            values[k] = value
        return values

    def of_all(self, values: np.ndarray, *, fill: bool | float) -> np.ndarray:
        """Returns values of what is fitted among those of all parameters, (size,)."""
        placed = np.full(self.size, fill)
        placed[self.free] = values
        return placed

    def square_of_all(self, matrix: np.ndarray) -> np.ndarray:
        """Returns a matrix of what is fitted as one of all parameters, (size, size)."""
        placed = np.zeros((self.size, self.size))
        placed[np.ix_(self.free, self.free)] = matrix
        return placed


def _listed(names: tuple[str, ...], most: int = 20) -> str:
    """Returns names in a line; those of a long chain are too many for one."""
    return ", ".join([*names[:most], *(["..."] if len(names) > most else [])])
