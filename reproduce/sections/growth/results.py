"""The numbers of `docs/growth_results.json`."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from qtf.files import read_object
from qtf.ground_states.growth_folders import folder_name
from qtf.physics import HamiltonianSettings
from reports.provenance import Made
from reproduce.engine.cases import Case
from reproduce.engine.layout import Layout
from reproduce.engine.pages import measure_runs
from reproduce.engine.weights import count_weights
from reproduce.searches.limits import MINIBATCHES, MINUTES, NEVER, LimitedNumber, judge
from reproduce.sections.growth.cases import BACK_UNDER, CASES, LIMITS
from trainers.ground_state.growth.report import GROWTH, retraining_curve
from trainers.ground_state.growth.rows import Bulk, Row, bulk_energy


@dataclass(frozen=True)
class Size:
    """Numbers of one size.

    Attributes:
        row: What the growth has kept of it.
        minutes: Duration of its training.
        minibatches_until_back: From where on the error stays under `BACK_UNDER`, or `NEVER`.
    """

    row: Row
    minutes: float | None
    minibatches_until_back: int | str | None

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Self:
        """Returns the numbers of a row of the page's."""
        return cls(Row.from_mapping(values), values[MINUTES], values[MINIBATCHES])


@dataclass(frozen=True)
class Growth:
    """Numbers of one growth.

    Attributes:
        rows: Numbers of each size.
        bulk: Energy of the infinite lattice, or None.
        n_averages: Samples that are averaged over symmetries, in files of older versions.
        averages: Their numbers, of all sizes.
        hamiltonian: Configuration of the Hamiltonian.
        n_weights: Number of weights of the network.
    """

    rows: tuple[Size, ...]
    requirements: tuple[LimitedNumber, ...]
    bulk: Bulk | None = None
    n_averages: int = 0
    averages: tuple[int, ...] = ()
    sizes_to_come: tuple[int, ...] = ()
    # Absent in pages from before they were told.
    hamiltonian: Mapping[str, Any] | None = None
    n_weights: int | None = None


@dataclass(frozen=True)
class Results:
    """Numbers of the page, by the names of cases."""

    made: Made
    growths: Mapping[str, Growth]


def collect(layout: Layout) -> dict[str, Any]:
    """Returns the numbers of all growths that are there."""
    return {"growths": measure_runs(layout, CASES, GROWTH, _measure)}


def _measure(case: Case, workdir: Path) -> dict[str, Any]:
    config, rows = read_object(workdir / "config.json"), read_object(workdir / GROWTH)["rows"]
    growth, kept = config["growth"], [Row.from_mapping(row) for row in rows]
    hamiltonian = config["physics"]["hamiltonian"]
    for values, row in zip(rows, kept, strict=True):
        values[MINUTES] = None if row.seconds is None else row.seconds / 60
        values[MINIBATCHES] = None
        if row.relative_error_before is not None:
            curve = retraining_curve(workdir / folder_name(row.size), row)
            values[MINIBATCHES] = _count_minibatches_until_back(*curve)
    trained = [row.size for row in kept]
    # Anew, as what is said of it may have changed since the run.
    bulk = bulk_energy(kept, HamiltonianSettings.from_mapping(hamiltonian))
    return {
        "rows": rows,
        "sizes_to_come": [size for size in growth.get("sizes", ()) if size not in trained],
        "bulk": None if bulk is None else asdict(bulk),
        "averages": _numbers(growth.get("n_averages", 0)),
        "hamiltonian": hamiltonian,
        "n_weights": count_weights(workdir / folder_name(kept[0].size)),
        "requirements": [judge(limit, rows) for limit in LIMITS[case.name]],
    }


def _numbers(n_averages: int | Sequence[int]) -> list[int]:
    """Returns the different numbers of averages, of which older versions had but one."""
    values = [n_averages] if isinstance(n_averages, int) else n_averages
    return sorted({value for value in values if value})


def _count_minibatches_until_back(
    steps: Sequence[float], errors: Sequence[float | None]
) -> int | str | None:
    """Returns from where on all errors are small enough, or `NEVER` if the last one is not.

    None where there is no error but the one before the first minibatch.
    """
    if len(steps) < 2:
        return None
    above = [place for place, error in enumerate(errors) if error is None or not error < BACK_UNDER]
    first = above[-1] + 1 if above else 0
    return math.ceil(steps[first]) if first < len(steps) else NEVER
