"""Fills a folder with trajectories by several processes, and survives being killed."""

import json
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from multiprocessing.connection import wait
from multiprocessing.synchronize import Event
from pathlib import Path

from tqdm import tqdm

from data_gen.dask_workers import ONE_THREAD, written_by_dask
from data_gen.settings import GenerationSettings
from data_gen.shards import write_shard
from qtf.data.schema import Manifest, Shard
from qtf.data.writing.folder import Outcome, fill_folder
from qtf.data.writing.journal import remove_temporary_files
from qtf.data.writing.plan import ShardPlan, planned_bytes
from qtf.data.writing.shards import Written


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
    if _is_starting_worker():
        # The process that started this one says what its script lacks.
        sys.exit(1)
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


def default_workers() -> int:
    """Returns the number of cores that this process may use."""
    return len(os.sched_getaffinity(0))


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
    started = multiprocessing.get_context("spawn").Event()
    with _pool(min(workers, len(todo)), folder, started) as pool:
        futures = [pool.submit(write_shard, settings, plan, folder) for plan in todo]
        yield from _results(futures, started)


def _results(futures: list[Future[Written]], started: Event) -> Iterator[Written]:
    try:
        for future in as_completed(futures):
            yield future.result()
    except BrokenProcessPool as error:
        if not started.is_set():
            raise ValueError(
                "No worker process could start: each imports the script that was started, which"
                ' must therefore call `generate` below `if __name__ == "__main__":`.'
            ) from error
        raise OSError(
            "A worker process was killed, perhaps for lack of memory; the same command continues."
        ) from error


@contextmanager
def _pool(workers: int, folder: Path, started: Event) -> Iterator[ProcessPoolExecutor]:
    others = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, _start_worker, (started,))
    with _environment(dict.fromkeys(ONE_THREAD, "1")):
        try:
            yield pool
            pool.shutdown()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in set(multiprocessing.active_children()) - others:
                process.kill()
                process.join()
            remove_temporary_files(folder)
            raise


def _is_starting_worker() -> bool:
    """Returns whether this process is a worker that still imports the script of its parent."""
    return getattr(multiprocessing.current_process(), "_inheriting", False)


def _start_worker(started: Event) -> None:
    started.set()
    # Ctrl-C reaches the whole group of processes; the parent decides what happens.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


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
