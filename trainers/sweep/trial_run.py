"""Runs one trial, in a process of its own, on whatever machine a worker stands."""

import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qtf.child_process import end_with_parent
from qtf.files import locked, read_object, writable_folder, write_json

FINISHED, FAILED = "finished", "failed"
POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Outcome:
    """How a trial ended.

    Attributes:
        name: Name of the trial.
        status: "finished" or "failed".
        error: Last line that a failed one wrote, else empty.
        seconds: Seconds of its last start.
    """

    name: str
    status: str
    error: str = ""
    seconds: float = 0.0

    @property
    def is_finished(self) -> bool:
        """Whether there is nothing left to do."""
        return self.status == FINISHED

    def line(self) -> str:
        """Returns it in words."""
        error = f": {self.error}" if self.error else ""
        return f"{self.name}  {self.status} in {self.seconds:.0f} s{error}"


@dataclass(frozen=True)
class SweepFolder:
    """The files of a sweep.

    Attributes:
        path: The folder, which all workers have to see.
    """

    path: Path

    def workdir(self, name: str) -> Path:
        """Returns the run folder of a trial."""
        return self.path / "runs" / name

    def log(self, name: str) -> Path:
        """Returns what a trial wrote."""
        return self.path / "logs" / f"{name}.log"

    def outcome(self, name: str) -> Outcome | None:
        """Returns how a trial ended; None if it has not.

        Raises:
            ValueError: The file is damaged.
        """
        path = self._outcome_path(name)
        if not path.exists():
            return None
        content = read_object(path, keys=("status", "error", "seconds"))
        return Outcome(name, content["status"], content["error"], content["seconds"])

    def record(self, outcome: Outcome) -> None:
        """Writes down how a trial ended."""
        content = {
            "status": outcome.status,
            "error": outcome.error,
            "seconds": round(outcome.seconds, 1),
        }
        write_json(self._outcome_path(outcome.name), content)

    def make(self) -> None:
        """Makes the folders.

        Raises:
            OSError: They cannot be written to.
        """
        for name in ("runs", "logs", "outcomes"):
            writable_folder(self.path / name)

    def _outcome_path(self, name: str) -> Path:
        return self.path / "outcomes" / f"{name}.json"


def run_trial(name: str, command: Sequence[str], folder: SweepFolder, *, cwd: str) -> Outcome:
    """Runs or continues a trial and records how it ended.

    Should the process die that calls this, so does the trial; its run folder keeps what it had.

    Args:
        name: Name of the trial.
        command: Program and arguments.
        folder: The sweep.
        cwd: Folder in which the command is started.
    """
    workdir = folder.workdir(name)
    workdir.mkdir(exist_ok=True)
    _wait_until_free(workdir)
    started = time.monotonic()
    log = folder.log(name)
    with log.open("ab") as file:
        exit_code = subprocess.call(
            end_with_parent(command),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    seconds = time.monotonic() - started
    if exit_code == 0:
        outcome = Outcome(name, FINISHED, seconds=seconds)
    else:
        outcome = Outcome(name, FAILED, last_line(log) or f"exit code {exit_code}", seconds)
    folder.record(outcome)
    return outcome


def last_line(log: Path) -> str:
    """Returns the last line of a log, at most 500 letters of it."""
    lines = log.read_text(errors="replace").split("\n")
    return next((line.strip()[-500:] for line in reversed(lines) if line.strip()), "")


def _wait_until_free(workdir: Path) -> None:
    """Waits while a former start of the trial, on a cluster, is still at work."""
    while True:
        try:
            locked(workdir).close()
            return
        except ValueError:
            time.sleep(POLL_SECONDS)
