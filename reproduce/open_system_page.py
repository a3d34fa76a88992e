"""The page `docs/open_system_results.md`, its numbers and its figures."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from configs.open_system import ising_chain
from qtf.configuration import from_config
from qtf.files import read_json, write_atomically, write_figure, write_json
from qtf.open_systems.figures import (
    fields_figure,
    losses_figure,
    runs_figure,
    strings_figure,
)
from qtf.open_systems.settings import DIRECTIONS
from qtf.training.logbook import read_metrics
from reproduce.layout import Layout
from reproduce.made import made_lines, made_now
from reproduce.minutes import training_minutes
from reproduce.open_system_cases import AT_THE_END, CASES, FIELDS, ONLY_Z, SEEDS, STRINGS, Case
from reproduce.tables import table
from trainers.open_system.assembly import make_generator, make_observables
from trainers.open_system.report import curves
from trainers.open_system.settings import OpenSystemSettings

Values = dict[str, Any]
PAGE, NUMBERS = "open_system_results.md", "open_system_results.json"
# Of the paper's figures, those of which one run is shown.
FIGURES = {
    "heisenberg_chain_4": "Figure 2 (a) of the paper, 4 spins: means over sites in time",
    "heisenberg_square_dynamics": "Figure 2 (b), 3 x 3: means over sites in time",
    "heisenberg_square_8": "Figure 4, eight strings: the search for the steady state",
    "heisenberg_square_1": "Figure S1, no strings: the search for the steady state",
    "ising_chain_6_2": "The search for the steady state of the Ising chain of 6, g = 2",
    "stiff_chain_4": "Figure S3, 4 spins: short times",
    "stiff_chain_4_long": "Figure S4, 4 spins: long times",
}
# Those that are drawn from several.
STRINGS_FIGURE = "open_system_strings.png"
FIELDS_FIGURE = "open_system_fields.png"
LOSSES_FIGURE = "open_system_losses.png"
RUNS_FIGURE = "open_system_runs.png"
STRINGS_TITLE = "Heisenberg model, periodic square of 3 x 3, Jy = 1.8: steady states by strings"
FIELDS_TITLE = "Ising model, periodic chain of 6, with decay: steady states"
LOSSES_TITLE = "Searches for steady states"
RUNS_TITLE = "Ising model, periodic chain of 6, g = 2, with decay: four seeds"
SEARCHES = (FIELDS[2], STRINGS[1], STRINGS[8])
NORMS = {"l1": "mean of |Lp| / p", "chi2": "chi squared"}
COMMAND = "python -m trainers.open_system --config"
# Of the exact curve beside the runs.
FIELDS_OF_CURVE = [0.25 * i for i in range(1, 17)]
TEXT = """# Open systems: results

Written by `python -m reproduce.open_systems` from [{numbers}]({numbers}), not by hand.

{made}

{n_hold} of {n_asked} requirements hold. "Off by" is the largest distance of <X>, <Y> and <Z>,
averaged over sites, from their exact values: at the last epoch, or at any for runs in time. Where
strings are compared, the requirement is about <Z>, and "<Z> off by" its own distance.

{rows}

{missing}

{figures}"""


def write_page(layout: Layout, docs_dir: Path) -> Iterator[str]:
    """Writes page, numbers and figures, and yields a line about each run.

    Args:
        layout: Where the runs are.
        docs_dir: Folder of the page.
    """
    cases = [case for case in CASES if (layout.run(case.name) / "result.json").exists()]
    found = {case.name: _numbers(case, layout.run(case.name)) for case in cases}
    made = made_now()
    write_json(docs_dir / NUMBERS, {"made": made, "cases": found})
    (docs_dir / "figures").mkdir(exist_ok=True)
    for name in found:
        if name in FIGURES:
            image = docs_dir / "figures" / f"open_system_{name}.png"
            shutil.copyfile(layout.run(name) / "curves.png", image)
    for file, figure in _figures_of_several(layout, found):
        write_figure(docs_dir / "figures" / file, figure, dpi=150)
    write_atomically(docs_dir / PAGE, page(cases, found, made))
    for case in cases:
        entry = found[case.name]
        measured = "<Z> off by" if case.measure == ONLY_Z else "off by"
        yield f"{_verdict(entry) or 'run':<12} {case.words}: {measured} {entry['off_by']:.1e}"
    yield f"Page: {docs_dir / PAGE}"


def page(cases: Sequence[Case], found: dict[str, Values], made: Values) -> str:
    """Returns the page as markdown."""
    asked = [entry for entry in found.values() if entry["limit"] is not None]
    head = ["", "X, Y, Z at the end", "exact", "off by", "asked for", "", "minutes"]
    return TEXT.format(
        numbers=NUMBERS,
        made=made_lines(made),
        n_hold=sum(entry["holds"] for entry in asked),
        n_asked=len(asked),
        rows=table(head, [_row(case, found[case.name]) for case in cases]),
        missing=_missing(found),
        figures="\n".join(_figures(found)),
    )


def _figures_of_several(layout: Layout, found: dict[str, Values]) -> Iterator[tuple[str, Figure]]:
    runs = {
        n_strings: [row.as_mapping() for row in curves(layout.run(name))]
        for n_strings, name in STRINGS.items()
        if name in found
    }
    if runs:
        yield STRINGS_FIGURE, strings_figure(runs, title=STRINGS_TITLE)
    points = {field: found[name] for field, name in FIELDS.items() if name in found}
    if points:
        exact = {field: _exact_of_ising(field) for field in FIELDS_OF_CURVE}
        yield FIELDS_FIGURE, fields_figure(points, exact, title=FIELDS_TITLE)
    losses = {
        f"{case.words}; {_norm(layout.run(case.name))}": read_metrics(
            layout.run(case.name) / "metrics.jsonl", "training"
        )
        for case in CASES
        if case.name in SEARCHES and case.name in found
    }
    if losses:
        yield LOSSES_FIGURE, losses_figure(losses, title=LOSSES_TITLE)
    if all(name in found for name in SEEDS.values()):
        first = found[SEEDS[0]]
        exact_means = {name: first[f"exact_{name}"] for name in DIRECTIONS}
        runs_of_seeds = [found[name] for name in SEEDS.values()]
        yield RUNS_FIGURE, runs_figure(runs_of_seeds, exact_means, title=RUNS_TITLE)


def _norm(workdir: Path) -> str:
    return NORMS[read_json(workdir / "config.json")["objective"]["norm"]]


def _figures(found: dict[str, Values]) -> Iterator[str]:
    shown = {f"open_system_{name}.png": words for name, words in FIGURES.items() if name in found}
    if not found.keys().isdisjoint(FIELDS.values()):
        shown[FIELDS_FIGURE] = "Figure 3 of the paper, 6 spins: the steady state against the field"
    if not found.keys().isdisjoint(SEARCHES):
        shown[LOSSES_FIGURE] = "Figure S2: losses of searches for steady states"
    if not found.keys().isdisjoint(STRINGS.values()):
        shown[STRINGS_FIGURE] = "Heisenberg 3 x 3 with different numbers of strings"
    if all(name in found for name in SEEDS.values()):
        shown[RUNS_FIGURE] = "Figure S5, 6 spins, g = 2: runs that differ by their seed"
    for file, words in shown.items():
        yield f"{words}:\n\n![{words}](figures/{file})\n"


def _numbers(case: Case, workdir: Path) -> Values:
    found = read_json(workdir / "result.json")
    found["distance_of_z"] = abs(found["z"] - found["exact_z"])
    off_by = found[case.measure]
    return {
        **found,
        "measure": case.measure,
        "off_by": off_by,
        "limit": case.limit,
        "holds": None if case.limit is None else off_by <= case.limit,
        "minutes": training_minutes(workdir),
        "command": " ".join((f"{COMMAND}={case.config}", *case.trainer_flags)),
    }


def _exact_of_ising(field: float) -> dict[str, float]:
    """Returns the exact <X>, <Y>, <Z> of the steady state that the cases of `FIELDS` look for."""
    settings = from_config(OpenSystemSettings, ising_chain.get_config(f"6,{field}"))
    means = make_observables(settings).exact_means(make_generator(settings).steady_state())
    return dict(zip(DIRECTIONS, means.values(), strict=True))


def _missing(found: dict[str, Values]) -> str:
    missing = [case.words for case in CASES if case.name not in found]
    return f"Not finished yet: {'; '.join(missing)}." if missing else ""


def _verdict(entry: Values) -> str:
    return {None: "", True: "holds", False: "FALLS SHORT"}[entry["holds"]]


def _row(case: Case, entry: Values) -> list[str]:
    means = ", ".join(_digits(entry[name]) for name in "xyz")
    exact = ", ".join(_digits(entry[f"exact_{name}"]) for name in "xyz")
    off_by = f"{entry['off_by']:.4f}"
    if case.measure == ONLY_Z:
        off_by = f"{entry[AT_THE_END]:.4f}; <Z> off by {off_by}"
    limit = "" if case.limit is None else f"{case.limit}"
    verdict = _verdict(entry).replace("FALLS SHORT", "**falls short**")
    minutes = f"{entry['minutes']:.1f}"
    return [case.words, means, exact, off_by, limit, verdict, minutes]


def _digits(value: float) -> str:
    # Zero has no sign.
    return f"{round(value, 4) + 0.0:.4f}"
