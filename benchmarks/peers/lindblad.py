"""Our Lindblad equation beside QuTiP's, of chains of 4 to 12 spins: time and memory.

Ours is computed with a tolerance that leaves an error of <X>, <Y>, <Z> no larger than that of
`mesolve` with its own; both are held against our solution to ten digits, which `mesolve` reaches as
well. Memory is what a fresh process takes beyond its libraries; ours holds the density matrix at
all times, the peer the mean at each.

Quantum trajectories of 10 and 12 spins are compared with `mcsolve`, as many of each on one core;
their means must agree within their errors.
"""

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np

from benchmarks.peers.peaks import peak_growth
from benchmarks.peers.remote import remote
from benchmarks.rows import PEER, Row, compare, compare_memory
from benchmarks.timing import clock, run_in_turns
from qtf.physics import (
    Chain,
    Lindbladian,
    OutcomeGenerator,
    PauliSum,
    PauliTerm,
    TrajectoryMeans,
    decay,
    quantum_trajectories,
    tetrahedral,
    xyz,
)

ROOM = "open systems"
N_SITES = (4, 6, 8)
N_SITES_OF_TRAJECTORIES, N_TRAJECTORIES = (10, 12), 24
MODEL = {"coupling_x": 2.0, "coupling_y": 0.0, "coupling_z": 1.0, "field": 1.0}
TIMES = np.linspace(0.0, 5.0, 51)
# Leaves a smaller error than QuTiP's own rtol 1e-6, atol 1e-8.
TOLERANCE, REFERENCE_TOLERANCE, STEADY_TOLERANCE = 1e-6, 1e-10, 1e-8
# `steadystate` factorises L unless it is told otherwise, which takes four seconds for 6 spins and
# more memory than there is for 8.
LARGEST_DIRECT = 6
FEW_RUNS = 3
POVM = tetrahedral()
LEFT = [np.sqrt(0.5), -1j * np.sqrt(0.5)]
AT_LEAST_AS_FAST = 1.0


def measure(count: int) -> list[Row]:
    """Returns the rows of this room, `count` runs each, three of the largest chain at most.

    Raises:
        RuntimeError: Our means and the peer's differ, or our error is the larger one.
    """
    rows = []
    for n_sites in N_SITES:
        runs = min(count, FEW_RUNS) if n_sites > LARGEST_DIRECT else count
        rows += [*_evolution(n_sites, runs), *_steady(n_sites, runs)]
    few = min(count, FEW_RUNS)
    return rows + [_trajectories(n_sites, few) for n_sites in N_SITES_OF_TRAJECTORIES]


def _evolution(n_sites: int, count: int) -> list[Row]:
    expected = _means(_density_matrices(n_sites, REFERENCE_TOLERANCE), n_sites)
    problem = {**_problem(n_sites), "times": TIMES.tolist()}
    with remote("qutip_lindblad") as make:
        theirs = make("mesolve_error", expected=expected.tolist(), **problem)()
        _check_error(_means(_density_matrices(n_sites, TOLERANCE), n_sites) - expected, theirs)
        runs = {
            "rho": clock(lambda: _mean_in_time(n_sites)),
            "p": clock(lambda: _mean_of_probabilities(n_sites)),
            "mesolve": make("mesolve", **problem),
        }
        seconds = run_in_turns(runs, count)
    with remote("qutip_lindblad") as make:
        peak = make("mesolve_peak", **problem)()
    name, peer = f"{_name(n_sites)}, density matrix to t = 5", "QuTiP `mesolve`"
    mesolve, by_probabilities = seconds["mesolve"], f"{_name(n_sites)}, probabilities to t = 5"
    return [
        compare(ROOM, name, seconds["rho"], peer, mesolve, PEER, AT_LEAST_AS_FAST),
        compare_memory(ROOM, f"memory, {name}", _our_peak(_mean_in_time, n_sites), peer, peak),
        compare(ROOM, by_probabilities, seconds["p"], peer, mesolve, PEER),
    ]


def _trajectories(n_sites: int, count: int) -> Row:
    found = _follow(n_sites, seed=0)
    expected = [found.means.T.tolist(), found.errors.T.tolist()]
    problem = {**_problem(n_sites), "times": TIMES.tolist(), "n_trajectories": N_TRAJECTORIES}
    with remote("qutip_lindblad") as make:
        runs = {
            "ours": clock(lambda: _follow(n_sites, seed=1)),
            "mcsolve": make("mcsolve", expected=expected, **problem),
        }
        seconds = run_in_turns(runs, count)
    name = f"{_name(n_sites)}, {N_TRAJECTORIES} quantum trajectories to t = 5"
    return compare(ROOM, name, seconds["ours"], "QuTiP `mcsolve`", seconds["mcsolve"], PEER)


def _follow(n_sites: int, seed: int) -> TrajectoryMeans:
    psi0 = np.ones(1)
    for _ in range(n_sites):
        psi0 = np.kron(psi0, LEFT)
    observables = [_mean(pauli, n_sites) for pauli in "XYZ"]
    return quantum_trajectories(
        _lindbladian(n_sites), psi0, TIMES, observables, n_trajectories=N_TRAJECTORIES, seed=seed
    )


def _steady(n_sites: int, count: int) -> list[Row]:
    expected = _means(_steady_state(n_sites), n_sites).tolist()
    is_direct = n_sites <= LARGEST_DIRECT
    problem = {**_problem(n_sites), "solver": None if is_direct else "gmres"}
    with remote("qutip_lindblad") as make:
        runs = {
            "ours": clock(lambda: _steady_state(n_sites)),
            "steadystate": make("steadystate", expected=expected, **problem),
        }
        seconds = run_in_turns(runs, count)
    with remote("qutip_lindblad") as make:
        peak = make("steadystate_peak", **problem)()
    peer = "QuTiP `steadystate`" if is_direct else "QuTiP `steadystate`, by GMRES"
    name = f"{_name(n_sites)}, steady state"
    return [
        compare(ROOM, name, seconds["ours"], peer, seconds["steadystate"], PEER),
        compare_memory(ROOM, f"memory, {name}", _our_peak(_steady_state, n_sites), peer, peak),
    ]


def _name(n_sites: int) -> str:
    return f"Heisenberg chain of {n_sites} spins with decay"


def _problem(n_sites: int) -> dict[str, float]:
    return {"n_sites": n_sites, **MODEL}


def _lindbladian(n_sites: int) -> Lindbladian:
    return Lindbladian(xyz(Chain(n_sites, periodic=True), **MODEL), decay(n_sites))


def _check_error(differences: np.ndarray, theirs: float) -> None:
    ours = float(np.abs(differences).max())
    if ours > theirs:
        raise RuntimeError(f"Our error of {ours:.1e} is larger than QuTiP's of {theirs:.1e}.")


def _our_peak(work: Callable[[int], Any], n_sites: int) -> float:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_grow, work, n_sites).result()


def _grow(work: Callable[[int], Any], n_sites: int) -> float:
    # Loads the libraries.
    work(2)
    return peak_growth(lambda: work(n_sites))


def _mean(pauli: str, n_sites: int) -> PauliSum:
    return PauliSum(n_sites, [PauliTerm(1 / n_sites, (site,), pauli) for site in range(n_sites)])


def _means(rho: np.ndarray, n_sites: int) -> np.ndarray:
    """Returns <X>, <Y>, <Z> of density matrices (..., 2**n, 2**n), (3, ...)."""
    matrices: Sequence[np.ndarray] = [_mean(pauli, n_sites).to_dense() for pauli in "XYZ"]
    return np.array([np.einsum("...ij,ji->...", rho, matrix).real for matrix in matrices])


def _density_matrices(n_sites: int, tolerance: float) -> np.ndarray:
    rho0 = POVM.density_matrix(POVM.product_probabilities([LEFT] * n_sites))
    return _lindbladian(n_sites).evolve(rho0, TIMES, tolerance=tolerance)


def _mean_in_time(n_sites: int) -> np.ndarray:
    diagonals = np.einsum("tii->ti", _density_matrices(n_sites, TOLERANCE)).real
    return diagonals @ np.diag(_mean("Z", n_sites).to_dense())


def _mean_of_probabilities(n_sites: int) -> np.ndarray:
    generator = OutcomeGenerator(_lindbladian(n_sites), POVM)
    p0 = POVM.product_probabilities([LEFT] * n_sites)
    p = generator.evolve(p0, TIMES, tolerance=TOLERANCE)
    return POVM.expectation(_mean("Z", n_sites), p)


def _steady_state(n_sites: int) -> np.ndarray:
    return _lindbladian(n_sites).steady_state(tolerance=STEADY_TOLERANCE)
