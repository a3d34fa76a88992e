"""Evolutions and spectra in closed form, to hold `qtf.physics` against."""

import numpy as np

from qtf.physics._checks import (
    checked_coefficients,
    checked_integer,
    checked_number,
    checked_states,
    checked_times,
)
from qtf.physics.ground_energies import ising_free_fermion_energies, majorana_matrix
from qtf.physics.hamiltonians import Coefficient


def ising_spectrum(
    n_sites: int, *, coupling: Coefficient = 1.0, transverse_field: Coefficient = 1.0
) -> np.ndarray:
    """Returns all energies of the open Ising chain without longitudinal field.

        E = sum_k +-e_k, with the e_k of `ising_free_fermion_energies`

    Args:
        n_sites: Number of spins, at most 20.
        coupling: J, one number or one for each bond.
        transverse_field: g, one number or one for each site.

    Returns:
        float64 array (2**n_sites,), ascending.

    Raises:
        ValueError: As `ising_free_fermion_energies`, or there are more than 20 spins.

    Example:
        >>> ising_spectrum(2, coupling=1.0, transverse_field=0.0)
        array([-1., -1.,  1.,  1.])
    """
    checked_integer("n_sites", n_sites, minimum=1, maximum=20)
    energies = ising_free_fermion_energies(
        n_sites, coupling=coupling, transverse_field=transverse_field
    )
    sums = np.zeros(1)
    for e in energies:
        sums = np.concatenate((sums - e, sums + e))
    return np.sort(sums)


def ising_transverse_magnetization(
    n_sites: int,
    times: np.ndarray,
    *,
    coupling: Coefficient = 1.0,
    transverse_field: Coefficient = 1.0,
) -> np.ndarray:
    """Returns <X_j>(t) of the open Ising chain (h = 0) that starts with all spins along +x.

    With Majorana operators a_j = X_1 .. X_{j-1} Z_j and b_j = X_1 .. X_{j-1} Y_j,

        da/dt = -2 M^T b,  db/dt = 2 M a,  X_j = i a_j b_j,

    M the matrix of `ising_free_fermion_energies`; from M = U e W^T follows

        <X_j> = sum_k (W cos W^T)_jk (U cos U^T)_jk + (W sin U^T)_jk (U sin W^T)_jk

    with the cosines and sines of 2 e t. Its cost grows as n_sites**3.

    Args:
        n_sites: Number of spins.
        times: Times (n_times,).
        coupling: J, one number or one for each bond.
        transverse_field: g, one number or one for each site.

    Returns:
        float64 array (n_times, n_sites).

    Raises:
        ValueError: As `ising_free_fermion_energies`, or `times` is not a finite vector.

    Example:
        >>> ising_transverse_magnetization(2, [0.0], transverse_field=0.3).round(12)
        array([[1., 1.]])
    """
    times = checked_times(times)
    u, energies, wt = np.linalg.svd(majorana_matrix(n_sites, coupling, transverse_field))
    phases = 2 * np.multiply.outer(times, energies)[:, None, :]
    cos, sin, w = np.cos(phases), np.sin(phases), wt.T
    direct = ((w * cos) @ w.T) * ((u * cos) @ u.T)
    crossed = ((w * sin) @ u.T) * ((u * sin) @ w.T)
    return (direct + crossed).sum(axis=-1)


def single_spin_evolution(psi0: np.ndarray, times: np.ndarray, field: np.ndarray) -> np.ndarray:
    """Returns the precession of one spin in a field.

        H = -(b_x X + b_y Y + b_z Z)
        exp(-i H t) = cos(|b| t) + i sin(|b| t) (b_x X + b_y Y + b_z Z) / |b|   (hbar = 1)

    Args:
        psi0: State at time 0, (2,).
        times: Times (n_times,).
        field: b, three real numbers.

    Returns:
        complex128 array (n_times, 2).

    Raises:
        ValueError: An argument has a wrong shape or is not finite.

    Example:
        >>> single_spin_evolution([1.0, 0.0], [np.pi / 2], [1.0, 0.0, 0.0]).round(12)
        array([[0.+0.j, 0.+1.j]])
    """
    psi, times = checked_states("psi0", psi0, 2), checked_times(times)
    x, y, z = checked_coefficients("field", field, 3, "axis")
    strength = float(np.sqrt(x * x + y * y + z * z))
    turned = np.array([[z, x - 1j * y], [x + 1j * y, -z]]) @ psi
    cosines = np.cos(strength * times)[:, None]
    return cosines * psi + 1j * _sine_over(strength, times)[:, None] * turned


def two_spin_evolution(
    psi0: np.ndarray, times: np.ndarray, *, coupling: float = 1.0, transverse_field: float = 1.0
) -> np.ndarray:
    """Returns the evolution of two Ising spins without longitudinal field.

    H = -J Z_1 Z_2 - g (X_1 + X_2) has the square J^2 + 2 g^2 (1 + X_1 X_2), and X_1 X_2 = p
    = +-1 is conserved; so with the projectors P_p on its two values (hbar = 1)

        exp(-i H t) = sum_p [cos(w_p t) - i H sin(w_p t) / w_p] P_p,
        w_p = sqrt(J^2 + 2 g^2 (1 + p)).

    Args:
        psi0: State at time 0, (4,).
        times: Times (n_times,).
        coupling: J.
        transverse_field: g.

    Returns:
        complex128 array (n_times, 4).

    Raises:
        ValueError: An argument has a wrong shape or is not finite.

    Example:
        >>> psi = two_spin_evolution([1.0, 0.0, 0.0, 0.0], [np.pi / 2], transverse_field=0.0)
        >>> psi.round(12)
        array([[0.+1.j, 0.+0.j, 0.+0.j, 0.+0.j]])
    """
    psi, times = checked_states("psi0", psi0, 4), checked_times(times)
    j, g = (
        checked_number("coupling", coupling),
        checked_number("transverse_field", transverse_field),
    )
    result = np.zeros((len(times), 4), np.complex128)
    for parity in (1, -1):
        # X_1 X_2 flips both spins, which reverses the order of the four amplitudes.
        part = (psi + parity * psi[::-1]) / 2
        frequency = float(np.sqrt(j * j + 2 * g * g * (1 + parity)))
        energy_times_part = -j * part * [1, -1, -1, 1] - g * (
            part[[2, 3, 0, 1]] + part[[1, 0, 3, 2]]
        )
        result += np.cos(frequency * times)[:, None] * part
        result -= 1j * _sine_over(frequency, times)[:, None] * energy_times_part
    return result


def heisenberg_pair_evolution(
    psi0: np.ndarray, times: np.ndarray, *, coupling: float = 1.0
) -> np.ndarray:
    """Returns the evolution of two spins under `H = J S_1 . S_2`, S = sigma / 2.

    As S_1 . S_2 = SWAP / 2 - 1/4 (hbar = 1),

        exp(-i H t) = exp(i J t / 4) [cos(J t / 2) - i sin(J t / 2) SWAP].

    Args:
        psi0: State at time 0, (4,).
        times: Times (n_times,).
        coupling: J.

    Returns:
        complex128 array (n_times, 4).

    Raises:
        ValueError: An argument has a wrong shape or is not finite.

    Example:
        >>> swapped = heisenberg_pair_evolution([0.0, 1.0, 0.0, 0.0], [np.pi])
        >>> np.abs(swapped).round(12)
        array([[0., 0., 1., 0.]])
    """
    psi, times = checked_states("psi0", psi0, 4), checked_times(times)
    angles = checked_number("coupling", coupling) * times[:, None] / 2
    swapped = psi[[0, 2, 1, 3]]
    return np.exp(0.5j * angles) * (np.cos(angles) * psi - 1j * np.sin(angles) * swapped)


def _sine_over(frequency: float, times: np.ndarray) -> np.ndarray:
    """Returns sin(w t) / w, which is t for w = 0."""
    return times * np.sinc(frequency * times / np.pi)
