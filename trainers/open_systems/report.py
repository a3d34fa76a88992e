"""What a run of an open system says of its result."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qtf.files import write_figure, write_json
from qtf.open_systems.figures import curves_figure
from qtf.open_systems.task import DIRECTIONS, OpenSystemTask
from qtf.physics import HamiltonianSettings
from qtf.training.logbook import read_metrics
from qtf.training.run_folder import RunFolder

RESULT, FIGURE = "result.json", "curves.png"


def measure(task: OpenSystemTask, model: Any, workdir: Path | str) -> dict[str, Any]:
    """Sums up the run from its metrics, and writes `result.json` and `curves.png`.

    Values are those of the weights that exports take: where time is followed, of the last time.

    Args:
        task: Solved.
        model: The distribution of the run.
        workdir: The run folder.

    Returns:
        What `result.json` holds.
    """
    folder = Path(workdir)
    rows = curves(folder)
    step = RunFolder(folder).kept_step()
    last = next((row for row in rows if row["step"] == step), rows[-1])
    found = {
        "n_sites": model.n_sites,
        "n_strings": model.n_strings,
        "n_steady": task.plan.n_steady,
        "every_outcome": task.every_outcome,
        **{key: last[key] for key in task.metric_names},
    }
    if task.exact is not None:
        steady, dynamic = rows[: task.plan.n_steady], rows[task.plan.n_steady :]
        if steady:
            # Steps of time go on from the last weights of the search.
            found["distance_of_steady_state"] = (steady[-1] if dynamic else last)["distance"]
        if dynamic:
            found["largest_distance"] = max(row["distance"] for row in dynamic)
    write_json(folder / RESULT, found)
    physics = RunFolder(folder).load_config()["physics"]
    system = HamiltonianSettings.from_mapping(physics["hamiltonian"])
    title = f"{system.describe()}, with decay"
    figure = curves_figure(rows, n_steady=task.plan.n_steady, title=title)
    write_figure(folder / FIGURE, figure, dpi=150)
    return found


def curves(folder: Path) -> list[dict[str, Any]]:
    """Returns the validations of a run, one row for each epoch; what a restart repeated, once."""
    rows = {row["epoch"]: row for row in read_metrics(RunFolder(folder).metrics, "validation")}
    return [rows[epoch] for epoch in sorted(rows)]


def lines(found: dict[str, Any]) -> Iterator[str]:
    """Yields what a user reads at the end of a run.

    Args:
        found: Of `measure`.
    """
    yield f"Time: {found['time']:.6g}"
    for name in DIRECTIONS:
        error = f" +- {found[f'{name}_error']:.1g}" if f"{name}_error" in found else ""
        exact = f", exact {found[f'exact_{name}']:.6f}" if f"exact_{name}" in found else ""
        yield f"<{name.upper()}>: {found[name]:.6f}{error}{exact}"
    if "distance_of_steady_state" in found:
        yield f"Distance of the steady state: {found['distance_of_steady_state']:.2g}"
    if "largest_distance" in found:
        yield f"Largest distance from the exact values: {found['largest_distance']:.2g}"
