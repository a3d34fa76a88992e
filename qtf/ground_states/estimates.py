"""Energies of independent samples with their error bars."""

from dataclasses import dataclass

import numpy as np

from qtf.autoregressive.estimates import Estimate, WithError, show_with_error
from qtf.typing import Array


@dataclass(frozen=True)
class EnergyEstimate(WithError):
    """The energy of independent samples, or of sums over all configurations, without an error.

    Attributes:
        energy: Mean of the real parts of the local energies.
        energy_error: Its standard error.
        energy_variance: <H^2> - <H>^2, the mean of |E_loc - <E>|^2; 0 for an eigenstate.
        v_score: n Var / E^2, which compares states of different models.
        v_score_error: Its standard error, as far as it is that of the variance.

    Example:
        >>> energy = EnergyEstimate(-7.50213, 0.0012, 0.002, 2.1e-5, 1e-6)
        >>> print(energy)
        -7.502 +- 0.001, V-score 2e-5
        >>> energy / 4, round(float(energy + 7.5), 6)
        (Estimate(mean=-1.8755325, error=0.0003), -0.00213)
    """

    energy: float
    energy_error: float
    energy_variance: float
    v_score: float
    v_score_error: float

    @property
    def mean(self) -> float:  # type: ignore[override]
        """The energy."""
        return self.energy

    @property
    def error(self) -> float:  # type: ignore[override]
        """Its standard error."""
        return self.energy_error

    def __str__(self) -> str:
        """Returns energy, error and V-score as far as they tell."""
        shown = f"{self.v_score:.0e}".replace("e-0", "e-").replace("e+0", "e+")
        return f"{show_with_error(self.energy, self.energy_error)}, V-score {shown}"


def energy_estimate(real: Array, imaginary: Array, n_sites: int) -> EnergyEstimate:
    """Returns the estimate from the local energies of independent samples.

    Args:
        real: Real parts, (n_samples,).
        imaginary: Imaginary parts, (n_samples,).
        n_sites: Number of spins.

    Raises:
        ValueError: There are fewer than two samples.

    Example:
        >>> estimate = energy_estimate(np.array([1.0, 3.0]), np.zeros(2), 4)
        >>> estimate.energy, estimate.energy_error, estimate.energy_variance, estimate.v_score
        (2.0, 1.0, 1.0, 1.0)

    Source: V-score of Wu et al., Science 386, 296 (2024), for Hamiltonians without trace.
    """
    energy = Estimate.of(real)
    variance = Estimate.of(np.square(real - real.mean()) + np.square(imaginary - imaginary.mean()))
    return EnergyEstimate(
        energy.mean,
        energy.error,
        variance.mean,
        v_score(variance.mean, energy.mean, n_sites),
        v_score(variance.error, energy.mean, n_sites),
    )


def v_score(variance: float, energy: float, n_sites: int) -> float:
    """Returns n Var / E^2: infinite if E is 0, but 0 if Var is.

    Args:
        variance: Var.
        energy: E.
        n_sites: n.
    """
    # Of H = 0, whose every state is an eigenstate, the quotient is 0 / 0.
    if not variance:
        return 0.0
    return n_sites * variance / energy**2 if energy else float("inf")


def relative_error(energy: float, reference: float) -> float | None:
    """Returns |E / E_0 - 1|, or None for E_0 = 0, to which nothing is relative.

    Args:
        energy: E.
        reference: E_0, in the same units.

    Example:
        >>> relative_error(-0.75, -1.0), relative_error(0.0, 0.0)
        (0.25, None)
    """
    return abs(energy - reference) / abs(reference) if reference else None
