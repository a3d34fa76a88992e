"""Speed of the reader and of the source that computes, from the page cache.

    python -m benchmarks.reading [--batch_size=64] [--window=100] [--batches=200]

Trajectories of 7 spins are generated into a temporary folder and read as a trainer reads
them. Prints lines of text and a line of JSON; `ms_per_batch` is to be compared with the
time that a training step takes.
"""

import os

# Before NumPy is imported: see `qtf.data.exact_source`.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from typing import Any

from data_gen.generation import default_workers, generate


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n_trajectories", type=int, default=4_000)
    parser.add_argument("--n_sites", type=int, default=7)
    parser.add_argument("--batch_size", type=int, default=64)
    parser.add_argument("--window", type=int, default=100)
    parser.add_argument("--batches", type=int, default=200)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", default=".", help="A folder on the disk to be measured.")
    arguments = parser.parse_args()
    results = measure(arguments)
    for name, result in results.items():
        print(
            f"{name}: {result['batches_s']:.0f} batches/s, {result['mb_s']:.0f} MB/s,"
            f" {result['ms_per_batch']:.1f} ms a batch."
        )
    print(json.dumps(results))


def measure(arguments: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Returns the medians over the runs for each way to get batches."""
    from qtf.data.exact_dataset import exact_dataset
    from qtf.data.exact_source import ExactSource
    from qtf.data.reader import TrajectoryReader

    shape = {"batch_size": arguments.batch_size, "window": arguments.window}
    with tempfile.TemporaryDirectory(dir=arguments.folder, prefix=".benchmark-") as folder:
        config = _config(arguments)
        generate(config, folder, workers=default_workers(), progress=False)
        source = ExactSource(config["hamiltonian"], n_sites=config["n_sites"], **shape)
        streams = {
            "shards": TrajectoryReader(folder, **shape).dataset(),
            "shards_in_memory": TrajectoryReader(folder, cache=True, **shape).dataset(),
            "computed": exact_dataset(source),
        }
        return {name: _speed(stream, arguments) for name, stream in streams.items()}


def _config(arguments: argparse.Namespace) -> dict[str, Any]:
    return {
        "hamiltonian": {"name": "ising", "lattice": "chain"},
        "n_sites": (arguments.n_sites,),
        "initial_states": "paper",
        "dt": 0.002,
        "n_steps": 100,
        "n_trajectories": {"train": arguments.n_trajectories},
    }


def _speed(stream: Any, arguments: argparse.Namespace) -> dict[str, float]:
    iterator = iter(stream)
    batch_bytes = next(iterator)["psi"].numpy().nbytes
    seconds = statistics.median(
        _seconds(iterator, arguments.batches) for _ in range(arguments.runs)
    )
    rate = arguments.batches / seconds
    return {
        "batches_s": rate,
        "mb_s": rate * batch_bytes / 1e6,
        "ms_per_batch": 1e3 / rate,
    }


def _seconds(iterator: Iterator[Any], n_batches: int) -> float:
    begin = time.perf_counter()
    for _ in range(n_batches):
        next(iterator)
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
