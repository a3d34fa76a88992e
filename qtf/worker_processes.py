"""Work that several processes share; none of them outlives the one that started it."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait
from multiprocessing.synchronize import Event
from typing import Any

# The sums of a matrix product, and so its last bits, depend on the number of threads.
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")


def run_in_processes(
    function: Callable[..., Any],
    tasks: Sequence[tuple[Any, ...]],
    *,
    workers: int,
    caller: str,
    variables: Mapping[str, str] | None = None,
    clean_up: Callable[[], None] | None = None,
) -> Generator[Any, None, None]:
    """Yields what a function returns for each task, as processes of one thread finish them.

    Where this generator is closed or an error comes, the processes are killed.

    Args:
        function: A function of a module, whose results can be sent from process to process.
        tasks: The arguments of each call, in the order in which calls are started.
        workers: Number of processes.
        caller: What a script must call below `if __name__ == "__main__":`, for the message.
        variables: Environment variables of the processes, besides those of one thread.
        clean_up: Called after the processes are killed.

    Raises:
        ValueError: The script that was started starts anew in every process.
        OSError: A process was killed.
    """
    started = multiprocessing.get_context("spawn").Event()
    environment = {**dict.fromkeys(ONE_THREAD, "1"), **(variables or {})}
    with _pool(min(workers, len(tasks)), environment, started, clean_up) as pool:
        futures = [pool.submit(function, *task) for task in tasks]
        yield from _results(futures, started, caller)


@contextmanager
def worker_pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Gives a pool of processes of one thread; after an error inside the block they are killed.

    Args:
        workers: Number of processes.
    """
    started = multiprocessing.get_context("spawn").Event()
    with _pool(workers, dict.fromkeys(ONE_THREAD, "1"), started, None) as pool:
        yield pool


def default_workers() -> int:
    """Returns the number of cores that this process may use."""
    return len(os.sched_getaffinity(0))


def leave_if_starting() -> None:
    """Ends a worker process that imports the script of its parent and calls for workers itself.

    The parent says what the script lacks.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        sys.exit(1)


def _results(futures: list[Future[Any]], started: Event, caller: str) -> Iterator[Any]:
    try:
        for future in as_completed(futures):
            yield future.result()
    except BrokenProcessPool as error:
        if not started.is_set():
            raise ValueError(
                "No worker process could start: each imports the script that was started, which"
                f' must therefore call `{caller}` below `if __name__ == "__main__":`.'
            ) from error
        raise OSError(
            "A worker process was killed, perhaps for lack of memory; the same command continues."
        ) from error


@contextmanager
def _pool(
    workers: int,
    environment: Mapping[str, str],
    started: Event,
    clean_up: Callable[[], None] | None,
) -> Iterator[ProcessPoolExecutor]:
    others = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, _start_worker, (started,))
    with _environment(environment):
        try:
            yield pool
            pool.shutdown()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in set(multiprocessing.active_children()) - others:
                process.kill()
                process.join()
            if clean_up is not None:
                clean_up()
            raise


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
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
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
