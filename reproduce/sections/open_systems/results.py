"""The numbers of `docs/open_system_results.json`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtf import provenance
from qtf.files import read_object
from reports.provenance import Made
from reports.requirements import Requirement, keeps
from reproduce.engine.cases import Case
from reproduce.engine.layout import Layout
from reproduce.engine.minutes import training_minutes
from reproduce.engine.pages import measure_runs, pick
from reproduce.sections.open_systems.cases import CASES, ONLY_Z

NAME, RESULT = "open_system_results", "result.json"


@dataclass(frozen=True)
class OpenSystem:
    """Numbers of one run: those of `result.json`, and whether the distance that counts is small.

    Attributes:
        x: Mean of <X> over sites at the end; `y` and `z` likewise.
        off_by: Distance that counts.
        holds: Whether it keeps its limit; None where there is none.
        estimated_distance: Distance by the run's own estimate, where it makes one.
        reference_error: Largest standard error of trajectories that stand in for exact values.
        machine: What it ran on; "": that of the page.
        date: When it was measured.
    """

    x: float
    y: float
    z: float
    exact_x: float
    exact_y: float
    exact_z: float
    distance: float
    off_by: float
    holds: bool | None
    minutes: float
    estimated_distance: float | None = None
    reference_error: float | None = None
    machine: str = ""
    date: str = ""


@dataclass(frozen=True)
class Results:
    """Numbers of the page, by the names of cases."""

    made: Made
    cases: Mapping[str, OpenSystem]

    def rows(self) -> list[tuple[Case, OpenSystem, Requirement]]:
        """Returns each case that was run, and whether it is good enough."""
        pairs = pick(CASES, self.cases)
        return [(case, entry, _requirement(case, entry)) for case, entry in pairs]


def _requirement(case: Case, entry: OpenSystem) -> Requirement:
    measured = f"{'⟨Z⟩ ' if case.measure == ONLY_Z else ''}off by {entry.off_by:.1e}"
    limit = "" if case.limit is None else f"{case.limit:g}"
    return Requirement(case.words, measured, entry.holds, limit)


def collect(layout: Layout) -> dict[str, Any]:
    """Returns the numbers of all runs that are there, and those of others that stay."""
    return {"cases": {**_earlier(layout.docs), **measure_runs(layout, CASES, RESULT, _measure)}}


def _earlier(docs: Path) -> dict[str, Any]:
    """Returns the numbers that the page holds already, with their origin."""
    path = docs / f"{NAME}.json"
    if not path.exists():
        return {}
    numbers = read_object(path, keys=("cases", "made"))
    made = {key: numbers["made"][key] for key in ("machine", "date")}
    return {name: {**made, **entry} for name, entry in numbers["cases"].items()}


def _measure(case: Case, workdir: Path) -> dict[str, Any]:
    result = read_object(workdir / RESULT, keys=("z", "exact_z"))
    result[ONLY_Z] = abs(result["z"] - result["exact_z"])
    off_by = result[case.measure]
    return {
        **result,
        "measure": case.measure,
        "off_by": off_by,
        "limit": case.limit,
        "holds": keeps(off_by, case.limit),
        "minutes": training_minutes(workdir),
        "command": case.command,
        "machine": provenance.machine(),
        "date": provenance.today(),
    }
