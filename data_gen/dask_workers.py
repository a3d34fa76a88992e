"""Lets the workers of a dask.distributed cluster fill the shards."""

import os
from collections.abc import Generator, Sequence
from pathlib import Path

from data_gen.settings import GenerationSettings
from data_gen.shards import write_shard
from qtf.cluster import cluster_client
from qtf.data.writing.plan import ShardPlan
from qtf.data.writing.shards import Written
from qtf.worker_processes import ONE_THREAD


def written_by_dask(
    settings: GenerationSettings,
    todo: Sequence[ShardPlan],
    folder: Path,
    *,
    scheduler: str,
    workers: int,
) -> Generator[Written, None, None]:
    """Yields the shards as the cluster finishes them.

    A shard whose worker dies is computed again by another one.

    Args:
        settings: The settings of the generator.
        todo: The files to write, in the order in which they are started.
        folder: Folder of the files; all workers and this process have to see it.
        scheduler: Address of the scheduler (`tcp://host:8786`), path of its file, or "local"
            for a cluster of processes on this machine.
        workers: Processes of a local cluster.

    Raises:
        ValueError: The package is missing, no scheduler answers, or a worker has several
            threads.
        OSError: A shard killed its workers, or the folder is not shared.
    """
    with cluster_client(scheduler, workers, flag="dask_scheduler") as client:
        from dask.distributed import KilledWorker, as_completed

        futures = [
            client.submit(write_with_one_thread, settings, plan, folder, pure=False)
            for plan in todo
        ]
        try:
            for future in as_completed(futures):
                yield _visible(future.result(), folder)
        except KilledWorker as error:
            raise OSError(
                "Dask workers were killed several times over the same shard, perhaps for lack of"
                " memory; the same command continues."
            ) from error
        finally:
            client.cancel(futures)


def write_with_one_thread(settings: GenerationSettings, plan: ShardPlan, folder: Path) -> Written:
    """Writes a shard after checking that linear algebra has one thread in this process."""
    for name in ONE_THREAD:
        if os.environ.get(name) != "1":
            raise ValueError(
                f"Dask workers must be started with {name}=1, so that all files have the same"
                f" bytes whatever writes them, but it is {os.environ.get(name)}."
            )
    return write_shard(settings, plan, folder)


def _visible(written: Written, folder: Path) -> Written:
    if not written.temporary.exists():
        raise OSError(
            f"A dask worker wrote {written.temporary.name}, but this process does not see it:"
            f" {folder} must be the same folder for all of them."
        )
    return written
