"""Which files a set of trajectories is cut into; the same for any number of workers."""

import math
from dataclasses import dataclass
from typing import Any, Protocol

from qtf.data.schema import Shard, record_size


class Storage(Protocol):
    """Settings that say what a folder of trajectories holds and how it is cut into files."""

    @property
    def n_steps(self) -> int:
        """Steps of a trajectory."""

    @property
    def dtype(self) -> str:
        """Precision of the stored amplitudes."""

    @property
    def compression(self) -> str:
        """Compression of the files."""

    @property
    def shard_megabytes(self) -> float:
        """Size at which trajectories are cut into another file, in millions of bytes."""

    @property
    def min_shards(self) -> int:
        """Smallest number of files for each split and n."""

    @property
    def splits(self) -> tuple[str, ...]:
        """Splits that have trajectories, in order."""

    def counts(self, split: str) -> dict[int, int]:
        """Returns chain length -> number of trajectories of a split."""

    def as_record(self) -> dict[str, Any]:
        """Returns what tells these trajectories from others, as JSON can hold it."""


@dataclass(frozen=True)
class ShardPlan:
    """A file still to be written; the attributes are those of `qtf.data.schema.Shard`."""

    file: str
    split: str
    n_sites: int
    first_trajectory: int
    n_trajectories: int


def plan_shards(settings: Storage) -> tuple[ShardPlan, ...]:
    """Returns all files, ordered by split, chain length and first trajectory.

    Args:
        settings: Settings of the folder.
    """
    plans = []
    for split in settings.splits:
        counts = settings.counts(split)
        for n_sites in sorted(counts):
            plans.extend(_cut(settings, split, n_sites, counts[n_sites]))
    return tuple(plans)


def planned_bytes(settings: Storage, plan: ShardPlan | Shard) -> int:
    """Returns the size of a file before compression, exact to a few bytes a record.

    Args:
        settings: Settings of the folder.
        plan: The file.
    """
    last = plan.first_trajectory + plan.n_trajectories - 1
    n_bytes = amplitude_bytes(settings, plan.n_sites)
    return plan.n_trajectories * record_size(plan.n_sites, last, n_bytes)


def amplitude_bytes(settings: Storage, n_sites: int) -> int:
    """Returns the bytes of the amplitudes of one trajectory.

    Args:
        settings: Settings of the folder.
        n_sites: Number of spins.
    """
    itemsize = {"float32": 4, "float64": 8}[settings.dtype]
    return (settings.n_steps + 1) * 2 * 2**n_sites * itemsize


def _cut(settings: Storage, split: str, n_sites: int, count: int) -> list[ShardPlan]:
    total = count * amplitude_bytes(settings, n_sites)
    n_shards = math.ceil(total / (settings.shard_megabytes * 1e6))
    n_shards = min(count, max(settings.min_shards, n_shards))
    bounds = [i * count // n_shards for i in range(n_shards + 1)]
    return [
        ShardPlan(_file_name(split, n_sites, i, n_shards), split, n_sites, begin, end - begin)
        for i, (begin, end) in enumerate(zip(bounds, bounds[1:], strict=False))
    ]


def _file_name(split: str, n_sites: int, index: int, n_shards: int) -> str:
    return f"{split}-n{n_sites:02}-{index:05}-of-{n_shards:05}.tfrecord"
