r"""Starts a training, stops it after a few steps, resumes it, and records times and memory.

    python -m reproduce.start_and_resume --module=trainers.ground_state --workdir=RUN \
        --out_file=FILE.json --trainer_flag=--config=CONFIG [--n_steps=2] [--noresume]

It is for configurations that take days: what a user would find out in the first minutes.
"""

import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from absl import flags

from qtf.command_line import run_command
from qtf.files import write_json

TRAINING_ROW = '"kind": "training"'
LOG_EVERY_STEP = "--config.training.log_every_steps=1"
# How often it is looked whether there is a new step, in seconds.
INTERVAL = 0.2


@dataclass
class Part:
    """What was seen of one start.

    Attributes:
        seconds: Of each new step, after the start of the command.
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


def observed(command: list[str], workdir: Path, n_steps: int) -> Part:
    """Runs a training until it has taken some more steps, and stops it by SIGTERM.

    Args:
        command: Program and arguments.
        workdir: Run folder of the training.
        n_steps: Further steps to wait for.

    Raises:
        ValueError: It ended before.
    """
    part, before = Part(), _n_steps(workdir)
    started = time.monotonic()
    process = subprocess.Popen(command)
    try:
        while len(part.seconds) < n_steps:
            if process.poll() is not None:
                raise ValueError(
                    f"The training ended with exit code {process.returncode} after"
                    f" {len(part.seconds)} of {n_steps} steps."
                )
            time.sleep(INTERVAL)
            part.peak_bytes = max(part.peak_bytes, _peak_bytes(process.pid))
            new = min(n_steps, _n_steps(workdir) - before) - len(part.seconds)
            part.seconds += [time.monotonic() - started] * new
    finally:
        process.terminate()
        process.wait()
    return part


def _n_steps(workdir: Path) -> int:
    # A growth has a run folder for each size.
    files = [workdir / "metrics.jsonl", *workdir.glob("*/metrics.jsonl")]
    return sum(path.read_text().count(TRAINING_ROW) for path in files if path.exists())


def _peak_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def main() -> None:
    """Defines the flags and runs the command."""
    module = flags.DEFINE_string("module", None, "The trainer.")
    workdir = flags.DEFINE_string("workdir", None, "Its run folder.")
    out_file = flags.DEFINE_string("out_file", None, "File of numbers to write.")
    n_steps = flags.DEFINE_integer("n_steps", 2, "Steps of each start.", lower_bound=1)
    resume = flags.DEFINE_bool("resume", True, "Whether to start it a second time.")
    passed_on = flags.DEFINE_multi_string("trainer_flag", [], "Passed on; may be repeated.")
    flags.mark_flags_as_required(["module", "workdir", "out_file"])
    run_command(
        "reproduce-start-and-resume",
        lambda: _write(
            [sys.executable, "-m", module.value, f"--workdir={workdir.value}", *passed_on.value],
            Path(workdir.value),
            Path(out_file.value),
            n_steps.value,
            n_starts=2 if resume.value else 1,
        ),
        resumable=False,
    )


def _write(
    command: list[str], workdir: Path, out_file: Path, n_steps: int, *, n_starts: int
) -> None:
    parts = []
    for _ in range(n_starts):
        part = observed([*command, LOG_EVERY_STEP], workdir, n_steps)
        parts.append(part.values())
        print(parts[-1], flush=True)
    write_json(out_file, {"parts": parts})


if __name__ == "__main__":
    main()
