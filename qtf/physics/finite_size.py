"""The energy of an infinite lattice from those of finite ones."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class SizeFit:
    """A weighted least-squares fit of energies against size.

    Attributes:
        powers: Power of the size in each term.
        coefficients: Coefficient of each term.
        covariance: Covariance of the coefficients, from the errors of the energies.
        chi_squared: Sum of squared deviations over squared errors.
        n_degrees_of_freedom: Number of sizes less that of terms.
    """

    powers: tuple[int, ...]
    coefficients: np.ndarray
    covariance: np.ndarray
    chi_squared: float
    n_degrees_of_freedom: int

    @property
    def bulk_energy(self) -> float:
        """Energy a site of the infinite lattice: the coefficient of the highest power."""
        return float(self.coefficients[0])

    @property
    def bulk_error(self) -> float:
        """Its standard error, which comes from the errors of the energies alone."""
        return float(np.sqrt(self.covariance[0, 0]))

    @property
    def birge_ratio(self) -> float:
        """What error bars have to be multiplied by to cover how far the energies lie off the fit.

        sqrt(chi squared / degrees of freedom) where that is above 1, else 1.

        Source: Birge, Phys. Rev. 40, 207 (1932).
        """
        if self.n_degrees_of_freedom == 0:
            return 1.0
        return math.sqrt(max(1.0, self.chi_squared / self.n_degrees_of_freedom))

    def __call__(self, size: float) -> tuple[float, float]:
        """Returns the energy of a lattice of that size, and its standard error."""
        terms = float(size) ** np.array(self.powers)
        return float(terms @ self.coefficients), float(np.sqrt(terms @ self.covariance @ terms))


def fit_sizes(
    sizes: Sequence[float],
    energies: Sequence[float],
    errors: Sequence[float],
    powers: Sequence[int],
) -> SizeFit:
    """Fits E(L) = sum_k c_k L^(powers_k) by least squares, each energy weighted by its error.

    Args:
        sizes: L, spins of a chain or of the side of a square, (n_sizes,).
        energies: Total energies.
        errors: Their standard errors.
        powers: The highest first; `Lattice.size_powers` has those of a lattice.

    Raises:
        ValueError: An error is not positive, lengths differ, or there are fewer sizes than
            terms.

    Example:
        >>> fit = fit_sizes([4, 6, 8], [-8.0, -18.0, -32.0], [0.1, 0.1, 0.1], (2, 1, 0))
        >>> round(fit.bulk_energy, 9)
        -0.5
    """
    n_sizes = len(sizes)
    if not n_sizes == len(energies) == len(errors):
        raise ValueError(
            "Arguments `sizes`, `energies` and `errors` must be of one length, but are of"
            f" {n_sizes}, {len(energies)} and {len(errors)}."
        )
    lengths, totals, bars = (np.asarray(x, np.float64) for x in (sizes, energies, errors))
    if len(set(lengths.tolist())) < len(powers):
        raise ValueError(
            f"Argument `sizes` must hold at least {len(powers)} of them, one for each term, but"
            f" is {lengths.tolist()}."
        )
    if not (bars > 0.0).all():
        raise ValueError(f"Argument `errors` must be positive, but is {bars.tolist()}.")
    terms = lengths[:, None] ** np.asarray(powers, np.float64)
    # In units of the largest size the terms are of like magnitude.
    scales = np.abs(terms).max(axis=0)
    design = terms / scales / bars[:, None]
    inverse = np.linalg.pinv(design)
    coefficients = inverse @ (totals / bars)
    deviations = design @ coefficients - totals / bars
    return SizeFit(
        powers=tuple(powers),
        coefficients=coefficients / scales,
        covariance=inverse @ inverse.T / np.outer(scales, scales),
        chi_squared=float(deviations @ deviations),
        n_degrees_of_freedom=n_sizes - len(powers),
    )
