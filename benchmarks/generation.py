"""Speed of generating trajectories beside the speed of writing the same bytes.

    python -m benchmarks.generation [--n_trajectories=10000] [--runs=3] [--folder=F]

Both are measured in turn on the same disk, from the start of the command or of the
write until the bytes are on the disk; the generator's time includes starting its
processes and all checksums. Prints a line of text and a line of JSON with the medians.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from data_gen.generation import default_workers, generate

CHUNK_BYTES = 8 << 20


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n_trajectories", type=int, default=10_000)
    parser.add_argument("--n_sites", type=int, default=7)
    parser.add_argument("--n_steps", type=int, default=100)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--workers", type=int, default=default_workers())
    parser.add_argument("--folder", default=".", help="A folder on the disk to be measured.")
    result = measure(parser.parse_args())
    print(
        f"{result['megabytes']:.0f} MB: generated at {result['generation_mb_s']:.0f} MB/s,"
        f" written at {result['writing_mb_s']:.0f} MB/s, ratio {result['ratio']:.2f}"
        f" (must be at least 0.5)."
    )
    print(json.dumps(result))


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Returns medians over the runs; `ratio` is the median of the ratios within a run."""
    with tempfile.TemporaryDirectory(dir=arguments.folder, prefix=".benchmark-") as name:
        runs = [_run(arguments, Path(name)) for _ in range(arguments.runs)]
    generating, writing, sizes = zip(*runs, strict=True)
    n_bytes = sizes[0]
    megabytes = n_bytes / 1e6
    ratios = [w / g for w, g in zip(writing, generating, strict=True)]
    return {
        "megabytes": megabytes,
        "workers": arguments.workers,
        "generation_mb_s": megabytes / statistics.median(generating),
        "writing_mb_s": megabytes / statistics.median(writing),
        "ratio": statistics.median(ratios),
        "ratios": [round(ratio, 3) for ratio in ratios],
    }


def _run(arguments: argparse.Namespace, folder: Path) -> tuple[float, float, int]:
    generating = _seconds(_generate, arguments, folder)
    n_bytes = _removed_bytes(folder)
    writing = _seconds(_write, folder / "plain", n_bytes)
    _removed_bytes(folder)
    return generating, writing, n_bytes


def _generate(arguments: argparse.Namespace, folder: Path) -> None:
    config = {
        "hamiltonian": {"name": "ising", "lattice": "chain"},
        "n_sites": (arguments.n_sites,),
        "initial_states": "paper",
        "dt": 0.002,
        "n_steps": arguments.n_steps,
        "n_trajectories": {"train": arguments.n_trajectories},
    }
    generate(config, folder, workers=arguments.workers, progress=False)


def _removed_bytes(folder: Path) -> int:
    paths = list(folder.iterdir())
    n_bytes = sum(path.stat().st_size for path in paths)
    for path in paths:
        path.unlink()
    os.sync()
    return n_bytes


def _write(target: Path, n_bytes: int) -> None:
    chunk = os.urandom(CHUNK_BYTES)
    with open(target, "wb") as file:
        for begin in range(0, n_bytes, CHUNK_BYTES):
            file.write(chunk[: n_bytes - begin])
        file.flush()
        os.fsync(file.fileno())


def _seconds(work: Callable[..., None], *arguments: Any) -> float:
    begin = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
