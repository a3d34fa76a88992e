"""Energies of independent samples with their error bars."""

from dataclasses import dataclass

import numpy as np

from qtf.autoregressive.estimates import Estimate


@dataclass(frozen=True)
class EnergyEstimate:
    """The energy of independent samples.

    Attributes:
        energy: Mean of the real parts of the local energies.
        energy_error: Its standard error.
        energy_variance: <H^2> - <H>^2, the mean of |E_loc - <E>|^2; 0 for an eigenstate.
        v_score: n Var / E^2, which compares states of different models.
    """

    energy: float
    energy_error: float
    energy_variance: float
    v_score: float


def energy_estimate(real: np.ndarray, imaginary: np.ndarray, n_sites: int) -> EnergyEstimate:
    """Returns the estimate from the local energies of independent samples.

    Args:
        real: Real parts, (n_samples,).
        imaginary: Imaginary parts, (n_samples,).
        n_sites: Number of spins.

    Raises:
        ValueError: There are fewer than two samples.

    Example:
        >>> energy_estimate(np.array([1.0, 3.0]), np.zeros(2), 4)
        EnergyEstimate(energy=2.0, energy_error=1.0, energy_variance=1.0, v_score=1.0)

    Source: V-score of Wu et al., Science 386, 296 (2024), for Hamiltonians without trace.
    """
    energy = Estimate.of(real)
    variance = float(real.var() + imaginary.var())
    score = v_score(variance, energy.mean, n_sites)
    return EnergyEstimate(energy.mean, energy.error, variance, score)


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
