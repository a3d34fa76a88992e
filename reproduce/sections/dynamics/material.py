"""What the stages have left for the report, as far as it is there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

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

T = TypeVar("T")


@dataclass(frozen=True)
class DataSettings:
    """Settings of the data that a run was trained on."""

    n_sites: tuple[int, ...] = ()
    window: int = 0


@dataclass(frozen=True)
class FitSettings:
    """Settings of a fit."""

    noise: float = 0.0


@dataclass(frozen=True)
class RunConfig:
    """What pages need of the configuration of a run.

    Attributes:
        loss: Name of the loss.
        data: Settings of its data.
        fit: Settings of its fit.
        physics: Hamiltonian, law of initial states, time step, as `qtf.physics` takes them.
    """

    loss: str = ""
    data: DataSettings = DataSettings()
    fit: FitSettings = FitSettings()
    physics: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    """A row of `metrics.jsonl`.

    Attributes:
        step: Optimiser step.
        loss: Mean loss.
        epoch: Number of the epoch, for validations.
        losses: Number of spins -> its loss, for validations.
    """

    step: int
    loss: float = np.nan
    epoch: int = 0
    losses: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """One training.

    Attributes:
        config: Its configuration.
        training: Its records of kind "training".
        validation: Its records of kind "validation".
        minutes: How long it took.
        generator: What a local generator has learned, as it is stored, or nothing.
    """

    config: RunConfig
    training: tuple[Record, ...]
    validation: tuple[Record, ...]
    minutes: float
    generator: Mapping[str, Any] = field(default_factory=dict)

    @property
    def n_steps(self) -> int:
        """The last step that was validated."""
        return self.validation[-1].step if self.validation else 0


@dataclass(frozen=True)
class Series:
    """One metric of one predictor at each step; what is not finite is None.

    Attributes:
        mean: Mean over sequences.
        low: Lower end of the interval of the mean.
        high: Upper end of it.
        median: Median over sequences.
    """

    mean: tuple[float | None, ...]
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()
    median: tuple[float | None, ...] = ()


# Metric -> predictor -> series.
Metrics = Mapping[str, Mapping[str, Series]]


@dataclass(frozen=True)
class Evaluation:
    """One evaluation by `trainers.evaluate`.

    Attributes:
        n_sequences: Number of spins -> test sequences.
        n_sites: Number of spins -> metrics.
    """

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
class SpeedTable:
    """The file of times.

    Attributes:
        rows: Its rows.
    """

    rows: tuple[Times, ...] = ()


@dataclass(frozen=True)
class Material:
    """Everything that the report is made from.

    Attributes:
        runs: Name -> training.
        evaluations: Name -> evaluation.
        printed: `exact_nN` and `NAME_nN` -> trajectory from the printed state.
        times: Rows of the speed table.
        stages: Name -> entry of the journal.
    """

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
    evaluations = {name: _read(Evaluation, path) for name, path in files.items()}
    return Material(
        runs={name: run for name, run in runs.items() if run is not None},
        evaluations={name: each for name, each in evaluations.items() if each is not None},
        printed=_read_arrays(printed_states_file(layout)),
        times=(_read(SpeedTable, times_file(layout)) or SpeedTable()).rows,
        stages=journal.entries,
    )


def _read_run(folder: Path, entry: Entry) -> Run | None:
    metrics, config = folder / "metrics.jsonl", _read(RunConfig, folder / "config.json")
    if config is None or not metrics.exists():
        return None
    file = folder / "generator.json"
    generator = read_object(file) if file.exists() else {}
    # A run may have been trained before the journal knew of it, and a fit keeps no records.
    seconds = (60 * training_minutes(folder), entry.seconds, generator.get("seconds", 0))
    return Run(
        config=config,
        training=_read_records(metrics, "training"),
        validation=_read_records(metrics, "validation"),
        minutes=max(seconds) / 60,
        generator=generator,
    )


def _read_records(path: Path, kind: str) -> tuple[Record, ...]:
    records = []
    for row in read_metrics(path, kind):
        prefix = "loss_n"
        losses = {key.removeprefix(prefix): row[key] for key in row if key.startswith(prefix)}
        records.append(read_record(Record, {**row, "losses": losses}))
    return tuple(records)


def _read(kind: type[T], path: Path) -> T | None:
    return read_record(kind, read_object(path)) if path.exists() else None


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    if not path.exists():
        return {}
    with np.load(path) as content:
        return dict(content)
