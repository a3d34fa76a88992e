"""What a run of an open system says of its result."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from qtf.files import write_figure, write_json
from qtf.open_systems.figures import curves_figure
from qtf.open_systems.runs.settings import PhysicsSettings
from qtf.open_systems.settings import DIRECTIONS
from qtf.open_systems.task import OpenSystemTraining
from qtf.training.logbook import read_metrics
from qtf.training.run_folder import RunFolder

RESULT, FIGURE = "result.json", "curves.png"


@dataclass(frozen=True)
class Validation:
    """Means over sites after an epoch; None for what is not known.

    Attributes:
        step: Steps of the optimiser so far.
        epoch: Epochs so far.
        loss: Size of the residual.
        time: Time of the distribution.
        x: <X>; so are y and z.
        loss_error: Standard error of the loss, of samples only; so are those of the means.
        exact_x: Exact <X>; so are those of the others.
        distance: Largest distance of a mean from its exact value.
        estimated_distance: Its estimate without exact values, where there is one.
    """

    step: int
    epoch: int
    loss: float
    time: float
    x: float
    y: float
    z: float
    loss_error: float | None = None
    x_error: float | None = None
    y_error: float | None = None
    z_error: float | None = None
    exact_x: float | None = None
    exact_y: float | None = None
    exact_z: float | None = None
    distance: float | None = None
    estimated_distance: float | None = None

    def as_mapping(self) -> dict[str, float]:
        """Returns what is known."""
        return _without_none(vars(self))


@dataclass(frozen=True)
class Result:
    """The end of a run.

    Attributes:
        n_sites: Number of sites.
        n_strings: Orders of the sites that are averaged.
        n_steady: Epochs of the search for the steady state.
        every_outcome: Whether sums are over all outcomes.
        last: Validation of the weights that exports take.
        distance_of_steady_state: Distance at the end of the search; None: unknown, or no search.
        largest_distance: Largest distance of all steps of time; None likewise.
        estimated_distance: Its estimate without exact values, of steps with a tolerance.
        rule_error: Largest distance that the rule of a step has by itself; None likewise.
        reference_error: Largest standard error of the trajectories that stand in for exact values;
            None: these are exact, or unknown.
    """

    n_sites: int
    n_strings: int
    n_steady: int
    every_outcome: bool
    last: Validation
    distance_of_steady_state: float | None = None
    largest_distance: float | None = None
    estimated_distance: float | None = None
    rule_error: float | None = None
    reference_error: float | None = None

    def as_mapping(self) -> dict[str, float]:
        """Returns what `result.json` holds."""
        numbers = {key: value for key, value in vars(self).items() if key != "last"}
        last = {key: getattr(self.last, key) for key in vars(self.last).keys() - {"step", "epoch"}}
        return _without_none({**numbers, **last})


def _without_none(values: Mapping[str, float | None]) -> dict[str, float]:
    return {key: value for key, value in values.items() if value is not None}


def measure(training: OpenSystemTraining, workdir: Path | str) -> Result:
    """Sums up the run from its metrics, and writes `result.json` and `curves.png`.

    Values are those of the weights that exports take: where time is followed, of the last time.

    Args:
        training: Distribution of the run and what measures it.
        workdir: The run folder.
    """
    folder, n_steady = RunFolder(workdir), training.task.plan.n_steady
    rows = curves(folder.path)
    step = folder.kept_step()
    last = next((row for row in rows if row.step == step), rows[-1])
    search, steps = rows[:n_steady], rows[n_steady:]
    find_rule_error = training.task.find_rule_error
    result = Result(
        n_sites=training.model.n_sites,
        n_strings=training.model.n_strings,
        n_steady=n_steady,
        every_outcome=not training.outcomes.has_errors,
        last=last,
        # Steps of time go on from the last weights of the search.
        distance_of_steady_state=(search[-1] if steps else last).distance if search else None,
        largest_distance=_largest(row.distance for row in steps),
        estimated_distance=_largest(row.estimated_distance for row in steps),
        rule_error=None if find_rule_error is None else find_rule_error(),
        reference_error=training.task.reference_error,
    )
    write_json(folder.path / RESULT, result.as_mapping())
    system = PhysicsSettings.from_mapping(folder.load_config()["physics"])
    shown = [row.as_mapping() for row in rows]
    figure = curves_figure(shown, n_steady=n_steady, title=system.describe())
    write_figure(folder.path / FIGURE, figure, dpi=150)
    return result


def _largest(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def curves(folder: Path) -> list[Validation]:
    """Returns the validations of a run, one for each epoch; what a restart repeated, once."""
    names = [field.name for field in dataclasses.fields(Validation)]
    rows = {row["epoch"]: row for row in read_metrics(RunFolder(folder).metrics, "validation")}
    return [
        Validation(**{name: rows[epoch][name] for name in names if name in rows[epoch]})
        for epoch in sorted(rows)
    ]


def lines(result: Result) -> Iterator[str]:
    """Yields what a user reads at the end of a run."""
    values = result.last.as_mapping()
    yield f"Time: {result.last.time:.6g}"
    for name in DIRECTIONS:
        error = f" +- {values[f'{name}_error']:.1g}" if f"{name}_error" in values else ""
        exact = f", exact {values[f'exact_{name}']:.6f}" if f"exact_{name}" in values else ""
        yield f"<{name.upper()}>: {values[name]:.6f}{error}{exact}"
    if result.distance_of_steady_state is not None:
        yield f"Distance of the steady state: {result.distance_of_steady_state:.2g}"
    if result.largest_distance is not None:
        yield f"Largest distance from the exact values: {result.largest_distance:.2g}"
    if result.estimated_distance is not None:
        yield f"Its estimate without them: {result.estimated_distance:.2g}"
    if result.rule_error is not None:
        yield f"Of it by the rule of a step alone: {result.rule_error:.2g}"
    if result.reference_error is not None:
        largest = result.reference_error
        yield f"Exact values are means over trajectories, with errors of {largest:.1g}"
