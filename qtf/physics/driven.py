"""Hamiltonians that depend on the time: constant operators with coefficients that do not stay."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from numbers import Real

import numpy as np

from qtf.physics._checks import checked_real
from qtf.physics.drives import PIECEWISE_CONSTANT, SampledFunction
from qtf.physics.operators import PauliSum

Coefficient = float | Callable[[float], float]


@dataclass(frozen=True, init=False, eq=False)
class DrivenHamiltonian:
    """A Hamiltonian `H(t) = sum_k f_k(t) H_k` (hbar = 1).

    Args:
        terms: Pairs (f_k, H_k); f_k is a number, a function of the time with real values, or a
            `SampledFunction`.
        breaks: Times at which functions jump or have a kink, and of pulses so short that steps
            might pass over them. Those of sampled functions need not be named.

    Raises:
        ValueError: There is no term, a coefficient or an operator is something else, or the
            operators are of different numbers of spins.

    Example:
        >>> from qtf.physics import PauliSum, PauliTerm
        >>> z, x = (PauliSum(1, [PauliTerm(1.0, (0,), pauli)]) for pauli in "ZX")
        >>> DrivenHamiltonian([(0.5, z), (np.cos, x)]).at(0.0).to_dense()
        array([[ 0.5,  1. ],
               [ 1. , -0.5]])
    """

    terms: tuple[tuple[Coefficient, PauliSum], ...]
    breaks: tuple[float, ...]

    def __init__(
        self,
        terms: Iterable[tuple[Coefficient, PauliSum]],
        *,
        breaks: Iterable[float] = (),
    ) -> None:
        checked = tuple(_checked_term(term) for term in terms)
        if not checked:
            raise ValueError("Argument `terms` must hold at least one pair (function, operator).")
        sizes = {operator.n_sites for _, operator in checked}
        if len(sizes) > 1:
            raise ValueError(
                f"Argument `terms` must hold operators of the same number of spins, but holds some"
                f" of {sorted(sizes)}."
            )
        moments = set(checked_real("breaks", list(breaks)).reshape(-1).tolist())
        for function, _ in checked:
            if isinstance(function, SampledFunction):
                moments.update(function.times.tolist())
        object.__setattr__(self, "terms", checked)
        object.__setattr__(self, "breaks", tuple(sorted(moments)))

    @property
    def n_sites(self) -> int:
        """Number of spins."""
        return self.terms[0][1].n_sites

    @property
    def dimension(self) -> int:
        """Number of amplitudes of a state, 2**n_sites."""
        return 2**self.n_sites

    @property
    def is_piecewise_constant(self) -> bool:
        """Whether all coefficients are numbers or piecewise constants."""
        return all(
            not callable(function) or getattr(function, "law", None) == PIECEWISE_CONSTANT
            for function, _ in self.terms
        )

    def coefficients(self, time: float) -> np.ndarray:
        """Returns f_k at a time, float64 (n_terms,).

        Raises:
            ValueError: A function has a value that is no finite real number.
        """
        values = np.empty(len(self.terms))
        for k, (function, _) in enumerate(self.terms):
            value = function(time) if callable(function) else function
            if not _is_finite_real(value):
                raise ValueError(
                    "Argument `terms` must hold functions with finite real values, but that of"
                    f" number {k} is {value!r} at the time {float(time)}."
                )
            values[k] = value
        return values

    def at(self, time: float) -> PauliSum:
        """Returns H at a time.

        Raises:
            ValueError: A function has a value that is no finite real number.
        """
        values = self.coefficients(time)
        pairs = zip(values.tolist(), self.terms, strict=True)
        parts = [value * operator for value, (_, operator) in pairs]
        return PauliSum(self.n_sites, [term for part in parts for term in part.terms])


def _checked_term(term: tuple[Coefficient, PauliSum]) -> tuple[Coefficient, PauliSum]:
    if isinstance(term, tuple | list) and len(term) == 2:
        function, operator = term
        if isinstance(operator, PauliSum) and (callable(function) or _is_finite_real(function)):
            return function, operator
    raise ValueError(
        "Argument `terms` must hold pairs of a number or function and a PauliSum, but holds"
        f" {term!r:.80}."
    )


def _is_finite_real(value: object) -> bool:
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    return is_number and bool(np.isfinite(float(value)))  # type: ignore[arg-type]
