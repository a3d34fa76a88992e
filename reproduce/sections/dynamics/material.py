"""What the stages have left for the report, as far as it is there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from qtf.files import read_object
from qtf.training.logbook import read_metrics
from reports.records import read_record
from reproduce.engine.journal import Entry, Journal
from reproduce.engine.layout import Layout
from reproduce.engine.minutes import training_minutes
from reproduce.sections.dynamics.runs import (
    EVALUATED,
    TRAINED,
    evaluation_folder,
    printed_states_file,
    times_file,
)


@dataclass(frozen=True)
class Record:
    """A row of `metrics.jsonl`; validations have an epoch and losses by the number of spins."""

    step: int
    loss: float = np.nan
    epoch: int = 0
    losses: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """One training.

    Attributes:
        loss: Name of its loss.
        n_sites: Numbers of spins that it was trained on.
        window: States of a trajectory.
        physics: Hamiltonian, law of initial states, time step, as `qtf.physics` takes them.
        training: Its records of kind "training".
        validation: Its records of kind "validation".
        minutes: How long it took.
        noise: Noise of every amplitude that a local generator was fitted to.
        generator: What a local generator has learned, as it is stored, or nothing.
    """

    loss: str
    n_sites: tuple[int, ...]
    window: int
    physics: Mapping[str, Any]
    training: tuple[Record, ...]
    validation: tuple[Record, ...]
    minutes: float
    noise: float = 0.0
    generator: Mapping[str, Any] = field(default_factory=dict)

    @property
    def n_steps(self) -> int:
        """The last step that was validated."""
        return self.validation[-1].step if self.validation else 0


@dataclass(frozen=True)
class Series:
    """One metric of one predictor at each step; the interval is that of the mean."""

    mean: tuple[float | None, ...]
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()
    median: tuple[float | None, ...] = ()


# Metric -> predictor -> series.
Metrics = Mapping[str, Mapping[str, Series]]


@dataclass(frozen=True)
class Evaluation:
    """One evaluation by `trainers.evaluate`: number of spins -> test sequences, metrics."""

    n_sequences: Mapping[int, int] = field(default_factory=dict)
    n_sites: Mapping[int, Metrics] = field(default_factory=dict)


@dataclass(frozen=True)
class Times:
    """A row of the speed table, in seconds for a batch.

    Attributes:
        n_sites: Number of spins.
        batch_size: Trajectories at once.
        one_at_a_time: Exact, diagonalised for every state.
        exact: The best exact method.
        exact_method: Its name.
        network: The network.
    """

    n_sites: int
    batch_size: int
    one_at_a_time: float
    exact: float
    exact_method: str
    network: float


@dataclass(frozen=True)
class Material:
    """Everything that the report is made from, by name; `printed` as `printed_states` names it."""

    runs: Mapping[str, Run]
    evaluations: Mapping[str, Evaluation]
    printed: Mapping[str, np.ndarray]
    times: tuple[Times, ...]
    stages: Mapping[str, Entry]


def collect(layout: Layout) -> Material:
    """Reads what the stages have written; what is not there yet is left out."""
    journal = Journal(layout.journal)
    runs = {name: _read_run(layout.run(name), journal[name]) for name in TRAINED}
    files = {name: evaluation_folder(layout, name) / "metrics.json" for name in EVALUATED}
    times = _read(times_file(layout)).get("rows", ())
    return Material(
        runs={name: run for name, run in runs.items() if run is not None},
        evaluations={
            name: read_record(Evaluation, _read(path))
            for name, path in files.items()
            if path.exists()
        },
        printed=_read_arrays(printed_states_file(layout)),
        times=tuple(read_record(Times, row) for row in times),
        stages=journal.entries,
    )


def _read_run(folder: Path, entry: Entry) -> Run | None:
    metrics, config = folder / "metrics.jsonl", _read(folder / "config.json")
    if not config or not metrics.exists():
        return None
    data, generator = config.get("data", {}), _read(folder / "generator.json")
    # A run may have been trained before the journal knew of it, and a fit keeps no records.
    seconds = (60 * training_minutes(folder), entry.seconds, generator.get("seconds", 0))
    return Run(
        loss=config.get("loss", ""),
        n_sites=tuple(data.get("n_sites", ())),
        window=data.get("window", 0),
        physics=config.get("physics", {}),
        training=_read_records(metrics, "training"),
        validation=_read_records(metrics, "validation"),
        minutes=max(seconds) / 60,
        noise=config.get("fit", {}).get("noise", 0.0),
        generator=generator,
    )


def _read_records(path: Path, kind: str) -> tuple[Record, ...]:
    records, prefix = [], "loss_n"
    for row in read_metrics(path, kind):
        losses = {key.removeprefix(prefix): row[key] for key in row if key.startswith(prefix)}
        records.append(read_record(Record, {**row, "losses": losses}))
    return tuple(records)


def _read(path: Path) -> dict[str, Any]:
    return read_object(path) if path.exists() else {}


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    if not path.exists():
        return {}
    with np.load(path) as content:
        return dict(content)
