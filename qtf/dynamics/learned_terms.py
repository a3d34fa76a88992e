"""Coefficients of local terms with their covariance, whatever they were learned from."""

from dataclasses import dataclass

import numpy as np

from qtf.dynamics.local_terms import LocalTerms
from qtf.physics import PauliSum

# What is left that chance makes in fewer fits is none of chance.
SMALLEST_P_VALUE = 1e-3


@dataclass(frozen=True, kw_only=True)
class LearnedTerms:
    """The coefficients of local terms, as far as data tell them.

    Attributes:
        terms: Names and order of the coefficients.
        coefficients: (size,).
        covariance: Of the coefficients, (size, size).
        curvature: Expected second derivatives of what was minimised, in units in which its inverse
            is a covariance or a multiple of it, (size, size).
        determined: Whether the data tell each coefficient and its error, (size,).
        degrees_of_freedom: Of each error bar, (size,).
        p_value: Probability that chance alone leaves what is left; None: it cannot be told.
    """

    terms: LocalTerms
    coefficients: np.ndarray
    covariance: np.ndarray
    curvature: np.ndarray
    determined: np.ndarray
    degrees_of_freedom: np.ndarray
    p_value: float | None

    @property
    def errors(self) -> np.ndarray:
        """Error bars, 1.96 of which hold the truth in 95 % of all fits.

        Infinite where the data tell nothing.
        """
        errors = np.sqrt(np.diag(self.covariance))
        return np.where(self.determined, errors, np.inf)

    @property
    def explains_the_data(self) -> bool | None:
        """Whether such terms explain the data; None: it cannot be told."""
        return None if self.p_value is None else self.p_value >= SMALLEST_P_VALUE

    def hamiltonian(self, n_sites: int) -> PauliSum:
        """Returns G of a chain of `n_sites` spins, which `qtf.physics.evolve` takes.

        Raises:
            ValueError: These fields belong to a chain of another length.
        """
        return self.terms.pauli_sum(self.coefficients, n_sites)

    def to_dict(self) -> dict[str, object]:
        """Returns everything but the two matrices as JSON can hold it."""
        columns = zip(
            self.terms.names, self.coefficients, self.errors, self.degrees_of_freedom, strict=True
        )
        return {
            "terms": self.terms.to_dict(),
            "coefficients": [
                {
                    "name": name,
                    "value": float(value),
                    "error": float(error) if np.isfinite(error) else None,
                    "degrees_of_freedom": float(freedom)
                    if np.isfinite([error, freedom]).all()
                    else None,
                }
                for name, value, error, freedom in columns
            ],
            "explains_the_data": self.explains_the_data,
            "p_value": self.p_value,
        }
