"""All figures of the page, as far as the material allows."""

from matplotlib.figure import Figure

from reproduce.sections.dynamics.figures.errors import fidelity_figure, mre_figure
from reproduce.sections.dynamics.figures.states import (
    amplitudes_figure,
    components_figure,
    magnetization_figure,
)
from reproduce.sections.dynamics.figures.times import times_figure
from reproduce.sections.dynamics.figures.training import losses_figure, transfer_figure
from reproduce.sections.dynamics.material import Material
from reproduce.sections.dynamics.runs import BASE_RUNS, FINE_TUNED


def all_figures(material: Material) -> dict[str, Figure]:
    """Returns name -> figure, of whatever the material allows."""
    drawn: dict[str, Figure] = {}
    errors = {
        name: material.evaluations[name].n_sites
        for name in BASE_RUNS
        if name in material.evaluations
    }
    if errors:
        drawn["losses"] = losses_figure(material)
        drawn["mre_100"] = mre_figure(errors, 100)
        drawn["mre_250"] = mre_figure(errors, 250)
        drawn["fidelity"] = fidelity_figure(errors)
    drawn |= _draw_states(material)
    if material.times:
        drawn["times"] = times_figure(material.times)
    if FINE_TUNED in material.runs and FINE_TUNED in material.evaluations:
        drawn["transfer"] = transfer_figure(material)
    return drawn


def _draw_states(material: Material) -> dict[str, Figure]:
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
