"""Runs stages one after another and continues where an earlier start was interrupted."""

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from qtf.child_process import end_with_parent
from reproduce.engine import layout
from reproduce.engine.fingerprints import fingerprint
from reproduce.engine.journal import Entry, Journal
from reproduce.engine.stages import Stage, duration

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
        entry = self.journal[stage.name]
        return (
            entry.finished
            and entry.fingerprint == fingerprint(stage, self.out_dir)
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
                self.run_anew(stage)

    def run_anew(self, stage: Stage) -> None:
        """Runs one stage, finished or not; errors are those of `run`."""
        for name in stage.needs:
            if not self.journal[name].finished:
                raise ValueError(f"Stage {stage.name} needs stage {name}, which is not finished.")
        digest, before = fingerprint(stage, self.out_dir), self.journal[stage.name]
        if before.fingerprint not in ("", digest):
            self._move_aside(stage)
            before = Entry()
        seconds = 0.0 if before.finished else before.seconds
        self.journal.update(stage.name, fingerprint=digest, finished=False, seconds=seconds)
        self.say(f"== {stage.name}, about {duration(stage.minutes)}: {stage.command_line}")
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
    process = subprocess.Popen(end_with_parent(command), cwd=layout.ROOT, start_new_session=True)
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
