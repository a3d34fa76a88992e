"""Runs stages one after another and continues where an earlier start was interrupted."""

import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from qtf.files import read_json, write_json
from reproduce.child import end_with_parent
from reproduce.fingerprints import ROOT, fingerprint
from reproduce.stages import Stage

# Seconds between two records of how long a stage has run.
HEARTBEAT = 10.0


class StageFailedError(Exception):
    """A stage's command ended with an error, which it has printed itself.

    Args:
        name: The stage.
        code: Its exit code.
    """

    def __init__(self, name: str, code: int) -> None:
        super().__init__(f"Stage {name} ended with exit code {code}.")
        self.code = code


class Journal:
    """Remembers what was computed from what, in a file that survives any interruption.

    Args:
        path: The file.

    Raises:
        ValueError: The file is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.entries: dict[str, dict[str, Any]] = read_json(path) if path.exists() else {}

    def update(self, name: str, **values: Any) -> None:
        """Changes the entry of a stage and writes the file."""
        self.entries[name] = {**self.entries.get(name, {}), **values}
        write_json(self._path, self.entries)


class Runner:
    """Runs stages whose outputs are missing or out of date.

    Args:
        out_dir: Folder of all outputs and the journal.
        journal: What earlier starts recorded.
        say: Prints a line.
    """

    def __init__(self, out_dir: Path, journal: Journal, say: Callable[[str], None]) -> None:
        self.out_dir = out_dir
        self.journal = journal
        self.say = say

    def is_finished(self, stage: Stage) -> bool:
        """Tells whether the output is there and made from the present inputs."""
        entry = self.journal.entries.get(stage.name, {})
        return (
            entry.get("finished", False)
            and entry["fingerprint"] == fingerprint(stage, self.out_dir)
            and stage.output.exists()
        )

    def run(self, stages: Sequence[Stage]) -> None:
        """Runs the stages in their order.

        Raises:
            ValueError: A stage needs another one that is not finished.
            StageFailedError: A command failed; the same call continues with it.
            KeyboardInterrupt: Interrupted; the command had time to save what it has.
        """
        for stage in stages:
            if self.is_finished(stage):
                self.say(f"== {stage.name}: finished already")
            else:
                self._run(stage)

    def _run(self, stage: Stage) -> None:
        for name in stage.needs:
            if not self.journal.entries.get(name, {}).get("finished", False):
                raise ValueError(f"Stage {stage.name} needs stage {name}, which is not finished.")
        found = fingerprint(stage, self.out_dir)
        before = self.journal.entries.get(stage.name, {})
        if before.get("fingerprint", found) != found:
            self._move_aside(stage)
            before = {}
        seconds = 0.0 if before.get("finished") else before.get("seconds", 0.0)
        self.journal.update(stage.name, fingerprint=found, finished=False, seconds=seconds)
        self.say(f"== {stage.name}, about {duration(stage.minutes)}: {as_typed(stage)}")
        self._execute(stage, seconds)
        if not stage.output.exists():
            raise ValueError(f"Stage {stage.name} has not written {stage.output}.")
        self.journal.update(stage.name, finished=True)

    def _execute(self, stage: Stage, seconds_before: float) -> None:
        started = time.monotonic()

        def record() -> None:
            self.journal.update(stage.name, seconds=seconds_before + time.monotonic() - started)

        try:
            code = run_command_with_heartbeat([sys.executable, *stage.command], record)
        finally:
            record()
        if code:
            raise StageFailedError(stage.name, code)

    def _move_aside(self, stage: Stage) -> None:
        """Keeps what was made from other inputs; hours of training may be in it."""
        if not stage.output.is_relative_to(self.out_dir) or not stage.output.exists():
            return
        number = 1
        while (aside := stage.output.with_name(f"{stage.output.name}.old-{number}")).exists():
            number += 1
        stage.output.rename(aside)
        self.say(f"== {stage.name}: its inputs have changed; the old output is now {aside}")


def run_command_with_heartbeat(command: Sequence[str], beat: Callable[[], None]) -> int:
    """Runs a command in the repository's root and returns its exit code.

    The command has a session of its own, so that Ctrl-C reaches it once and not twice, and
    ends with this process even if that is killed: two trainings in one folder must not be.

    Args:
        command: Program and arguments.
        beat: Called every few seconds.

    Raises:
        KeyboardInterrupt: This process was interrupted; the command has ended.
    """
    process = subprocess.Popen(end_with_parent(command), cwd=ROOT, start_new_session=True)
    try:
        while True:
            try:
                return process.wait(HEARTBEAT)
            except subprocess.TimeoutExpired:
                beat()
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        raise
    finally:
        if process.poll() is None:
            process.kill()


def as_typed(stage: Stage) -> str:
    """Returns the command as a user would type it."""
    return shlex.join(("python", *stage.command))


def duration(minutes: float) -> str:
    """Returns minutes in words.

    Example:
        >>> duration(0.2), duration(20), duration(615)
        ('1 min', '20 min', '10.2 h')
    """
    return f"{minutes / 60:.1f} h" if minutes > 90 else f"{max(1, round(minutes))} min"
