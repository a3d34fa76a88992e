"""Starts a program that ends with its parent: `python child_process.py PARENT PROGRAM [WORD ...]`.

Between fork and exec of a process with threads nothing of Python is safe to run: handlers of other
libraries, as those of gRPC, run first and may abort the new process. So what is to be said to the
kernel is said by a process of its own, which then becomes the program.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1


def end_with_parent(command: Sequence[str]) -> list[str]:
    """Returns a command that does the same, and is killed when this process dies.

    Args:
        command: Program and arguments.

    Example:
        >>> end_with_parent(["true"])[2:] == [str(os.getpid()), "true"]
        True
    """
    return [sys.executable, str(Path(__file__)), str(os.getpid()), *command]


def become(parent: int, command: Sequence[str]) -> None:
    """Becomes a program that the kernel kills when its parent dies, where it knows how to.

    Args:
        parent: Process id of who started this process; it may be gone already.
        command: Program and arguments.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
    os.execvp(command[0], list(command))


if __name__ == "__main__":
    become(int(sys.argv[1]), sys.argv[2:])
