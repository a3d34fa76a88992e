"""Batches for the trainer, seven spins: from files, from memory, and computed on the fly.

Held against copying as many bytes in memory, and against one training step, which is what a
batch must not be slower than.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.generation import generate_files, generation_config, scratch_folder
from benchmarks.rows import BOUND, Row, compare
from benchmarks.timing import Run, clock, run_in_turns
from benchmarks.training_step import BATCH, N_STEPS, training_step

ROOM = "reading"
WINDOW = N_STEPS + 1
TRAJECTORIES, STORED_STEPS = 4_000, 200
# Many more than are fetched ahead.
BATCHES = 200


def measure(count: int) -> list[Row]:
    """Returns the rows of this room, `count` runs each."""
    from data_gen.generation import default_workers

    config = generation_config(STORED_STEPS, TRAJECTORIES)
    with scratch_folder() as folder:
        generate_files(config, folder / "data", default_workers())
        streams = _streams(config, folder / "data")
        psi = next(streams["files"])["psi"].numpy()
        _, step = training_step(1)
        runs = {name: _batches_of(stream) for name, stream in streams.items()}
        runs |= {"copy": clock(lambda: [psi.copy() for _ in range(BATCHES)]), "step": step}
        timings = run_in_turns(runs, count)
    step_time, copies = timings.pop("step"), timings.pop("copy").scale(1 / BATCHES)
    rows = []
    for name, timing in timings.items():
        seconds = timing.scale(1 / BATCHES)
        label = f"{BATCH} windows of {WINDOW} states, n = 7, from {name}"
        rows.append(compare(ROOM, label, seconds, "a training step", step_time, BOUND, limit=1.0))
        rows.append(
            compare(ROOM, label, seconds, f"copying {psi.nbytes / 1e6:.1f} MB", copies, BOUND)
        )
    return rows


def _streams(config: dict[str, Any], folder: Any) -> dict[str, Iterator[Any]]:
    from qtf.data.exact_dataset import exact_dataset
    from qtf.data.exact_source import ExactSource
    from qtf.data.reader import TrajectoryReader

    shape = {"batch_size": BATCH, "window": WINDOW}
    source = ExactSource(
        config["hamiltonian"], n_sites=config["n_sites"], n_steps=STORED_STEPS, **shape
    )
    datasets = {
        "files": TrajectoryReader(folder, **shape).dataset(),
        "memory": TrajectoryReader(folder, cache=True, **shape).dataset(),
        "exact evolution": exact_dataset(source),
    }
    return {name: iter(dataset) for name, dataset in datasets.items()}


def _batches_of(stream: Iterator[Any]) -> Run:
    return clock(lambda: [np.asarray(next(stream)["psi"]) for _ in range(BATCHES)])
