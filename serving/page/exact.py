"""Initial states and exact evolution for the page."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from qtf.physics import (
    energy,
    evolve,
    index_of_bits,
    magnetization,
    printed_state,
    sample_initial_states,
)
from serving.page.dynamics import Dynamics
from serving.page.request_error import RequestError

# The largest integer whose neighbours JavaScript can still tell from it.
MAX_SEED = 2**53 - 1


@dataclass(frozen=True)
class InitialState:
    """An initial state that the page offers.

    Attributes:
        text: Words of the page for it.
        make: Function of (n_sites, seed) -> complex amplitudes (2**n_sites,).
        seeded: Whether the seed matters.
        n_sites: Smallest and largest number of spins, None if there is no limit.
    """

    text: str
    make: Callable[[int, int], np.ndarray]
    seeded: bool = False
    n_sites: tuple[int, int] | None = None


def initial_state(name: str, n_sites: int, seed: int) -> np.ndarray:
    """Returns a state that the page offers.

    Args:
        name: A key of `INITIAL_STATES`.
        n_sites: Number of spins.
        seed: Seed of random states; the others ignore it.

    Returns:
        complex64 array (2**n_sites,), normalised.

    Raises:
        RequestError: There is no such state of so many spins.
    """
    offered = INITIAL_STATES[name]
    if offered.n_sites is not None:
        low, high = offered.n_sites
        if not low <= n_sites <= high:
            raise RequestError(
                f"Field `n_sites` must be an integer from {low} to {high} for the state"
                f" `{name}`, but is {n_sites}."
            )
    return offered.make(n_sites, seed).astype(np.complex64)


def exact_trajectory(
    model: Dynamics, n_sites: int, psi0: np.ndarray, n_steps: int
) -> dict[str, Any]:
    """Returns exact evolution under a model's Hamiltonian, and what is measured on it.

    Args:
        model: Gives Hamiltonian and time step.
        n_sites: Number of spins.
        psi0: complex64 array (2**n_sites,); exact evolution starts from these very
            numbers, normalised in double precision.
        n_steps: Number of time steps.

    Returns:
        float64 arrays `times`, `energy`, `magnetization_x`, `_y`, `_z`, (n_steps + 1,),
        `psi_re`, `psi_im`, (n_steps + 1, 2**n_sites), the `terms` of the Hamiltonian, and the
        `bonds` between nearest neighbours.
    """
    hamiltonian = model.hamiltonian(n_sites)
    start = psi0.astype(np.complex128)
    times = model.dt * np.arange(n_steps + 1)
    psi = evolve(hamiltonian, start / np.linalg.norm(start), times)
    return {
        "times": times,
        "psi_re": np.ascontiguousarray(psi.real),
        "psi_im": np.ascontiguousarray(psi.imag),
        "energy": energy(hamiltonian, psi),
        **{f"magnetization_{axis}": magnetization(psi, axis) for axis in "xyz"},
        "terms": [term.to_dict() for term in hamiltonian.terms],
        "bonds": [list(bond) for bond in model.lattice(n_sites).bonds()],
    }


def _random(law: str) -> Callable[[int, int], np.ndarray]:
    return lambda n_sites, seed: sample_initial_states(law, n_sites, 1, seed=seed)[0]


def _basis_state(bit_of: Callable[[int, int], int]) -> Callable[[int, int], np.ndarray]:
    """Returns the maker of the basis state with `bit_of(site, n_sites)`; 0 is up."""

    def make(n_sites: int, seed: int) -> np.ndarray:
        psi = np.zeros(2**n_sites, np.complex128)
        psi[index_of_bits([bit_of(site, n_sites) for site in range(n_sites)])] = 1.0
        return psi

    return make


def _all_plus_x(n_sites: int, seed: int) -> np.ndarray:
    return np.full(2**n_sites, 2 ** (-n_sites / 2), np.complex128)


INITIAL_STATES = {
    "paper": InitialState(
        "Printed in the paper", lambda n_sites, seed: printed_state(n_sites), n_sites=(2, 7)
    ),
    "haar": InitialState("Random, uniform on the sphere (Haar)", _random("haar"), seeded=True),
    "random": InitialState("Random, by the paper’s law", _random("paper"), seeded=True),
    "up": InitialState("All up  ↑↑↑…", _basis_state(lambda site, n_sites: 0)),
    "down": InitialState("All down  ↓↓↓…", _basis_state(lambda site, n_sites: 1)),
    "neel": InitialState("Néel  ↑↓↑↓…", _basis_state(lambda site, n_sites: site % 2)),
    "plus": InitialState("All along +x  →→→…", _all_plus_x),
    "domain_wall": InitialState(
        "Domain wall  ↑↑…↓↓", _basis_state(lambda site, n_sites: int(2 * site >= n_sites))
    ),
}
