"""Exact evolution of chains that no diagonalisation reaches: time and memory.

One trajectory of ten steps to t = 0.5 from a random state, by the sparse method that `evolve`
chooses, held against `scipy.sparse.linalg.expm_multiply` at the same times. Memory is the peak of
all arrays that Python allocates for one of us, measured apart from the time.
"""

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.rows import MEMORY, PEER, Row, compare
from benchmarks.timing import Timings, clock, run_in_turns

ROOM = "large chains"
N_SITES, N_TIMES, T_MAX = (16, 20), 11, 0.5
OURS, PEER_NAME = "evolve", "expm_multiply"


def measure(count: int) -> list[Row]:
    """Returns the rows of this room, at most three runs each."""
    rows = []
    for n_sites in N_SITES:
        ours = _evolve(n_sites)
        runs = {OURS: clock(ours), PEER_NAME: clock(_expm_multiply(n_sites))}
        rows += _rows(n_sites, run_in_turns(runs, min(count, 3)), _peak_mebibytes(ours))
    return rows


def _rows(n_sites: int, seconds: dict[str, Timings], peak: float) -> list[Row]:
    name = f"{N_TIMES - 1} steps to t = {T_MAX}, n = {n_sites}"
    state = 2**n_sites * 16 / 2**20
    memory = Row(
        room=ROOM,
        name=f"memory, n = {n_sites}",
        value=peak,
        low=peak,
        high=peak,
        unit="MiB",
        against=f"the trajectory itself, {N_TIMES} states of {state:g} MiB",
        kind=MEMORY,
        ratio=peak / (N_TIMES * state),
    )
    time = compare(ROOM, name, seconds[OURS], PEER_NAME, seconds[PEER_NAME], PEER)
    return [time, memory]


def _peak_mebibytes(work: Callable[[], Any]) -> float:
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


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
