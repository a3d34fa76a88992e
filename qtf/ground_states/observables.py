"""Expectation values of a sampled wave function, each with its error bar."""

from collections.abc import Sequence

import numpy as np
from keras import ops

from qtf.autoregressive.estimates import Estimate
from qtf.ground_states.bits import checked_bits
from qtf.ground_states.local_energy import LocalEnergy, evaluation_bytes
from qtf.physics import PauliSum
from qtf.pieces import in_pieces, rows_at_once
from qtf.progress import announced
from qtf.typing import Array, LogPsi


def expectation(psi: LogPsi, operator: PauliSum, bits: Array) -> Estimate:
    """Returns <psi| O |psi> of any sum of Pauli strings from samples of psi.

    Samples and flips are evaluated in pieces, as the memory allows.

    Args:
        psi: The wave function.
        operator: O, a current for example.
        bits: Samples of psi, int32 (n_samples, n_sites).
    """
    return Estimate.of(local_values(psi, operator, bits)[0])


def local_values(psi: LogPsi, operator: PauliSum, bits: Array) -> tuple[Array, Array]:
    """Returns real and imaginary part of (O psi)(s) / psi(s), (n_samples,) each; as above."""
    local = LocalEnergy(operator)
    bits = checked_bits(bits, operator.n_sites)
    # Without a graph nothing is kept for later, so that all flips of a piece may be at once.
    at_once = max(1, _rows_at_once(psi, bits) // (local.n_flips + 1))
    with announced("local values of samples", len(bits)) as activity:
        real, imaginary = in_pieces(
            lambda rows: local(psi, ops.convert_to_tensor(rows)),
            bits,
            at_once,
            advance=activity.advance,
        )
    return real, imaginary


def magnetization(bits: Array) -> Estimate:
    """Returns the mean of Z over all sites.

    Args:
        bits: Samples, (n_samples, n_sites).

    Raises:
        ValueError: A bit is neither 0 nor 1.
    """
    return Estimate.of(_magnetizations(bits))


def abs_magnetization(bits: Array) -> Estimate:
    """Returns the mean of |sum Z| / n_sites, which a symmetric state keeps; `bits` as above."""
    return Estimate.of(np.abs(_magnetizations(bits)))


def zz_correlation(bits: Array, site: int, other: int) -> Estimate:
    """Returns <Z_i Z_j>; subtract the means for the connected correlation.

    Args:
        bits: Samples, (n_samples, n_sites).
        site: i.
        other: j.
    """
    spins = 1.0 - 2.0 * checked_bits(bits)
    return Estimate.of(spins[:, site] * spins[:, other])


def renyi_entropy(psi: LogPsi, bits: Array, region: Sequence[int]) -> Estimate:
    """Returns the second Renyi entropy of some sites, by swapping them between samples.

        exp(-S_2) = < psi(s'_A, s_B) psi(s_A, s'_B) / (psi(s) psi(s')) >,   S_2 = -log tr rho_A^2

    Args:
        psi: The wave function.
        bits: Samples, int32 (n_samples, n_sites); those of the first half meet those of the
            second. The error of the entropy follows from that of the mean.
        region: Sites of A.

    Raises:
        ValueError: The mean of the swaps is not positive: too few samples; or a bit is neither
            0 nor 1.

    Source: Hastings et al., Phys. Rev. Lett. 104, 157201 (2010).
    """
    bits = checked_bits(bits)
    half = len(bits) // 2
    first, second = bits[:half], bits[half : 2 * half]
    swapped = [first.copy(), second.copy()]
    chosen = list(region)
    swapped[0][:, chosen], swapped[1][:, chosen] = second[:, chosen], first[:, chosen]
    logs = [_log_psi(psi, part) for part in (*swapped, first, second)]
    swaps = Estimate.of(np.exp(logs[0] + logs[1] - logs[2] - logs[3]).real)
    if swaps.mean <= 0:
        raise ValueError(
            f"The mean of the swaps must be positive, but is {swaps.mean:.2g} +- {swaps.error:.2g}:"
            f" {len(bits)} samples are too few."
        )
    return Estimate(-float(np.log(swaps.mean)), swaps.error / swaps.mean)


def _magnetizations(bits: Array) -> Array:
    return (1.0 - 2.0 * checked_bits(bits)).mean(axis=1)


def _log_psi(psi: LogPsi, bits: Array) -> Array:
    log_modulus, phase = in_pieces(
        lambda rows: psi(ops.convert_to_tensor(rows)), bits, _rows_at_once(psi, bits)
    )
    return np.asarray(log_modulus, np.float64) + 1j * np.asarray(phase, np.float64)


def _rows_at_once(psi: LogPsi, bits: Array) -> int:
    return rows_at_once(evaluation_bytes(psi, bits.shape[1]))
