"""Exact evolution of chains that no diagonalisation reaches: time and memory.

One trajectory of ten steps to t = 0.5 from a random state, by the sparse method that `evolve`
chooses, held against `scipy.sparse.linalg.expm_multiply` at the same times. Each runs in a
process of its own, so that its peak of memory is its own: what the process took at most beyond
what it had after its imports.
"""

import multiprocessing
import resource
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np

from benchmarks.rows import BOUND, PEER, Row, compared
from benchmarks.timing import Timings, timed

ROOM = "large chains"
N_SITES, N_TIMES, T_MAX = (16, 20), 11, 0.5
OURS, PEER_NAME = "evolve", "expm_multiply"


def measure(count: int) -> list[Row]:
    """Returns the rows of this room, at most three runs each."""
    rows = []
    for n_sites in N_SITES:
        found: dict[str, list[tuple[float, float]]] = {OURS: [], PEER_NAME: []}
        for _ in range(min(count, 3)):
            for name in found:
                found[name].append(_in_own_process(name, n_sites))
        seconds = {
            name: Timings(tuple(seconds for seconds, _ in runs)) for name, runs in found.items()
        }
        mebibytes = {name: max(peak for _, peak in runs) for name, runs in found.items()}
        rows += _rows(n_sites, seconds, mebibytes)
    return rows


def _rows(n_sites: int, seconds: dict[str, Timings], mebibytes: dict[str, float]) -> list[Row]:
    name = f"{N_TIMES - 1} steps to t = {T_MAX}, n = {n_sites}"
    peak, state = mebibytes[OURS], 2**n_sites * 16 / 2**20
    memory = Row(
        room=ROOM,
        name=f"memory, n = {n_sites}",
        value=peak,
        low=peak,
        high=peak,
        unit="MiB",
        against=f"the trajectory itself, {N_TIMES} states of {state:g} MiB",
        kind=BOUND,
        ratio=peak / (N_TIMES * state),
    )
    time = compared(ROOM, name, seconds[OURS], PEER_NAME, seconds[PEER_NAME], PEER)
    return [time, memory]


def _in_own_process(name: str, n_sites: int) -> tuple[float, float]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_seconds_and_peak, name, n_sites).result()


def _seconds_and_peak(name: str, n_sites: int) -> tuple[float, float]:
    work = {OURS: _evolve, PEER_NAME: _expm_multiply}[name](n_sites)
    before = _peak_mebibytes()
    seconds = timed(work)()
    return seconds, _peak_mebibytes() - before


def _peak_mebibytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def _evolve(n_sites: int) -> Callable[[], Any]:
    from qtf.physics import evolve

    hamiltonian, psi0 = _problem(n_sites)
    times = np.linspace(0.0, T_MAX, N_TIMES)
    return lambda: evolve(hamiltonian, psi0, times)


def _expm_multiply(n_sites: int) -> Callable[[], Any]:
    from scipy.sparse.linalg import expm_multiply

    hamiltonian, psi0 = _problem(n_sites)

    def run() -> Any:
        # Building the matrix counts: we need none.
        matrix = -1j * hamiltonian.to_sparse()
        times = {"start": 0.0, "stop": T_MAX, "num": N_TIMES}
        return expm_multiply(matrix, psi0, traceA=matrix.trace(), **times)

    return run


def _problem(n_sites: int) -> tuple[Any, np.ndarray]:
    from qtf.physics import Chain, ising, sample_initial_states

    psi0 = sample_initial_states("haar", n_sites, 1, seed=0)[0]
    return ising(Chain(n_sites)), psi0
