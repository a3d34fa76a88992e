"""What the stages have left for the report, as far as it is there."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from qtf.files import read_json
from qtf.training.logbook import read_metrics
from reproduce.layout import BASE_RUNS, LONG_CHAINS, NOISY_RUN, TRANSFER_RUNS, Layout
from reproduce.minutes import training_minutes


@dataclass(frozen=True)
class Run:
    """One training.

    Attributes:
        config: Its resolved configuration.
        training: Rows of metrics.jsonl of kind "training".
        validation: Rows of kind "validation".
        minutes: How long it took.
        generator: What a local generator has learned, or nothing.
        starts: When and with which versions it was started.
    """

    config: dict[str, Any]
    training: list[dict[str, Any]]
    validation: list[dict[str, Any]]
    minutes: float
    generator: dict[str, Any] = field(default_factory=dict)
    starts: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Material:
    """Everything that the report is made from.

    Attributes:
        runs: Name -> training.
        evaluations: Name -> metrics.json of `trainers.evaluate`, 250 steps.
        printed: `exact_nN` and `NAME_nN` -> trajectory from the printed state.
        times: Rows of the speed table.
        stages: Name -> entry of the journal.
    """

    runs: dict[str, Run]
    evaluations: dict[str, dict[str, Any]]
    printed: dict[str, np.ndarray]
    times: list[dict[str, Any]]
    stages: dict[str, dict[str, Any]]


def collect(layout: Layout) -> Material:
    """Reads what the stages have written; what is not there yet is left out."""
    journal = _json(layout.journal) or {}
    trained = (*BASE_RUNS, NOISY_RUN, *TRANSFER_RUNS)
    runs = {name: _run(layout.run(name), journal.get(name, {})) for name in trained}
    evaluated = (*BASE_RUNS, LONG_CHAINS, *TRANSFER_RUNS)
    evaluations = {name: _json(layout.evaluation(name) / "metrics.json") for name in evaluated}
    return Material(
        runs={name: run for name, run in runs.items() if run is not None},
        evaluations={name: content for name, content in evaluations.items() if content},
        printed=_arrays(layout.printed_states),
        times=(_json(layout.times) or {"rows": []})["rows"],
        stages=journal,
    )


def _run(folder: Path, entry: dict[str, Any]) -> Run | None:
    metrics, config = folder / "metrics.jsonl", _json(folder / "config.json")
    if config is None or not metrics.exists():
        return None
    generator = _json(folder / "generator.json") or {}
    # A run may have been trained before the journal knew of it, and a fit keeps no records.
    seconds = (60 * training_minutes(folder), entry.get("seconds", 0), generator.get("seconds", 0))
    return Run(
        config=config,
        training=read_metrics(metrics, "training"),
        validation=read_metrics(metrics, "validation"),
        minutes=max(seconds) / 60,
        generator=generator,
        starts=(_json(folder / "run.json") or {}).get("starts", []),
    )


def _json(path: Path) -> Any:
    return read_json(path) if path.exists() else None


def _arrays(path: Path) -> dict[str, np.ndarray]:
    if not path.exists():
        return {}
    with np.load(path) as content:
        return dict(content)
