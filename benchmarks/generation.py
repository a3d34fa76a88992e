"""Generating trajectories of seven spins, 500 steps: the arithmetic, and files on the disk.

The arithmetic is held against ways that a user might take instead, one trajectory at a time
with dense matrix exponentials, `scipy.sparse.linalg.expm_multiply`, or a batch at a time with
one dense propagator; slow ones are measured in part and scaled. The files are held against
writing as many random bytes to the same disk.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bounds import plain_write
from benchmarks.rows import BOUND, PEER, Row, compare
from benchmarks.timing import Run, clock, run_in_turns

ROOM = "generation"
N_SITES, N_STEPS, BATCH, DT = 7, 500, 256, 0.002
NAME = f"{BATCH} trajectories of {N_STEPS} steps, n = {N_SITES}"
FILES = f"files of 2,000 trajectories of {N_STEPS} steps, n = {N_SITES}"
# One trajectory at a time takes exactly so long times the number; no need to wait for it.
EXPONENTIALS = 10
FASTER_THAN_EXPONENTIALS = 1000
# The files may take twice as long as the bare bytes.
MOST_OF_DISK = 2.0


def measure(count: int) -> list[Row]:
    """Returns the rows of this room, `count` runs each."""
    runs = {
        "ours": our_run(),
        "one matrix exponential at a time": _exponentials(),
        "expm_multiply": _expm_multiply(),
        "dense propagator, batched": _propagator(),
    }
    parts = {
        "one matrix exponential at a time": BATCH * N_STEPS / EXPONENTIALS,
        "expm_multiply": BATCH,
    }
    timings = run_in_turns(runs, count)
    limits = {"one matrix exponential at a time": FASTER_THAN_EXPONENTIALS}
    rows = [
        compare(
            ROOM,
            NAME,
            timings["ours"],
            name,
            timing.scale(parts.get(name, 1)),
            PEER,
            limits.get(name),
        )
        for name, timing in timings.items()
        if name != "ours"
    ]
    return [*rows, _files(min(count, 3))]


def problem() -> tuple[Any, np.ndarray]:
    """Returns the Hamiltonian and the initial states, (BATCH, 2**n)."""
    from qtf.physics import Chain, ising, sample_initial_states

    return ising(Chain(N_SITES)), sample_initial_states("paper", N_SITES, BATCH, seed=0)


def our_run() -> Run:
    """Returns a run of the generator's arithmetic, diagonalisation included."""
    from data_gen.propagation import Propagation

    hamiltonian, psi0 = problem()
    return clock(lambda: Propagation(hamiltonian, dt=DT, n_steps=N_STEPS).trajectories(psi0))


def _exponentials() -> Run:
    from scipy.linalg import expm

    hamiltonian, psi0 = problem()
    matrix = -1j * hamiltonian.to_dense()
    return clock(lambda: [expm(k * DT * matrix) @ psi0[0] for k in range(EXPONENTIALS)])


def _expm_multiply() -> Run:
    from scipy.sparse.linalg import expm_multiply

    hamiltonian, psi0 = problem()
    matrix = -1j * hamiltonian.to_sparse()
    times = {"start": 0.0, "stop": N_STEPS * DT, "num": N_STEPS + 1}
    return clock(lambda: expm_multiply(matrix, psi0[0], traceA=matrix.trace(), **times))


def _propagator() -> Run:
    from qtf.physics import Eigenbasis

    hamiltonian, psi0 = problem()

    def run() -> np.ndarray:
        step = Eigenbasis.from_hamiltonian(hamiltonian).propagator(DT).T
        psi = np.empty((N_STEPS + 1, *psi0.shape), np.complex128)
        psi[0] = psi0
        for k in range(N_STEPS):
            np.matmul(psi[k], step, out=psi[k + 1])
        return psi

    return clock(run)


def _files(count: int) -> Row:
    from data_gen.generation import default_workers

    config = generation_config(N_STEPS, 2_000)
    with scratch_folder() as folder:
        generate_files(config, folder / "first", default_workers())
        n_bytes = sum(path.stat().st_size for path in (folder / "first").iterdir())
        runs = {
            "ours": clock(lambda: generate_files(config, folder / "data", default_workers())),
            "disk": clock(plain_write(folder / "plain", n_bytes)),
        }
        timings = run_in_turns(runs, count)
    against = f"writing {n_bytes / 1e6:.0f} MB"
    return compare(ROOM, FILES, timings["ours"], against, timings["disk"], BOUND, MOST_OF_DISK)


def generation_config(n_steps: int, n_trajectories: int) -> dict[str, Any]:
    """Returns a configuration of `data_gen.generate`."""
    return {
        "hamiltonian": {"name": "ising", "lattice": "chain"},
        "n_sites": (N_SITES,),
        "initial_states": "paper",
        "dt": DT,
        "n_steps": n_steps,
        "n_trajectories": {"train": n_trajectories},
    }


def generate_files(config: dict[str, Any], folder: Path, workers: int) -> None:
    """Generates into a folder anew, until everything is on the disk."""
    from data_gen.generation import generate
    from data_gen.settings import settings_from_config

    shutil.rmtree(folder, ignore_errors=True)
    generate(settings_from_config(config), folder, workers=workers, progress=False)
    os.sync()


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yields an empty folder on the disk of the working folder."""
    with tempfile.TemporaryDirectory(dir=".", prefix=".benchmark-") as name:
        yield Path(name)
