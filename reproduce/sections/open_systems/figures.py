"""The figures of `docs/open_system_results.md`: copies of those of runs, and drawn from several."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from configs.open_system import ising_chain
from qtf.configuration import from_config
from qtf.files import read_object
from qtf.open_systems.figures import fields_figure, losses_figure, runs_figure, strings_figure
from qtf.open_systems.runs.assembly import make_generator, make_observables
from qtf.open_systems.runs.report import curves
from qtf.open_systems.runs.settings import OpenSystemSettings
from qtf.open_systems.settings import DIRECTIONS
from qtf.training.logbook import read_metrics
from reproduce.engine.layout import Layout
from reproduce.sections.open_systems.cases import CASES, FIELDS, LARGE_FIELDS, SEEDS, STRINGS
from reproduce.sections.open_systems.results import Results

PREFIX = "open_system_"
# Figures that show one run.
SINGLE = {
    "heisenberg_chain_4": "Figure 2 (a) of the paper, 4 spins: means over sites in time",
    "heisenberg_square_dynamics": "Figure 2 (b), 3 x 3: means over sites in time",
    "heisenberg_square_8": "Figure 4, eight strings: the search for the steady state",
    "heisenberg_square_1": "Figure S1, no strings: the search for the steady state",
    "ising_chain_6_2": "The search for the steady state of the Ising chain of 6, g = 2",
    "stiff_chain_4": "Figure S3, 4 spins: short times",
    "stiff_chain_4_long": "Figure S4, 4 spins: long times",
}
SEARCHES = (FIELDS[2], STRINGS[1], STRINGS[8])
NORMS = {"l1": "mean of |Lp| / p", "chi2": "chi squared"}
# Fields of the exact curve beside the runs.
FIELDS_OF_CURVE = [0.25 * i for i in range(1, 17)]


def captions(results: Results) -> Iterator[tuple[str, str]]:
    """Yields name and caption of each figure that the page shows."""
    names = results.cases.keys()
    for name, words in SINGLE.items():
        if name in names:
            yield f"{PREFIX}{name}", words
    if names & FIELDS.values():
        yield (
            f"{PREFIX}fields",
            "Figure 3 of the paper, 6 spins: the steady state against the field",
        )
    # One field makes no curve.
    if len(names & set(LARGE_FIELDS.values())) > 1:
        yield (
            f"{PREFIX}fields_16",
            "Figure 3 of the paper, 16 spins: the steady state against the field",
        )
    if names & set(SEARCHES):
        yield f"{PREFIX}losses", "Figure S2: losses of searches for steady states"
    if names & STRINGS.values():
        yield f"{PREFIX}strings", "Heisenberg 3 x 3 with different numbers of strings"
    if names >= set(SEEDS.values()):
        yield f"{PREFIX}runs", "Figure S5, 6 spins, g = 2: runs that differ by their seed"


def figures(layout: Layout, results: Results) -> Iterator[tuple[str, Figure | Path]]:
    """Yields each figure of the page whose numbers are there."""
    drawn = {
        "fields": _fields,
        "fields_16": large_fields_figure,
        "losses": _losses,
        "strings": _strings,
        "runs": _runs,
    }
    for name, _ in captions(results):
        key = name.removeprefix(PREFIX)
        figure = drawn[key](layout, results) if key in drawn else layout.run(key) / "curves.png"
        if figure is not None:
            yield name, figure


def _strings(layout: Layout, results: Results) -> Figure | None:
    folders = {n: layout.run(name) for n, name in STRINGS.items() if name in results.cases}
    if not _all_there(folders.values()):
        return None
    title = "Heisenberg model, periodic square of 3 x 3, Jy = 1.8: steady states by strings"
    rows = {n: [row.as_mapping() for row in curves(path)] for n, path in folders.items()}
    return strings_figure(rows, title=title)


def _fields(layout: Layout, results: Results) -> Figure:
    cases = results.cases
    points: dict[float, dict[str, Any]] = {
        field: vars(cases[name]) for field, name in FIELDS.items() if name in cases
    }
    exact = {field: solve_ising(field) for field in FIELDS_OF_CURVE}
    title = "Ising model, periodic chain of 6, with decay: steady states"
    return fields_figure(points, exact, title=title)


def large_fields_figure(layout: Layout, results: Results) -> Figure:
    """Draws the steady states of 16 spins beside the trajectories that they are held against."""
    entries = {
        field: vars(results.cases[name])
        for field, name in LARGE_FIELDS.items()
        if name in results.cases
    }
    held_against = {
        field: {name: entry[f"exact_{name}"] for name in DIRECTIONS}
        for field, entry in entries.items()
    }
    title = "Ising model, periodic chain of 16, with decay: steady states"
    return fields_figure(entries, held_against, title=title, word="quantum trajectories")


def _losses(layout: Layout, results: Results) -> Figure | None:
    folders = {
        case.words: layout.run(case.name)
        for case in CASES
        if case.name in SEARCHES and case.name in results.cases
    }
    if not _all_there(folders.values()):
        return None
    rows = {
        f"{words}; {_norm(folder)}": read_metrics(folder / "metrics.jsonl", "training")
        for words, folder in folders.items()
    }
    return losses_figure(rows, title="Searches for steady states")


def _runs(layout: Layout, results: Results) -> Figure:
    runs = [vars(results.cases[name]) for name in SEEDS.values()]
    exact = {name: runs[0][f"exact_{name}"] for name in DIRECTIONS}
    title = "Ising model, periodic chain of 6, g = 2, with decay: four seeds"
    return runs_figure(runs, exact, title=title)


def _all_there(folders: Iterable[Path]) -> bool:
    return all(folder.exists() for folder in folders)


def _norm(workdir: Path) -> str:
    return NORMS[read_object(workdir / "config.json")["objective"]["norm"]]


def solve_ising(field: float) -> dict[str, float]:
    """Returns the exact <X>, <Y>, <Z> of the steady state that the cases of `FIELDS` look for."""
    settings = from_config(OpenSystemSettings, ising_chain.get_config(f"6,{field}"))
    means = make_observables(settings).exact_means(make_generator(settings).steady_state())
    return dict(zip(DIRECTIONS, means.values(), strict=True))
