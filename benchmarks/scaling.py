"""Weak scaling of generation: as many times the trajectories as there are processes."""

import os

from benchmarks.generation import generate_files, generation_config, scratch_folder
from benchmarks.rows import BOUND, Row, compare
from benchmarks.timing import clock, run_in_turns

ROOM = "weak scaling of generation"
TRAJECTORIES, N_STEPS = 2_000, 500
EFFICIENCY = 0.85


def measure(count: int) -> list[Row]:
    """Returns the rows of this room, at most three runs each."""
    counts = [n for n in (1, 2, 4, 8, 16, 32) if n <= len(os.sched_getaffinity(0))]
    with scratch_folder() as folder:

        def work(n_workers: int) -> None:
            config = generation_config(N_STEPS, n_workers * TRAJECTORIES)
            generate_files(config, folder / "data", n_workers)

        timings = run_in_turns({str(n): clock(lambda n=n: work(n)) for n in counts}, min(count, 3))
    return [
        compare(
            ROOM,
            f"{n} processes, {n * TRAJECTORIES:,} trajectories",
            timings[str(n)],
            f"1 process, {TRAJECTORIES:,} trajectories",
            timings["1"],
            BOUND,
            limit=1 / EFFICIENCY,
        )
        for n in counts[1:]
    ]
