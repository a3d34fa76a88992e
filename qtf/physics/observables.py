"""What is measured on states; every function takes batches (..., 2**n_sites).

Expectation values are those of the normalised state, <psi|A|psi> / <psi|psi>, so states
need not be normalised, but must not be zero. Amplitudes are numbered as everywhere in
`qtf.physics`, spin 1 first and bit 0 up.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from qtf.physics._checks import checked_choice, checked_integer, checked_states
from qtf.physics._norms import bring_near_one
from qtf.physics.basis import n_sites_of_dimension
from qtf.physics.operators import PauliSum, PauliTerm

AXES = ("x", "y", "z")


def mean_over_sites(n_sites: int, pauli: str) -> PauliSum:
    """Returns 1/n sum_i of one Pauli matrix.

    Args:
        n_sites: Number of spins.
        pauli: "X", "Y" or "Z".

    Example:
        >>> mean_over_sites(2, "Z").to_dense().diagonal()
        array([ 1.,  0.,  0., -1.])
    """
    return PauliSum(n_sites, [PauliTerm(1.0 / n_sites, (i,), pauli) for i in range(n_sites)])


# Functions of the Hamiltonian: what exported models of dynamics tell of every state.
OBSERVABLES: dict[str, Callable[[PauliSum], PauliSum]] = {
    "energy": lambda hamiltonian: hamiltonian,
    "magnetization_x": lambda hamiltonian: mean_over_sites(hamiltonian.n_sites, "X"),
    "magnetization_y": lambda hamiltonian: mean_over_sites(hamiltonian.n_sites, "Y"),
    "magnetization_z": lambda hamiltonian: mean_over_sites(hamiltonian.n_sites, "Z"),
}


def observable_operators(hamiltonian: PauliSum) -> dict[str, PauliSum]:
    """Returns the operators of `OBSERVABLES` for the spins of a Hamiltonian.

    Their means are `expectation` of states here, and of samples in `qtf.ground_states.observables`.

    Args:
        hamiltonian: H.

    Example:
        >>> from qtf.physics import Chain, ising
        >>> operators = observable_operators(ising(Chain(2)))
        >>> float(expectation(operators["magnetization_z"], np.array([1.0, 0.0, 0.0, 0.0])))
        1.0
    """
    return {name: operator(hamiltonian) for name, operator in OBSERVABLES.items()}


def expectation(hamiltonian: PauliSum, psi: np.ndarray) -> np.ndarray:
    """Returns expectation values of an operator.

        <A> = <psi|A|psi> / <psi|psi>

    Args:
        hamiltonian: A, any sum of Pauli strings.
        psi: States (..., 2**n_sites).

    Returns:
        float64 array (...), in the units of the coefficients.

    Raises:
        ValueError: `psi` has another number of amplitudes, is not finite, or is zero.

    Example:
        >>> from qtf.physics import PauliSum, PauliTerm
        >>> float(expectation(PauliSum(1, [PauliTerm(0.5, (0,), "Z")]), np.array([0.0, 2.0])))
        -0.5
    """
    states = bring_near_one(checked_states("psi", psi, hamiltonian.dimension))
    norms = _squared_norms("psi", states)
    return _real_overlap(states, hamiltonian.apply(states)) / norms


def energy(hamiltonian: PauliSum, psi: np.ndarray) -> np.ndarray:
    """Returns the energy `<psi|H|psi> / <psi|psi>`; the same as `expectation`.

    Args:
        hamiltonian: H.
        psi: States (..., 2**n_sites).

    Returns:
        float64 array (...).

    Raises:
        ValueError: `psi` has another number of amplitudes, is not finite, or is zero.

    Example:
        >>> from qtf.physics import Chain, ising
        >>> float(energy(ising(Chain(2)), np.array([1.0, 0.0, 0.0, 0.0])))
        -2.0
    """
    return expectation(hamiltonian, psi)


def local_magnetization(psi: np.ndarray, axis: str = "z") -> np.ndarray:
    """Returns the magnetisation of every site, `<sigma^axis_i>`.

    Args:
        psi: States (..., 2**n_sites).
        axis: "x", "y" or "z".

    Returns:
        float64 array (..., n_sites), between -1 and 1.

    Raises:
        ValueError: The number of amplitudes is no power of two, `psi` is not finite or
            is zero, or the axis is unknown.

    Example:
        >>> local_magnetization(np.array([0.0, 1.0, 0.0, 0.0]))
        array([ 1., -1.])
    """
    states, n_sites = _states_and_sites(psi)
    checked_choice("axis", axis, AXES)
    norms = _squared_norms("psi", states)
    sums = [_spin_sum(states, site, axis) for site in range(n_sites)]
    return _clip(np.stack(sums, axis=-1) / norms[..., None])


def magnetization(psi: np.ndarray, axis: str = "z") -> np.ndarray:
    """Returns the magnetisation a site, `1/n sum_i <sigma^axis_i>`.

    Args:
        psi: States (..., 2**n_sites).
        axis: "x", "y" or "z".

    Returns:
        float64 array (...), between -1 and 1.

    Raises:
        ValueError: The number of amplitudes is no power of two, `psi` is not finite or
            is zero, or the axis is unknown.

    Example:
        >>> float(magnetization(np.array([0.0, 1.0, 0.0, 0.0])))
        0.0
    """
    return local_magnetization(psi, axis).mean(axis=-1)


def correlation(psi: np.ndarray, site_i: int, site_j: int, axes: str = "zz") -> np.ndarray:
    """Returns the correlation of two sites, `<sigma^a_i sigma^b_j>` (not connected).

    Args:
        psi: States (..., 2**n_sites).
        site_i: First site, counted from 0.
        site_j: Another site.
        axes: Two letters a, b of x, y, z.

    Returns:
        float64 array (...), between -1 and 1.

    Raises:
        ValueError: A site is out of range or both are the same, `axes` is not two such
            letters, or `psi` is not allowed.

    Example:
        >>> bell = np.array([1.0, 0.0, 0.0, 1.0])
        >>> float(correlation(bell, 0, 1, "xx")), float(correlation(bell, 0, 1, "yy"))
        (1.0, -1.0)
    """
    states, n_sites = _states_and_sites(psi)
    checked_integer("site_i", site_i, minimum=0, maximum=n_sites - 1)
    checked_integer("site_j", site_j, minimum=0, maximum=n_sites - 1)
    checked_choice("axes", axes, tuple(a + b for a in AXES for b in AXES))
    term = PauliTerm(1.0, (site_i, site_j), axes.upper())
    return _clip(expectation(PauliSum(n_sites, (term,)), states))


def fidelity(psi: np.ndarray, phi: np.ndarray) -> np.ndarray:
    """Returns the fidelity of pure states.

        F = |<psi|phi>|^2 / (<psi|psi> <phi|phi>)

    Args:
        psi: States (..., 2**n_sites).
        phi: States of a shape that broadcasts with `psi`.

    Returns:
        float64 array (...), between 0 and 1.

    Raises:
        ValueError: The numbers of amplitudes differ or are no power of two, or a state is
            not finite or is zero.

    Example:
        >>> float(fidelity(np.array([1.0, 0.0]), np.array([1.0, 1.0j])))
        0.5
    """
    left, _ = _states_and_sites(psi)
    right = bring_near_one(checked_states("phi", phi, left.shape[-1]))
    overlaps = np.einsum("...x,...x->...", left.conj(), right)
    squared = np.square(overlaps.real) + np.square(overlaps.imag)
    return _clip(squared / (_squared_norms("psi", left) * _squared_norms("phi", right)))


def entanglement_entropy(psi: np.ndarray, n_left: int) -> np.ndarray:
    """Returns the entropy of entanglement of the first `n_left` spins with the others.

        S = -Tr rho log rho,  rho = Tr_right |psi><psi| / <psi|psi>

    Args:
        psi: States (..., 2**n_sites).
        n_left: Number of spins on the left, 1 to n_sites - 1.

    Returns:
        float64 array (...), in nats.

    Raises:
        ValueError: `n_left` is out of range, or `psi` is not allowed.

    Example:
        >>> bell = np.array([1.0, 0.0, 0.0, 1.0])
        >>> float((entanglement_entropy(bell, 1) / np.log(2)).round(12))
        1.0
    """
    states, n_sites = _states_and_sites(psi)
    checked_integer("n_left", n_left, minimum=1, maximum=n_sites - 1)
    matrices = states.reshape(*states.shape[:-1], 2**n_left, -1)
    weights = np.square(np.linalg.svd(matrices, compute_uv=False))
    weights /= _squared_norms("psi", states)[..., None]
    positive = np.where(weights > 0, weights, 1.0)
    # Rounding of a weight 1 would give a tiny negative entropy.
    return np.maximum(-(positive * np.log(positive)).sum(axis=-1), 0.0)


def _states_and_sites(psi: ArrayLike) -> tuple[np.ndarray, int]:
    shape = np.shape(psi)
    dimension = shape[-1] if shape else 1
    n_sites = n_sites_of_dimension(dimension)
    return bring_near_one(checked_states("psi", psi, dimension)), n_sites


def _clip(values: np.ndarray) -> np.ndarray:
    """Returns values between -1 and 1, from which rounding may have led."""
    return np.clip(values, -1.0, 1.0)


def _squared_norms(name: str, states: np.ndarray) -> np.ndarray:
    norms = _real_overlap(states, states)
    if np.any(norms == 0):
        raise ValueError(f"Argument `{name}` must not be zero, but contains a state of norm 0.0.")
    return norms


def _real_overlap(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Returns Re <left|right> without complex temporaries."""
    real = np.einsum("...x,...x->...", left.real, right.real)
    return real + np.einsum("...x,...x->...", left.imag, right.imag)


def _spin_sum(states: np.ndarray, site: int, axis: str) -> np.ndarray:
    """Returns <psi|sigma_site|psi>, not divided by the norm."""
    parts = states.reshape(*states.shape[:-1], 2**site, 2, -1)
    up, down = parts[..., 0, :], parts[..., 1, :]
    pair = "...lr,...lr->..."
    if axis == "z":
        return (np.einsum(pair, up.conj(), up) - np.einsum(pair, down.conj(), down)).real
    overlaps = 2 * np.einsum(pair, up.conj(), down)
    return overlaps.real if axis == "x" else overlaps.imag
