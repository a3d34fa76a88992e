"""What a run tells: metrics.jsonl, TensorBoard and one line of progress."""

import json
import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from qtf.files import read_json_lines, write_atomically
from qtf.progress import EVERY
from qtf.settings import flatten
from qtf.training.engine import Board
from qtf.training.run_folder import RunFolder


class Logbook:
    """Writes rows of metrics to file and TensorBoard and keeps the progress line.

    Args:
        folder: The run's folder.
        n_steps: Steps of the whole run.
        batch_size: Sequences a step, over all replicas.
        device_types: Kinds of the devices, for the line at the start.
        make_board: Makes the board of a folder; None: this process writes nothing at all.
        around: Returns what each line of progress ends with, about more than this run.

    Attributes:
        n_steps: Steps of the whole run, which may turn out to be others.
    """

    def __init__(
        self,
        folder: RunFolder,
        *,
        n_steps: int,
        batch_size: int,
        device_types: Sequence[str] = (),
        make_board: Callable[[Path], Board] | None,
        around: Callable[[], str] = str,
    ) -> None:
        self.chief = make_board is not None
        self._device_types = device_types
        self._make_board = make_board
        self._around = around
        self._board: Board | None = None
        self.n_steps = n_steps
        self.batch_size = batch_size
        self._folder = folder
        self._bar: tqdm | None = None

    def start(self, step: int, config: Mapping[str, Any], *, keep_first: bool = True) -> None:
        """Opens the files, dropping rows written after the checkpoint resumed from.

        Args:
            step: The step the run starts at.
            config: The resolved configuration, shown as hyperparameters.
            keep_first: Whether rows of that step itself are kept.
        """
        if self._make_board is None:
            return
        _drop_rows_after(self._folder.metrics, step if keep_first else step - 1)
        self._board = self._make_board(self._folder.tensorboard)
        self._board.hyperparameters(step, flatten(config))
        self._bar = tqdm(
            total=self.n_steps,
            initial=step,
            unit="step",
            dynamic_ncols=True,
            disable=not sys.stderr.isatty(),
        )
        self._at = step
        self._count_from_here()
        self._is_compiled = False
        devices = ", ".join(self._device_types)
        tqdm.write(f"step {step}/{self.n_steps}  devices: {devices}", file=sys.stderr)

    def waited(self, seconds: float) -> None:
        """Adds time that a step had to wait for its batch."""
        if self.chief:
            self._waited += seconds

    def stepped(self, seconds: float) -> None:
        """Adds time that a step took without that wait."""
        if self.chief:
            self._stepped += seconds

    def advance(self, loss: float) -> None:
        """Moves the progress line by one step; without a terminal it is one now and then."""
        if self._bar is None:
            return
        self._at += 1
        if not self._is_compiled:
            self._leave_out_compilation(self._bar)
        self._bar.total = self.n_steps
        self._bar.update(1)
        rate = (self._bar.format_dict["rate"] or 0.0) * self.batch_size
        words = f"loss {loss:.3g}, {rate:.0f} sequences/s{self._around()}"
        self._bar.set_postfix_str(words, refresh=False)
        if self._bar.disable and time.monotonic() - self._wrote_at > EVERY:
            self._write(f"step {self._at}/{self.n_steps}  loss {loss:.3g}{self._left()}")

    def _leave_out_compilation(self, bar: tqdm) -> None:
        """Counts speeds and the time left from the first step on, which was compiled first."""
        self._is_compiled = True
        self._count_from_here()
        if not bar.disable:
            bar.unpause()
            bar.initial += 1

    def _count_from_here(self) -> None:
        self._started = self._wrote_at = time.monotonic()
        self._first = self._said_at = self._at
        self._waited = self._stepped = 0.0

    def _left(self) -> str:
        """Returns the time left in words; nothing before a second step."""
        done = self._at - self._first
        if not done:
            return ""
        seconds = (time.monotonic() - self._started) / done * (self.n_steps - self._at)
        return f"  {seconds / 60:.1f} min left"

    def _write(self, line: str) -> None:
        self._wrote_at = time.monotonic()
        tqdm.write(f"{line}{self._around()}", file=sys.stderr)

    def row(self, step: int, kind: str, values: dict[str, float]) -> None:
        """Writes one row of metrics.

        Args:
            step: The step it belongs to.
            kind: "training" or "validation".
            values: The metrics.
        """
        if self._board is None:
            return
        # JSON knows no NaN and no infinity.
        finite = {name: v if math.isfinite(v) else None for name, v in values.items()}
        with self._folder.metrics.open("a") as file:
            file.write(json.dumps({"step": step, "kind": kind, **finite}) + "\n")
        self._board.scalars(step, {f"{kind}/{name}": value for name, value in values.items()})

    def say(self, step: int, text: str) -> None:
        """Prints a line above the progress line, with speed and time left.

        The speed is that of the steps since the last such line, without validation and
        compilation.
        """
        if self._board is None:
            return
        if step == self._said_at:
            # Nothing but what was compiled first.
            self._write(f"step {step}/{self.n_steps}  {text}{self._left()}")
            return
        busy = max(self._waited + self._stepped, 1e-9)
        rates = {
            "sequences_per_second": (step - self._said_at) * self.batch_size / busy,
            "waiting_for_data": self._waited / busy,
        }
        self._waited, self._stepped, self._said_at = 0.0, 0.0, step
        # Not among the metrics: those of a resumed run are equal to the last digit.
        self._board.scalars(step, {f"speed/{name}": value for name, value in rates.items()})
        self._write(
            f"step {step}/{self.n_steps}  {text}  {rates['sequences_per_second']:.0f} sequences/s"
            f"  {rates['waiting_for_data']:.1%} waiting for data{self._left()}"
        )

    def histograms(self, step: int, model: keras.Model) -> None:
        """Writes a histogram of every weight."""
        if self._board is not None:
            self._board.histograms(step, model.trainable_variables)

    def figures(self, step: int, pictures: dict[str, np.ndarray]) -> None:
        """Writes pictures, uint8 (height, width, 3)."""
        if self._board is not None:
            self._board.pictures(step, pictures)

    def close(self) -> None:
        """Closes the files and the progress line."""
        if self._bar is not None:
            self._bar.close()
        if self._board is not None:
            self._board.close()


def read_metrics(path: Path, kind: str) -> list[dict[str, Any]]:
    """Returns the rows of one kind from a metrics.jsonl, oldest first.

    Raises:
        ValueError: A line is damaged; the message names it.
    """
    return [row for row in read_json_lines(path, keys=("kind",)) if row["kind"] == kind]


def _drop_rows_after(path: Path, step: int) -> None:
    """Removes rows that the resumed run will write again, and a half-written last one."""
    if not path.exists():
        return
    kept = []
    lines = path.read_bytes().splitlines(keepends=True)
    for line, row in zip(lines, read_json_lines(path, keys=("step",)), strict=False):
        if row["step"] > step:
            break
        kept.append(line)
    write_atomically(path, b"".join(kept))
