"""The paper's figures, drawn from our numbers, with the trivial predictors in each."""

import io
from pathlib import Path

from matplotlib.figure import Figure

from qtf.files import write_atomically
from reproduce.figures_of_errors import fidelity_figure, mre_figure
from reproduce.figures_of_states import (
    amplitudes_figure,
    components_figure,
    magnetization_figure,
)
from reproduce.figures_of_times import times_figure
from reproduce.figures_of_training import losses_figure, transfer_figure
from reproduce.layout import BASE_RUNS
from reproduce.material import Material

PREFIX = "results_"


def all_figures(material: Material) -> dict[str, Figure]:
    """Returns name -> figure, of whatever the material allows."""
    drawn: dict[str, Figure] = {}
    errors = {
        name: material.evaluations[name]["n_sites"]
        for name in BASE_RUNS
        if name in material.evaluations
    }
    if errors:
        drawn["losses"] = losses_figure(material)
        drawn["mre_100"] = mre_figure(errors, 100)
        drawn["mre_250"] = mre_figure(errors, 250)
        drawn["fidelity"] = fidelity_figure(errors)
    drawn |= _states(material)
    if material.times:
        drawn["times"] = times_figure(material.times)
    if "transfer_8" in material.runs and "transfer_8" in material.evaluations:
        drawn["transfer"] = transfer_figure(material)
    return drawn


def write_figures(drawn: dict[str, Figure], folder: Path) -> None:
    """Writes every figure as `results_NAME.png` and removes those that are not drawn now."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in drawn.items():
        content = io.BytesIO()
        figure.savefig(content, format="png", metadata={"Software": None})
        write_atomically(folder / f"{PREFIX}{name}.png", content.getvalue())
    for path in folder.glob(f"{PREFIX}*.png"):
        if path.stem.removeprefix(PREFIX) not in drawn:
            path.unlink()


def _states(material: Material) -> dict[str, Figure]:
    n_sites = sorted(int(key.split("_n")[1]) for key in material.printed if "exact_n" in key)
    if not n_sites:
        return {}
    drawn = {
        "amplitudes": amplitudes_figure(material.printed, n_sites),
        "magnetization": magnetization_figure(material.printed, n_sites),
    }
    for n in n_sites[-2:]:
        drawn[f"components_{n}"] = components_figure(material.printed, n)
    return drawn
