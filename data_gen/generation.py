"""Fills a folder with trajectories by several processes, and survives being killed."""

import json
import sys
from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path

from tqdm import tqdm

from data_gen.dask_workers import written_by_dask
from data_gen.settings import GenerationSettings
from data_gen.shards import write_shard
from qtf.data.schema import Manifest, Shard
from qtf.data.writing.folder import Outcome, fill_folder
from qtf.data.writing.journal import remove_temporary_files
from qtf.data.writing.plan import ShardPlan, planned_bytes
from qtf.data.writing.shards import Written
from qtf.worker_processes import leave_if_starting, run_in_processes


def generate(
    settings: GenerationSettings,
    out_dir: Path | str,
    *,
    workers: int,
    dask_scheduler: str | None = None,
    progress: bool = True,
) -> Outcome:
    """Writes all trajectories that settings ask for, and their manifest.

    The bytes of all files depend on the settings only, not on `workers`, and not on how
    often the work was interrupted.

    Args:
        settings: Settings of the generation.
        out_dir: Folder to fill; empty, new, or left by an interrupted run.
        workers: Number of processes.
        dask_scheduler: Lets a dask.distributed cluster do the work, see `data_gen.dask_workers`.
        progress: Whether to show a progress bar.

    Returns:
        The manifest and the number of shards that this call wrote.

    Raises:
        ValueError: The folder holds something else, or the calling script
            starts anew in every worker.
        OSError: The folder cannot be written to or the disk is full; finished files stay.
    """
    leave_if_starting()
    if workers < 1:
        raise ValueError(f"Argument `workers` must be a positive integer, but is {workers}.")

    def write(
        folder: Path, plans: Sequence[ShardPlan], todo: list[ShardPlan]
    ) -> Generator[Written, None, None]:
        n_finished = len(plans) - len(todo)
        with (
            _bar(settings, plans, todo, progress=progress) as bar,
            closing(_written(settings, todo, folder, workers, dask_scheduler)) as written,
        ):
            for each in written:
                yield each
                n_finished += 1
                _advance(bar, settings, each.shard, n_finished, len(plans))

    return fill_folder(
        out_dir, settings, write=write, describe=lambda shards: _manifest(settings, shards)
    )


def _written(
    settings: GenerationSettings,
    todo: list[ShardPlan],
    folder: Path,
    workers: int,
    dask_scheduler: str | None,
) -> Generator[Written, None, None]:
    if not todo:
        return
    # Long chains first: their files take longest, and a worker keeps its eigenbasis.
    todo = sorted(todo, key=lambda plan: -plan.n_sites)
    if dask_scheduler is not None:
        try:
            yield from written_by_dask(
                settings, todo, folder, scheduler=dask_scheduler, workers=min(workers, len(todo))
            )
        except BaseException:
            remove_temporary_files(folder)
            raise
        return
    yield from run_in_processes(
        write_shard,
        [(settings, plan, folder) for plan in todo],
        workers=workers,
        caller="generate",
        clean_up=lambda: remove_temporary_files(folder),
    )


def _bar(
    settings: GenerationSettings,
    plans: Sequence[ShardPlan],
    todo: list[ShardPlan],
    *,
    progress: bool,
) -> tqdm:
    total = sum(planned_bytes(settings, plan) for plan in plans)
    remaining = sum(planned_bytes(settings, plan) for plan in todo)
    return tqdm(
        total=total,
        initial=total - remaining,
        desc=f"shard {len(plans) - len(todo)}/{len(plans)}",
        unit="B",
        unit_scale=True,
        disable=not progress,
        file=sys.stderr,
    )


def _advance(
    bar: tqdm, settings: GenerationSettings, shard: Shard, n_finished: int, n_shards: int
) -> None:
    bar.set_description(f"shard {n_finished}/{n_shards}", refresh=False)
    bar.update(planned_bytes(settings, shard))


def _manifest(settings: GenerationSettings, shards: tuple[Shard, ...]) -> Manifest:
    # Settings as they are read back: lists for tuples.
    return Manifest(
        **settings.law.as_manifest(settings.n_sites),
        n_steps=settings.n_steps,
        dtype=settings.dtype,
        compression=settings.compression,
        seed=settings.seed,
        settings=json.loads(json.dumps(settings.as_record())),
        files=shards,
    )
