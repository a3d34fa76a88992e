"""`subprocess.run` and `subprocess.Popen` for commands in Python, without the time of imports.

A command is a process of its own, as by `subprocess`, but forked from one that has imported
TensorFlow and Keras on TensorFlow, and nothing of this tree (`tests.fork_server`). What is about
importing, or about the start and the end of the interpreter, is started by `subprocess` itself.
"""

import atexit
import functools
import json
import os
import select
import shlex
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Read only when a command asks for them; another value of any other variable may matter to imports.
READ_LATE = {
    "PATH",
    "PYTEST_CURRENT_TEST",
    "PYTHONPATH",
    "QTF_TRACEBACK",
    "TF_CONFIG",
    "TF_GRPC_REUSE_PORT",
}
STREAMS = slice(3, 9)


def run(command, *, capture_output=False, timeout=None, check=False, **options):
    """Does what `subprocess.run` does."""
    if capture_output:
        options |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with Popen(command, **options) as process:
        try:
            out, err = process.communicate(timeout=timeout)
        except BaseException:
            process.kill()
            raise
    done = subprocess.CompletedProcess(process.args, process.returncode, out, err)
    if check:
        done.check_returncode()
    return done


class Popen(subprocess.Popen):
    """A process that runs `[sys.executable, ...]`: a module, a text or a script."""

    def _execute_child(self, args, executable, preexec_fn, close_fds, pass_fds, cwd, env, *further):
        python, *arguments = map(os.fspath, args)
        if python != sys.executable:
            raise ValueError(f"Only Python runs here, not {args}.")
        environment = dict(os.environ if env is None else env)
        request = {
            "arguments": arguments,
            "folder": os.path.abspath(cwd or "."),
            "environment": environment,
        }
        _, write_in, *_ = pipes = further[STREAMS]
        ends = [pipes[0], pipes[3], pipes[5]]
        streams = [number if end == -1 else end for number, end in enumerate(ends)]
        control = fork_server()
        if differing := differences(environment):
            raise ValueError(f"Variables that imports may read differ: {differing}.")
        self._status, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            socket.send_fds(control, [json.dumps(request).encode()], [theirs.fileno(), *streams])
        self.pid = int(self._status.recv(32))
        self._child_created = True
        self._close_pipe_fds(*pipes)

    def _internal_poll(self, *_, **__):
        if self.returncode is None:
            pid, status = self._try_wait(os.WNOHANG)
            if pid == self.pid:
                self._handle_exitstatus(status)
        return self.returncode

    def _try_wait(self, wait_flags):
        if wait_flags & os.WNOHANG and not select.select([self._status], [], [], 0)[0]:
            return 0, 0
        status = int(self._status.recv(32))
        self._status.close()
        return self.pid, status


def differences(environment):
    """Returns the names of variables that the fork server saw with another value."""
    names = environment.keys() | START.keys()
    return sorted(name for name in names - READ_LATE if environment.get(name) != START.get(name))


START = dict(os.environ)


@functools.cache
def fork_server():
    """Returns the socket that takes requests; the server ends when this process does."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    START.clear()
    START.update(os.environ)
    # Not by `Popen`, which would warn that nobody has waited for the end.
    with theirs:
        theirs.set_inheritable(True)
        arguments = [sys.executable, "-m", "tests.fork_server", str(theirs.fileno())]
        command = f"cd {shlex.quote(str(ROOT))} && exec {shlex.join(arguments)}"
        os.posix_spawn("/bin/sh", ["sh", "-c", command], os.environ)
    atexit.register(ours.close)
    return ours
