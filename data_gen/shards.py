"""Computes one shard and writes it; runs in the worker processes."""

import functools
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from data_gen.propagation import DrivenPropagation, Propagation, make_propagation
from data_gen.settings import GenerationSettings
from qtf.data.laws import RecordedLaw
from qtf.data.schema import SPLITS
from qtf.data.writing.plan import ShardPlan
from qtf.data.writing.shards import Written, write_file
from qtf.physics.initial_states import sample_initial_states
from qtf.streams import Stream


def stream_of(split: str, n_sites: int) -> tuple[int, int]:
    """Returns the key of the random stream of one split and chain length.

    Args:
        split: `train`, `validation` or `test`.
        n_sites: Number of spins.

    Example:
        >>> stream_of("validation", 7)
        (2, 7)
    """
    return Stream.TRAIN_FILES + SPLITS.index(split), n_sites


def write_shard(settings: GenerationSettings, plan: ShardPlan, folder: Path) -> Written:
    """Computes the trajectories of a planned file and writes it under a temporary name.

    Args:
        settings: The settings of the generator.
        plan: The file.
        folder: Folder of the file.

    Returns:
        The temporary file and the manifest's entry of the final one.

    Raises:
        OSError: The folder cannot be written to or the disk is full; nothing is left.
    """
    # Imported only where files are written: `tfrecord` cannot share a process with TensorFlow.
    from data_gen.shard_writer import ShardWriter

    open_writer = functools.partial(ShardWriter, compression=settings.compression)
    return write_file(plan, _chunks(settings, plan), folder, open_writer=open_writer)


def _chunks(settings: GenerationSettings, plan: ShardPlan) -> Iterator[tuple[int, np.ndarray]]:
    propagation = _propagation(settings.law, plan.n_sites, settings.n_steps)
    stored = np.dtype(settings.dtype).newbyteorder("<")
    size = max(1, propagation.chunk_bytes // ((settings.n_steps + 1) * 2 ** (plan.n_sites + 4)))
    end = plan.first_trajectory + plan.n_trajectories
    for first in range(plan.first_trajectory, end, size):
        psi0 = sample_initial_states(
            settings.initial_states,
            plan.n_sites,
            min(size, end - first),
            seed=settings.seed,
            stream=stream_of(plan.split, plan.n_sites),
            start=first,
        )
        trajectories = propagation.trajectories(psi0)
        yield first, np.ascontiguousarray(trajectories, dtype=stored)


@functools.lru_cache(maxsize=1)
def _propagation(law: RecordedLaw, n_sites: int, n_steps: int) -> Propagation | DrivenPropagation:
    hamiltonian = law.operator(n_sites)
    if hamiltonian is None:
        raise ValueError("Setting `hamiltonian` must name a Hamiltonian, but is empty.")
    return make_propagation(hamiltonian, dt=law.dt, n_steps=n_steps)
