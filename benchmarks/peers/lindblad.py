"""Our Lindblad equation beside QuTiP's: the same chain, both to six digits."""

from typing import Any

import numpy as np

from benchmarks.peers.remote import remote
from benchmarks.rows import PEER, Row, compare
from benchmarks.timing import clock, run_in_turns
from qtf.physics import (
    Chain,
    Lindbladian,
    OutcomeGenerator,
    PauliSum,
    PauliTerm,
    decay,
    tetrahedral,
    xyz,
)

ROOM = "open systems"
N_SITES = 6
MODEL = {"coupling_x": 2.0, "coupling_y": 0.0, "coupling_z": 1.0, "field": 1.0}
PROBLEM = {"n_sites": N_SITES, **MODEL}
TIMES = np.linspace(0.0, 5.0, 51)
# QuTiP's own default is rtol 1e-6, atol 1e-8.
TOLERANCE = 1e-6
POVM = tetrahedral()
LEFT = [np.sqrt(0.5), -1j * np.sqrt(0.5)]


def measure(count: int) -> list[Row]:
    """Returns the rows of this room, `count` runs each.

    The peer compares its <X>, <Y>, <Z> with ours and ends with an error where one differs by
    1e-6.
    """
    evolution = {**PROBLEM, "times": TIMES.tolist()}
    with remote("qutip_lindblad") as make:
        runs = {
            "rho": clock(_evolve_density_matrix),
            "p": clock(_evolve_probabilities),
            "mesolve": make("mesolve", expected=_means(_probabilities_in_time()), **evolution),
        }
        evolved = run_in_turns(runs, count)
        runs = {
            "p": clock(_steady_state),
            "steadystate": make("steadystate", expected=_means(_steady_probabilities()), **PROBLEM),
        }
        steady = run_in_turns(runs, count)
    chain = f"Heisenberg chain of {N_SITES} spins with decay"
    mesolve, direct = "QuTiP `mesolve`", "QuTiP `steadystate`"
    rows = [
        (f"{chain}, density matrix to t = 5", evolved["rho"], mesolve, evolved["mesolve"]),
        (f"{chain}, probabilities to t = 5", evolved["p"], mesolve, evolved["mesolve"]),
        (f"{chain}, steady state", steady["p"], direct, steady["steadystate"]),
    ]
    return [compare(ROOM, name, ours, peer, theirs, PEER) for name, ours, peer, theirs in rows]


def _lindbladian() -> Lindbladian:
    return Lindbladian(xyz(Chain(N_SITES, periodic=True), **MODEL), decay(N_SITES))


def _mean(pauli: str) -> PauliSum:
    return PauliSum(N_SITES, [PauliTerm(1 / N_SITES, (site,), pauli) for site in range(N_SITES)])


def _means(p: np.ndarray) -> list[Any]:
    return [np.asarray(POVM.expectation(_mean(pauli), p)).tolist() for pauli in "XYZ"]


def _initial_probabilities() -> np.ndarray:
    return POVM.product_probabilities([LEFT] * N_SITES)


def _evolve_density_matrix() -> np.ndarray:
    rho0 = POVM.density_matrix(_initial_probabilities())
    rho = _lindbladian().evolve(rho0, TIMES, tolerance=TOLERANCE)
    return np.einsum("tii,i->t", rho, np.diag(_mean("Z").to_dense())).real


def _evolve_probabilities() -> np.ndarray:
    return POVM.expectation(_mean("Z"), _probabilities_in_time())


def _probabilities_in_time() -> np.ndarray:
    generator = OutcomeGenerator(_lindbladian(), POVM)
    return generator.evolve(_initial_probabilities(), TIMES, tolerance=TOLERANCE)


def _steady_state() -> float:
    return float(POVM.expectation(_mean("Z"), _steady_probabilities()))


def _steady_probabilities() -> np.ndarray:
    return OutcomeGenerator(_lindbladian(), POVM).steady_state(tolerance=1e-8)
