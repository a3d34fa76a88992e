"""Which files a set of trajectories is cut into; the same for any number of workers."""

import math
from dataclasses import dataclass

from data_gen.settings import GenerationSettings
from qtf.data.schema import SPLITS, Shard, record_size


@dataclass(frozen=True)
class ShardPlan:
    """A file still to be written; the attributes are those of `qtf.data.schema.Shard`."""

    file: str
    split: str
    n_sites: int
    first_trajectory: int
    n_trajectories: int


def plan_shards(settings: GenerationSettings) -> tuple[ShardPlan, ...]:
    """Returns all files, ordered by split, chain length and first trajectory.

    Args:
        settings: The settings of the generator.
    """
    plans = []
    for split in (s for s in SPLITS if s in settings.n_trajectories.by_split):
        counts = settings.counts(split)
        for n_sites in sorted(counts):
            plans.extend(_cut(settings, split, n_sites, counts[n_sites]))
    return tuple(plans)


def planned_bytes(settings: GenerationSettings, plan: ShardPlan | Shard) -> int:
    """Returns the size of a file before compression, exact to a few bytes a record.

    Args:
        settings: The settings of the generator.
        plan: The file.
    """
    last = plan.first_trajectory + plan.n_trajectories - 1
    n_bytes = amplitude_bytes(settings, plan.n_sites)
    return plan.n_trajectories * record_size(plan.n_sites, last, n_bytes)


def amplitude_bytes(settings: GenerationSettings, n_sites: int) -> int:
    """Returns the bytes of the amplitudes of one trajectory.

    Args:
        settings: The settings of the generator.
        n_sites: Number of spins.
    """
    itemsize = {"float32": 4, "float64": 8}[settings.dtype]
    return (settings.n_steps + 1) * 2 * 2**n_sites * itemsize


def _cut(settings: GenerationSettings, split: str, n_sites: int, count: int) -> list[ShardPlan]:
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
