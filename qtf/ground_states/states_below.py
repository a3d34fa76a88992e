"""States that a wave function is kept orthogonal to, so that it becomes the next one above them."""

from collections.abc import Sequence

import numpy as np
from keras import ops

from qtf.autoregressive.estimates import Estimate
from qtf.checks import POSITIVE, check_arguments
from qtf.ground_states.local_energy import log_psi_in_pieces
from qtf.ground_states.sampled_wave_function import SampledWaveFunction
from qtf.training.compilation import compiled
from qtf.typing import Array, Tensor

# Logarithm of the largest quotient of two amplitudes: its square is still a number.
LARGEST_LOG_RATIO = 300.0
Parts = tuple[Tensor, Tensor]


class StatesBelow:
    """The penalty C sum_k |<phi_k|psi>|^2 beside the energy, as another Hamiltonian.

        H' = H + C sum_k |phi_k><phi_k|
        E'(s) = E(s) + C sum_k r_k(s) <r_k>^*,   r_k(s) = phi_k(s) / psi(s),   <r_k> = <psi|phi_k>

    If the phi_k are the lowest eigenstates, and C exceeds the distance of the next one from the
    lowest, then that next one is the ground state of H'. All wave functions are normalised, so
    that samples of psi say all about the overlaps: the variance of r_k is at most 1, whatever psi
    is. The product of r_k at a sample and of the mean of all others has no bias, and the gradient
    that follows from it as from any local energy none that is left once the overlap is zero.

    Args:
        states: The phi_k, of as many sites as psi; their weights do not change.
        strength: C, in units of the energy.

    Raises:
        ValueError: There is no state, their numbers of sites differ, or `strength` is not positive.

    Source: penalty of Choo et al., Phys. Rev. Lett. 121, 167204 (2018), without a quotient of
    norms, as autoregressive states need none.
    """

    def __init__(self, states: Sequence[SampledWaveFunction], strength: float) -> None:
        check_arguments(POSITIVE, strength=strength)
        sizes = sorted({state.n_sites for state in states})
        if len(sizes) != 1:
            raise ValueError(
                f"Argument `states` must hold wave functions of one size, but has {sizes}."
            )
        self.states = tuple(states)
        self.strength = strength
        self.n_sites = sizes[0]
        # Compiling them by XLA would take longer than it saves.
        self._log_psi = [
            compiled(
                lambda bits, phi=phi: log_psi_in_pieces(phi, bits),
                xla=False,
                variables=phi.variables,
            )
            for phi in self.states
        ]

    def local_energies(
        self, bits: Tensor, log_psi: Parts, shares: Tensor, *, independent: bool
    ) -> Parts:
        """Returns what to add to real and imaginary parts of local energies, float64 (batch,).

        Args:
            bits: Configurations, int32 (batch, n_sites).
            log_psi: Real and imaginary part of log psi of each, not to be differentiated.
            shares: Share of each in a mean, (batch,).
            independent: Whether they are independent samples; else they are all that there are.
        """
        real = imaginary = ops.zeros_like(ops.cast(shares, "float64"))
        for phi in self.states:
            x, y = _ratio(log_psi_in_pieces(phi, bits), log_psi)
            mean_x, mean_y = (_mean_of_others(part, shares, independent) for part in (x, y))
            real = real + self.strength * (x * mean_x + y * mean_y)
            imaginary = imaginary + self.strength * (y * mean_x - x * mean_y)
        return real, imaginary

    def overlaps(self, bits: Array, log_psi: tuple[Array, Array]) -> list[Estimate]:
        """Returns |<phi_k|psi>|^2 of each state with its standard error, from samples of psi.

        Args:
            bits: Independent samples, int32 (batch, n_sites).
            log_psi: Real and imaginary part of log psi of each.
        """
        estimates = []
        for evaluate in self._log_psi:
            log_phi = evaluate(ops.convert_to_tensor(bits))
            x, y = (np.asarray(part) for part in _ratio(log_phi, log_psi))
            estimates.append(squared_mean(x + 1j * y))
        return estimates


def squared_mean(values: Array) -> Estimate:
    """Returns |<x>|^2 without bias, and its standard error, from independent complex values.

    It is the mean of x at each sample times the mean of all others. The error is that of the
    jackknife, or, where <x> is so small that this says little, that of products of two samples
    whose mean is zero, if it is larger.

    Args:
        values: x, (n_samples,), at least two.

    Example:
        >>> squared_mean(np.array([1.0 + 1.0j, 1.0 + 1.0j]))
        Estimate(mean=2.0, error=0.0)
    """
    n_samples = len(values)
    others = (values.sum() - values) / (n_samples - 1)
    products = Estimate.of(np.real(np.conj(values) * others))
    squares = np.square(np.abs(values - values.mean()))
    # Of different samples: a rare large one says nothing of products with others.
    fourth = (squares.sum() ** 2 - np.square(squares).sum()) / (n_samples * (n_samples - 1))
    of_zero_mean = np.sqrt(2.0 * max(fourth, 0.0)) / n_samples
    return Estimate(products.mean, float(max(2.0 * products.error, of_zero_mean)))


def _ratio(log_phi: Parts, log_psi: Parts) -> Parts:
    """Returns real and imaginary part of phi / psi."""
    (log_modulus, phase), (log_below, phase_below) = (
        [ops.cast(part, "float64") for part in parts] for parts in (log_phi, log_psi)
    )
    modulus = ops.exp(ops.minimum(log_modulus - log_below, LARGEST_LOG_RATIO))
    angle = phase - phase_below
    return modulus * ops.cos(angle), modulus * ops.sin(angle)


def _mean_of_others(values: Tensor, shares: Tensor, independent: bool) -> Tensor:
    """Returns the mean, for independent samples that of all samples but the one in question."""
    shares = ops.cast(shares, values.dtype)
    total = ops.sum(shares * values)
    return (total - shares * values) / (1.0 - shares) if independent else total
