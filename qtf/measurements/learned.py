"""What was learned from shots, without the data: names, values, covariance; any length."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np

from qtf.checks import ARGUMENT, COUNT, check
from qtf.files import read_object
from qtf.measurements.model import LARGEST_ERROR, LARGEST_SHARE
from qtf.measurements.result import ShotFit
from qtf.measurements.words import JUMPS, by_kind, kind_of, operator_of, shape_and_term, sites_of
from qtf.physics import JUMP_MATRICES, JumpOperator, Lindbladian, PauliSum, PauliTerm
from qtf.streams import Stream


@dataclass(frozen=True, eq=False)
class LearnedParameters:
    """Parameters with their covariance, as a fit or the file of its result has them.

    Words that stand for all sites hold on chains of any length; those of one site, such as X@2,
    belong to the chain that was measured.

    Attributes:
        n_sites: Number of spins that were measured.
        names: Names of the parameters.
        values: Their values, (size,).
        covariance: Their covariance, 0 for what was given, (size, size); None: the result is of an
            older version, which did not write it.
        untold: Names of those that the data do not tell.
        explains_the_data: Whether the model explains them.

    Example:
        >>> covariance = np.diag([1e-4, 4e-4])
        >>> learned = LearnedParameters(4, ("ZZ", "X"), np.array([1.0, 0.7]), covariance)
        >>> len(learned.hamiltonian(12).terms), learned.draw(500, seed=0).std(axis=0).round(2)
        (23, array([0.01, 0.02]))
    """

    n_sites: int
    names: tuple[str, ...]
    values: np.ndarray
    covariance: np.ndarray | None
    untold: tuple[str, ...] = ()
    explains_the_data: bool = True

    @classmethod
    def of_fit(cls, fit: ShotFit) -> Self:
        """Returns what a fit has learned."""
        names = fit.model.names
        return cls(
            fit.model.n_sites,
            names,
            fit.parameters,
            fit.covariance,
            tuple(name for name, told in zip(names, fit.determined, strict=True) if not told),
            fit.explains_the_data,
        )

    @classmethod
    def read(cls, path: Path | str) -> Self:
        """Returns what is in a result of `qtf learn-shots`.

        Args:
            path: The file, JSON.

        Raises:
            ValueError: It is no such result.
            OSError: The file cannot be read.
        """
        path = Path(path)
        content = read_object(path, keys=["parameters", "n_sites"])
        try:
            entries, matrix = content["parameters"], content.get("covariance")
            names = tuple(str(one["name"]) for one in entries)
            values = np.array([float(one["value"]) for one in entries])
            covariance = None if matrix is None else np.array(matrix, np.float64)
            untold = tuple(
                str(one["name"])
                for one in entries
                if not one.get("given", False) and one.get("error", 0.0) is None
            )
            explains = bool(content.get("goodness", {}).get("explains_the_data", True))
            n_sites = int(content["n_sites"])
        except (AttributeError, TypeError, KeyError, ValueError) as error:
            raise ValueError(f"File {path} must be a result of learn-shots, but is not.") from error
        size = len(names)
        if covariance is not None and covariance.shape != (size, size):
            raise ValueError(
                f"File {path} must have a `covariance` of {size} rows and columns, one for each"
                f" parameter, but has {covariance.shape}."
            )
        return cls(n_sites, names, values, covariance, untold, explains)

    @cached_property
    def _kinds(self) -> dict[str, list[str]]:
        return by_kind(self.names)

    @property
    def rates(self) -> tuple[str, ...]:
        """Names of the rates of jumps."""
        return tuple(self._kinds["jumps"])

    def draw(self, n_samples: int, *, seed: int) -> np.ndarray:
        """Draws values of all parameters from the normal law of their covariance.

        Rates and errors of preparation and readout stay within their bounds.

        Args:
            n_samples: Number of draws.
            seed: Non-negative integer.

        Returns:
            float64 (n_samples, size).

        Raises:
            ValueError: The data do not tell a parameter, or the covariance is not known.
        """
        check("n_samples", n_samples, COUNT, kind=ARGUMENT)
        if self.untold:
            raise ValueError(
                f"Parameters must be told by the data to be drawn, but {', '.join(self.untold)} is"
                " not; measure other settings, or fix it."
            )
        if self.covariance is None:
            raise ValueError(
                "The result must hold a `covariance`, but is of an older version; learn again."
            )
        variances, axes = np.linalg.eigh(self.covariance)
        random = np.random.default_rng((seed, Stream.SHOT_PREDICTIONS))
        normal = random.normal(size=(n_samples, len(self.names)))
        drawn = self.values + normal * np.sqrt(np.maximum(variances, 0.0)) @ axes.T
        kinds = [kind_of(name) for name in self.names]
        largest = {"readout": LARGEST_ERROR, "preparation_errors": LARGEST_SHARE}
        least = [-np.inf if kind == "terms" else 0.0 for kind in kinds]
        most = [largest.get(kind, np.inf) for kind in kinds]
        return np.clip(drawn, least, most)

    def check_sites(self, n_sites: int) -> None:
        """Checks that what was learned holds on a chain.

        Args:
            n_sites: Number of spins.

        Raises:
            ValueError: A word belongs to a site of another chain, or does not fit on this one.
        """
        check("n_sites", n_sites, COUNT, kind=ARGUMENT)
        own = [n for n in self.names if "@" in n and kind_of(n) in ("terms", "jumps")]
        if own and n_sites != self.n_sites:
            raise ValueError(
                f"Argument `n_sites` must be {self.n_sites} as `{own[0]}` belongs to one site of"
                f" the chain that was measured, but is {n_sites}."
            )

    def hamiltonian(self, n_sites: int, values: np.ndarray | None = None) -> PauliSum:
        """Returns the Hamiltonian of a chain, hbar = 1.

        Args:
            n_sites: Number of spins.
            values: Values of all parameters, such as a row of `draw`; None: what was learned.

        Raises:
            ValueError: The chain is too short, or another one than was measured where sites differ,
                or a term has a shape.
        """
        self.check_sites(n_sites)
        for name in self._kinds["terms"]:
            if shape_and_term(name)[0]:
                raise ValueError(
                    f"Terms must have no shape where means are predicted, but `{name}` has one;"
                    " evolve `ShotFit.hamiltonian`, which is driven."
                )
        strings = (
            PauliTerm(self._value(name, values), term.sites, term.paulis)
            for name in self._kinds["terms"]
            for term in operator_of(name, n_sites).terms
        )
        return PauliSum(n_sites, strings)

    def lindbladian(self, n_sites: int, values: np.ndarray | None = None) -> Lindbladian:
        """Returns Hamiltonian and jumps of a chain; arguments as those of `hamiltonian`.

        Raises:
            ValueError: As above.
        """
        jumps = []
        for name in self.rates:
            kind, sites = sites_of(name, n_sites, JUMPS, "jumps")
            rate = self._value(name, values)
            jumps += [JumpOperator(site, JUMP_MATRICES[kind], rate) for site in sites]
        return Lindbladian(self.hamiltonian(n_sites, values), jumps)

    def _value(self, name: str, values: np.ndarray | None) -> float:
        return float((self.values if values is None else values)[self.names.index(name)])
