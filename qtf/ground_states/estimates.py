"""Energies of independent samples with their error bars."""

from dataclasses import dataclass

import numpy as np

from qtf.autoregressive.estimates import Estimate
from qtf.typing import Array


@dataclass(frozen=True)
class EnergyEstimate:
    """The energy of independent samples.

    Attributes:
        energy: Mean of the real parts of the local energies.
        energy_error: Its standard error.
        energy_variance: <H^2> - <H>^2, the mean of |E_loc - <E>|^2; 0 for an eigenstate.
        v_score: n Var / E^2, which compares states of different models.
        v_score_error: Its standard error, as far as it is that of the variance.
    """

    energy: float
    energy_error: float
    energy_variance: float
    v_score: float
    v_score_error: float


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
