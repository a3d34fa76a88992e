import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import preloaded

ROOT = Path(__file__).parents[2]


@pytest.fixture
def on_both_backends(tmp_path):
    """Function of a program's text: runs it on JAX, then on TensorFlow, with a folder to fill."""

    def run(program):
        command = [sys.executable, "-c", program, str(tmp_path)]
        on_jax = {**os.environ, "KERAS_BACKEND": "jax"}
        subprocess.run(command, cwd=ROOT, env=on_jax, check=True)
        preloaded.run(command, cwd=ROOT, check=True)
        return tmp_path

    return run


@pytest.fixture
def two_workers():
    """Function of what starts a process of given variables: starts two that train together.

    Their ports are held until the test ends, so that no other test gets one of them before they
    listen; what still runs then is killed.
    """
    processes = []
    with contextlib.ExitStack() as stack:

        def start_two(start):
            sockets = [stack.enter_context(socket.socket()) for _ in range(2)]
            for held in sockets:
                held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                held.bind(("localhost", 0))
            workers = [f"localhost:{held.getsockname()[1]}" for held in sockets]
            for index in range(2):
                task = {"type": "worker", "index": index}
                config = json.dumps({"cluster": {"worker": workers}, "task": task})
                processes.append(start(TF_CONFIG=config, TF_GRPC_REUSE_PORT="1"))
            return processes[-2:]

        yield start_two
        for process in processes:
            if process.poll() is None:
                process.kill()
            process.communicate()


@pytest.fixture
def wait_for_checkpoint():
    """Function of a run folder and its processes: waits until there is a checkpoint."""

    def wait(workdir, processes):
        deadline = time.monotonic() + 200
        while not list(workdir.glob("checkpoints/*.index")):
            assert time.monotonic() < deadline
            for process in processes:
                assert process.poll() is None, process.communicate()[1][-3000:]
            time.sleep(0.1)

    return wait
