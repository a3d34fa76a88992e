"""The reference of commands: the help of each of them."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from commands.table import COMMANDS

HEAD = """# Commands: the help of each

What `qtf COMMAND --help` prints. How flags and configurations work together, and how to install
what a command needs, stands in [commands and installation](../commands.md).
"""


def page() -> str:
    """Returns the page as markdown."""
    with ThreadPoolExecutor(2) as pool:
        helps = pool.map(_help, COMMANDS)
    parts = (
        f"## qtf {name}\n\n{COMMANDS[name].summary}\n\n```text\n{text}\n```\n"
        for name, text in zip(COMMANDS, helps, strict=True)
    )
    return "\n".join([HEAD, *parts])


def _help(name: str) -> str:
    """Returns what a command says of itself.

    Raises:
        RuntimeError: It says nothing.
    """
    command = [sys.executable, "-m", "commands", name, "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.stdout.strip():
        raise RuntimeError(f"`qtf {name} --help` printed nothing: {done.stderr.strip()}")
    return done.stdout.strip()
