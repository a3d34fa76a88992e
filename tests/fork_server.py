"""Imports what every command imports, once, and forks a process for each that tests start.

Importing TensorFlow takes seconds and starts no threads, so that a fork of this process is what a
fresh one would have become. Started and asked by `tests.preloaded`.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import random
import runpy
import signal
import socket
import sys
import threading
import traceback
import types

THIRD_PARTY = (
    "matplotlib.pyplot",
    "scipy.linalg",
    "scipy.sparse.linalg",
    "scipy.stats",
    "ml_collections.config_flags",
    "keras",
    "grpc",
    "tensorflow_serving.apis.prediction_service_pb2_grpc",
    "uvicorn",
    "uvloop",
)
# Without the folder that this server was started in, where the tree lies.
INSTALLED = sys.path[1:]


def serve(control: socket.socket) -> dict | None:
    """Forks for every request until the other end closes; returns in the forks, with the request.

    Args:
        control: Each message on it is a request in JSON with four file descriptors: the connection
            that the identity and, later, the status of the process go to, and its three streams.

    Returns:
        The request that this process, a fork, is there for, or None: the tests have ended.
    """
    # Nobody waits for the processes between.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, descriptors, *_ = socket.recv_fds(control, 2**20, 4)
        if not message:
            return None
        if os.fork() == 0:
            control.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            connection, *streams = descriptors
            fork_watched(socket.socket(fileno=connection), streams)
            return json.loads(message)
        for descriptor in descriptors:
            os.close(descriptor)


def fork_watched(connection: socket.socket, streams: list[int]) -> None:
    """Forks; returns in the child only. The parent tells its identity, its end, and ends itself."""
    child = os.fork()
    if child == 0:
        connection.close()
        for number, descriptor in enumerate(streams):
            os.dup2(descriptor, number)
            os.close(descriptor)
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for descriptor in streams:
        os.close(descriptor)
    connection.send(str(child).encode())
    _, status = os.waitpid(child, 0)
    # Whoever has started it may be gone.
    with contextlib.suppress(BrokenPipeError):
        connection.send(str(status).encode())
    os._exit(0)


def run(request: dict) -> None:
    """Does what Python does with the arguments, where the request says."""
    import numpy

    random.seed()
    numpy.random.seed()
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    kind, *arguments = request["arguments"]
    sys.modules["__main__"] = main = types.ModuleType("__main__")
    if kind == "-m":
        set_paths(request["folder"])
        sys.argv = arguments
        runpy._run_module_as_main(arguments[0])
    elif kind == "-c":
        set_paths("")
        sys.argv = [kind, *arguments[1:]]
        exec(compile(arguments[0], "<string>", "exec"), main.__dict__)
    else:
        set_paths(os.path.dirname(os.path.realpath(kind)))
        sys.argv = [kind, *arguments]
        main.__file__ = kind
        with open(kind) as script:
            exec(compile(script.read(), kind, "exec"), main.__dict__)


def set_paths(first: str) -> None:
    """Sets where modules are found as Python would: PYTHONPATH follows the first folder."""
    further = os.environ.get("PYTHONPATH", "")
    sys.path[:] = [first, *filter(None, further.split(os.pathsep)), *INSTALLED]


def ended(request: dict) -> int:
    """Runs the command as Python does; returns its exit code."""
    try:
        run(request)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException as error:  # noqa: BLE001 (what Python itself does with it)
        traceback.print_exc()
        return -signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1
    return 0


def leave(code: int) -> None:
    """Ends this process as Python does, but leaves it to the system to tidy up its memory.

    To look at every object would copy the memory shared with the server, which takes a second.
    """
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code & 0xFF)


if __name__ == "__main__":
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["KERAS_HOME"] = os.devnull
    gc.disable()
    from qtf.quiet_import import import_tensorflow_quietly

    import_tensorflow_quietly()
    for name in [name for name in sys.modules if name.partition(".")[0] == "qtf"]:
        del sys.modules[name]
    for name in THIRD_PARTY:
        importlib.import_module(name)
    gc.freeze()
    gc.enable()
    if request := serve(socket.socket(fileno=int(sys.argv[1]))):
        leave(ended(request))
