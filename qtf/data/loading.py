"""Whole trajectories as NumPy arrays, for evaluation. No TensorFlow."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from qtf.data.schema import Manifest, amplitudes_of, read_records
from qtf.progress import announced


def load_trajectories(
    data_dir: Path | str,
    split: str,
    n_sites: int,
    n_samples: int | None = None,
    *,
    n_times: int | None = None,
) -> np.ndarray:
    """Returns the first trajectories of a split, with the checksums of all of them checked.

    Args:
        data_dir: Folder written by the generator.
        split: `train`, `validation` or `test`.
        n_sites: Number of spins.
        n_samples: How many; all of them by default.
        n_times: Their first states that are kept, at most; all of them by default.

    Returns:
        Array (n_samples, n_times, 2**n_sites), complex64 if the stored precision is
        float32 and complex128 if it is float64; times `k * dt` with the manifest's `dt`.

    Raises:
        ValueError: The folder, a file or a record is missing or damaged, or there are
            fewer trajectories than asked for.
    """
    manifest = Manifest.load(data_dir)
    available = manifest.n_trajectories(split, n_sites)
    n_samples = available if n_samples is None else n_samples
    if not 1 <= n_samples <= available:
        raise ValueError(
            f"Argument `n_samples` must be from 1 to {available}, the number of trajectories"
            f" of {n_sites} spins in split {split!r}, but is {n_samples}."
        )
    kind = np.complex64 if manifest.dtype == "float32" else np.complex128
    n_kept = manifest.n_times if n_times is None else min(n_times, manifest.n_times)
    psi = np.empty((n_samples, n_kept, 2**n_sites), kind)
    records = islice(_records(Path(data_dir), manifest, split, n_sites), n_samples)
    with announced(f"reading trajectories of n = {n_sites}", n_samples) as activity:
        for i, stored in enumerate(records):
            psi[i].real, psi[i].imag = stored[:n_kept, 0], stored[:n_kept, 1]
            activity.advance()
    return psi


def _records(folder: Path, manifest: Manifest, split: str, n_sites: int) -> Iterator[np.ndarray]:
    for shard in manifest.shards(split, n_sites):
        path, position = folder / shard.file, 0
        for record in read_records(path, manifest.compression):
            yield amplitudes_of(record, manifest.n_times, manifest.dtype)
            position += 1
        if position != shard.n_trajectories:
            raise ValueError(
                f"File {path} must have {shard.n_trajectories} records, but has {position}."
            )
