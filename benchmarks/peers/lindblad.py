"""Our Lindblad equation beside QuTiP's: the same chain, both to six digits."""

import numpy as np

from benchmarks.peers.remote import remote
from benchmarks.rows import PEER, Row, compared
from benchmarks.timing import in_turns, timed
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

    The peer compares its <Z> with ours and ends with an error where they differ by 1e-6.
    """
    evolution = {**PROBLEM, "times": TIMES.tolist()}
    with remote("qutip_lindblad") as make:
        runs = {
            "rho": timed(_evolve_density_matrix),
            "p": timed(_evolve_probabilities),
            "mesolve": make("mesolve", expected=_evolve_probabilities().tolist(), **evolution),
        }
        evolved = in_turns(runs, count)
        runs = {
            "p": timed(_steady_state),
            "steadystate": make("steadystate", expected=_steady_state(), **PROBLEM),
        }
        steady = in_turns(runs, count)
    chain = f"Heisenberg chain of {N_SITES} spins with decay"
    mesolve, direct = "QuTiP `mesolve`", "QuTiP `steadystate`"
    rows = [
        (f"{chain}, density matrix to t = 5", evolved["rho"], mesolve, evolved["mesolve"]),
        (f"{chain}, probabilities to t = 5", evolved["p"], mesolve, evolved["mesolve"]),
        (f"{chain}, steady state", steady["p"], direct, steady["steadystate"]),
    ]
    return [compared(ROOM, name, ours, peer, theirs, PEER) for name, ours, peer, theirs in rows]


def _lindbladian() -> Lindbladian:
    return Lindbladian(xyz(Chain(N_SITES, periodic=True), **MODEL), decay(N_SITES))


def _mean_z() -> PauliSum:
    return PauliSum(N_SITES, [PauliTerm(1 / N_SITES, (site,), "Z") for site in range(N_SITES)])


def _initial_probabilities() -> np.ndarray:
    return POVM.product_probabilities([LEFT] * N_SITES)


def _evolve_density_matrix() -> np.ndarray:
    rho0 = POVM.density_matrix(_initial_probabilities())
    rho = _lindbladian().evolve(rho0, TIMES, tolerance=TOLERANCE)
    return np.einsum("tii,i->t", rho, np.diag(_mean_z().to_dense())).real


def _evolve_probabilities() -> np.ndarray:
    generator = OutcomeGenerator(_lindbladian(), POVM)
    p = generator.evolve(_initial_probabilities(), TIMES, tolerance=TOLERANCE)
    return POVM.expectation(_mean_z(), p)


def _steady_state() -> float:
    p = OutcomeGenerator(_lindbladian(), POVM).steady_state(tolerance=1e-8)
    return float(POVM.expectation(_mean_z(), p))
