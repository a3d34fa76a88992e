r"""Starts a training, stops it after a few steps, resumes it, and records times and memory.

    python -m reproduce.sections.full_scale.start_and_resume --config=CONFIG \
        --module=trainers.ground_state --workdir=FOLDER --out_file=FILE.json [--n_steps=2] \
        [--noresume]

It is for configurations that take days: what a user would find out in the first minutes. The
training is in FOLDER/try-unfinished, which becomes FOLDER/try-1, or the next free number, at the
end. What a try that was killed or failed has left there is removed by the next one.
"""

import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from absl import flags

from qtf.child_process import end_with_parent
from qtf.command_line import INTERRUPTED, run_command
from qtf.files import locked, writable_folder, write_json
from qtf.ground_states.growth_folders import size_folders

METRICS = "metrics.jsonl"
TRAINING_STEP = re.compile(r'"step": (\d+), "kind": "training"')
LOG_EVERY_STEP = "--config.training.log_every_steps=1"
# How often it is looked whether there is a new step, in seconds.
INTERVAL = 0.2
# Run folder of a try until it is at its end.
UNFINISHED = "try-unfinished"


@dataclass
class Part:
    """What was seen of one start.

    Attributes:
        seconds: Seconds from the start of the command to each new step.
        peak_bytes: Largest resident memory.
    """

    seconds: list[float] = field(default_factory=list)
    peak_bytes: int = 0

    def values(self) -> dict[str, Any]:
        """Returns the numbers of the page."""
        first, last = self.seconds[0], self.seconds[-1]
        n_further = len(self.seconds) - 1
        return {
            "n_steps": len(self.seconds),
            "seconds_to_first_step": first,
            "seconds_a_step": (last - first) / n_further if n_further else None,
            "peak_gib": self.peak_bytes / 2**30,
        }


def observe(command: list[str], workdir: Path, n_steps: int, *, resumes: bool = True) -> Part:
    """Runs a training until it has taken some more steps, and stops it by SIGTERM.

    Args:
        command: Program and arguments.
        workdir: Run folder of the training; what it holds already is to be gone on from.
        n_steps: Further steps to wait for.
        resumes: Whether it is to be gone on from; otherwise it is killed, as a step that nobody
            needs may take an hour.

    Raises:
        ValueError: It ended before, did not stop as asked, or began again from the start.
    """
    part, before = Part(), _steps(workdir)
    started = time.monotonic()
    process = subprocess.Popen(end_with_parent(command))
    try:
        while len(part.seconds) < n_steps:
            if process.poll() is not None:
                raise ValueError(
                    f"The training ended with exit code {process.returncode} after"
                    f" {len(part.seconds)} of {n_steps} steps."
                )
            time.sleep(INTERVAL)
            part.peak_bytes = max(part.peak_bytes, _peak_bytes(process.pid))
            new = min(n_steps, len(_steps(workdir)) - len(before)) - len(part.seconds)
            part.seconds += [time.monotonic() - started] * new
    finally:
        stop = process.terminate if resumes else process.kill
        stop()
        process.wait()
    if resumes and process.returncode not in (0, INTERRUPTED):
        raise ValueError(f"The training was stopped, and ended with code {process.returncode}.")
    if sorted(set(steps := _steps(workdir))) != steps or steps[: len(before)] != before:
        raise ValueError(f"The training should go on after steps {before}, but has {steps}.")
    return part


def _steps(workdir: Path) -> list[int]:
    # A growth has a run folder for each size; here it comes to the first of them only.
    files = [path / METRICS for path in (workdir, *size_folders(workdir))]
    text = "".join(path.read_text() for path in files if path.exists())
    return [int(step) for step in TRAINING_STEP.findall(text)]


def clear_unfinished(folder: Path) -> Path:
    """Returns the run folder of one more try, after removing what an unfinished one has left.

    Args:
        folder: Folder of all tries.
    """
    run = folder / UNFINISHED
    if run.exists():
        shutil.rmtree(run)
    return run


def keep(run: Path) -> None:
    """Names the run folder of a try as one that is finished."""
    number = 1
    while (kept := run.with_name(f"try-{number}")).exists():
        number += 1
    run.rename(kept)


def _peak_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def main() -> None:
    """Defines the flags and runs the command."""
    config = flags.DEFINE_string("config", None, "The configuration.", required=True)
    module = flags.DEFINE_string("module", None, "The trainer.", required=True)
    workdir = flags.DEFINE_string(
        "workdir", None, "Folder of run folders, one for each try.", required=True
    )
    out_file = flags.DEFINE_string("out_file", None, "File of numbers to write.", required=True)
    n_steps = flags.DEFINE_integer("n_steps", 2, "Steps of each start.", lower_bound=1)
    resume = flags.DEFINE_bool("resume", True, "Whether to start it a second time.")
    passed_on = flags.DEFINE_multi_string("trainer_flag", [], "Passed on; may be repeated.")

    def start() -> None:
        folder, target = writable_folder(workdir.value), Path(out_file.value)
        command = [sys.executable, "-m", module.value, f"--config={config.value}"]
        command += [*passed_on.value, LOG_EVERY_STEP]
        with locked(folder):
            run, parts = clear_unfinished(folder), []
            for _ in range(2 if resume.value else 1):
                whole = [*command, f"--workdir={run}"]
                part = observe(whole, run, n_steps.value, resumes=resume.value)
                parts.append(part.values())
                print(parts[-1], flush=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            write_json(target, {"parts": parts})
            keep(run)

    run_command("reproduce-start-and-resume", start, resumable=False, grace=None)


if __name__ == "__main__":
    main()
