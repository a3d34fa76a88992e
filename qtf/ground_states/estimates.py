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
        v_score_error: Its standard error, as far as it is that of the variance.
    """

    energy: float
    energy_error: float
    energy_variance: float
    v_score: float
    v_score_error: float


def energy_estimate(real: np.ndarray, imaginary: np.ndarray, n_sites: int) -> EnergyEstimate:
    """Returns the estimate from the local energies of independent samples.

    Args:
        real: Real parts, (n_samples,).
        imaginary: Imaginary parts, (n_samples,).
        n_sites: Number of spins.

    Raises:
        ValueError: There are fewer than two samples.

    Example:
        >>> found = energy_estimate(np.array([1.0, 3.0]), np.zeros(2), 4)
        >>> found.energy, found.energy_error, found.energy_variance, found.v_score
        (2.0, 1.0, 1.0, 1.0)

    Source: V-score of Wu et al., Science 386, 296 (2024), for Hamiltonians without trace.
    """
    energy = Estimate.of(real)
    distances = np.square(real - real.mean()) + np.square(imaginary - imaginary.mean())
    variance = Estimate.of(distances)
    scale = n_sites / energy.mean**2 if energy.mean else float("inf")
    return EnergyEstimate(
        energy.mean,
        energy.error,
        variance.mean,
        scale * variance.mean,
        scale * variance.error,
    )
