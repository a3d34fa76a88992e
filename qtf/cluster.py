"""Processes of a dask.distributed cluster, of this machine or of many."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LOCAL = "local"
CONNECTION_SECONDS = 10


@contextmanager
def cluster_client(scheduler: str, workers: int, *, flag: str) -> Iterator[Any]:
    """Yields the client of a cluster.

    Args:
        scheduler: Address of the scheduler (`tcp://host:8786`), path of its file, or "local"
            for a cluster of processes on this machine.
        workers: Processes of a local cluster.
        flag: Name of the flag that names the scheduler.

    Yields:
        A `dask.distributed.Client`.

    Raises:
        ValueError: The package is missing, or no scheduler answers.
    """
    try:
        from dask.distributed import Client, LocalCluster
    except ImportError as error:
        raise ValueError(
            f'Flag --{flag} needs the package dask: pip install "qtf[dask]".'
        ) from error
    # It tells of every process that starts or ends.
    logging.getLogger("distributed").setLevel(logging.ERROR)
    if scheduler == LOCAL:
        cluster = LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None)
        with cluster, Client(cluster) as client:
            yield client
        return
    is_file = Path(scheduler).is_file()
    where = {"scheduler_file": scheduler} if is_file else {"address": scheduler}
    try:
        client = Client(**where, timeout=CONNECTION_SECONDS)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"Flag --{flag} must name a scheduler that answers, but is {scheduler!r}."
        ) from error
    with client:
        yield client
