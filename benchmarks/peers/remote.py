"""Runs pieces of work in another Python process, one at a time, when asked.

The other process runs `python -m benchmarks.peers.MODULE` in the environment of the peers; that
module calls `serve` with its pieces of work. Both sides exchange one line for each run, so that
ours and theirs can take turns although no environment holds both.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.timing import Run

ROOT = Path(__file__).resolve().parent.parent.parent
# The Python of the peers' environment.
PYTHON_VARIABLE = "QTF_PEERS"


def serve(make: Mapping[str, Callable[..., Run]]) -> None:
    """Answers on standard output for every request on standard input: seconds of one run.

    Args:
        make: Name -> function that prepares a piece of work from the request's arguments.
    """
    # Libraries print; the answers must stay alone.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    prepared: dict[str, Run] = {}
    for line in sys.stdin:
        request = json.loads(line)
        if line not in prepared:
            prepared[line] = make[request["name"]](**request["arguments"])
        print(json.dumps(prepared[line]()), file=answers, flush=True)


@contextmanager
def remote(module: str) -> Iterator[Callable[..., Run]]:
    """Starts the process of a module and yields a function that makes runs in it.

    Args:
        module: Name of a module of `benchmarks.peers`, run with the Python that `QTF_PEERS` names.
    """
    # `python -m` would find our own environment's packages through PYTHONPATH.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    with subprocess.Popen(
        [os.environ[PYTHON_VARIABLE], "-m", f"benchmarks.peers.{module}"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        requests, answers = process.stdin, process.stdout
        assert requests is not None
        assert answers is not None

        def make(name: str, **arguments: Any) -> Run:
            line = json.dumps({"name": name, "arguments": arguments}) + "\n"

            def run() -> float:
                requests.write(line)
                requests.flush()
                answer = answers.readline()
                if not answer:
                    raise RuntimeError(f"Peer {name} ended; its message is above.")
                return float(json.loads(answer))

            return run

        # The end of its input ends the process.
        yield make
