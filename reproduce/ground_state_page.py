"""The page `docs/ground_state_results.md`, its numbers and its figure."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from qtf.figure_style import add_grid, make_figure, put_legend_below
from qtf.files import read_json, write_atomically, write_figure, write_json
from qtf.ground_states.last_part import REFINEMENT
from qtf.training.logbook import read_metrics
from reproduce.ground_state_cases import CASES, Case
from reproduce.layout import Layout
from reproduce.made import made_lines, made_now
from reproduce.minutes import training_minutes
from reproduce.tables import table

Values = dict[str, Any]
PAGE, NUMBERS, FIGURE = "ground_state_results.md", "ground_state_results.json", "ground_states.png"
TEXT = """# Ground states: results

Written by `python -m reproduce.ground_states` from [{numbers}]({numbers}), not by hand.

{made}

{n_hold} of {n_cases} requirements hold. Errors are relative. Energies are sums over all
configurations, without statistical error, of the last weights of one run with the seed of the
configuration; exact ones are Lanczos' or follow from the Bethe equations. Averages are over the
symmetries of the lattice and the flip of all spins, after a training that knew nothing of them;
where there is none although the lattice is a square, they were built in, or the training ended with
a refinement that has them built in.

{accuracy}

Minutes are those of the training, from compilation to the last validation.

![V-scores](figures/{figure})

## What the samples say

Of the last validation: independent samples of the wave function as it was trained.

{samples}
"""


def write_page(layout: Layout, docs_dir: Path) -> Iterator[str]:
    """Writes page, numbers and figure, and yields a line about each requirement.

    Args:
        layout: Where the runs are.
        docs_dir: Folder of the page.
    """
    found = {
        case.name: _numbers(case, layout.run(case.name))
        for case in CASES
        if (layout.run(case.name) / "result.json").exists()
    }
    numbers = {
        "made": made_now(),
        "cases": found,
    }
    cases = [case for case in CASES if case.name in found]
    rows = {case.name: _validations(layout.run(case.name)) for case in cases}
    write_json(docs_dir / NUMBERS, numbers)
    (docs_dir / "figures").mkdir(exist_ok=True)
    write_figure(docs_dir / "figures" / FIGURE, v_scores_figure(cases, rows))
    write_atomically(docs_dir / PAGE, page(cases, numbers))
    for case in cases:
        entry = found[case.name]
        verdict = "holds" if entry["holds"] else "FALLS SHORT"
        yield f"{verdict:<12} {case.words}: {entry['relative_error']:.1e}, limit {case.limit:.0e}"
    yield f"Page: {docs_dir / PAGE}"


def page(cases: Sequence[Case], numbers: Values) -> str:
    """Returns the page as markdown."""
    found, made = numbers["cases"], numbers["made"]
    accuracy = table(
        ["", "exact energy", "error found", "error of the average", "asked for", "", "minutes"],
        [_accuracy_row(case, found[case.name]) for case in cases],
    )
    samples = table(
        ["", "energy", "variance", "V-score", "mean Z", "mean of abs(mean Z)"],
        [_sample_row(case, found[case.name]) for case in cases],
    )
    return TEXT.format(
        numbers=NUMBERS,
        figure=FIGURE,
        made=made_lines(made),
        n_hold=sum(found[case.name]["holds"] for case in cases),
        n_cases=len(cases),
        accuracy=accuracy,
        samples=samples,
    )


def v_scores_figure(cases: Sequence[Case], rows: dict[str, list[Values]]) -> Figure:
    """Draws the V-score n Var(H) / E^2 of each validation.

    Args:
        cases: In the order of the legend.
        rows: Name of the case -> its validations.
    """
    figure = make_figure(8.0, 4.8, title="Ground states during their training")
    panel = figure.subplots()
    for case in cases:
        steps = [row["step"] for row in rows[case.name]]
        scores = [row["v_score"] for row in rows[case.name]]
        panel.plot(steps, scores, marker=".", label=case.words)
    panel.set_yscale("log")
    panel.set_xlabel("optimiser step")
    panel.set_ylabel("V-score of the wave function as it is trained")
    add_grid(panel)
    put_legend_below(figure)
    return figure


def _numbers(case: Case, workdir: Path) -> Values:
    found = read_json(workdir / "result.json")
    reference = found["reference_energy"]
    error = abs(found[case.energy] / reference - 1.0)
    return {
        **found,
        "relative_error": error,
        "relative_error_limit": case.limit,
        "holds": error <= case.limit,
        "minutes": sum(map(training_minutes, _parts(workdir))),
        "command": f"python -m trainers.ground_state --config={case.config}",
    }


def _parts(workdir: Path) -> list[Path]:
    """Returns the run folder and, if there was a refinement, its own."""
    return [path for path in (workdir, workdir / REFINEMENT) if path.exists()]


def _validations(workdir: Path) -> list[Values]:
    found: list[Values] = []
    for part in _parts(workdir):
        begun = found[-1]["step"] if found else 0
        rows = read_metrics(part / "metrics.jsonl", "validation")
        found += [{**row, "step": begun + row["step"]} for row in rows]
    return found


def _accuracy_row(case: Case, entry: Values) -> list[str]:
    reference = entry["reference_energy"]
    errors = [
        f"{abs(entry[key] / reference - 1.0):.1e}" if key in entry else ""
        for key in ("energy_from_all_configurations", "energy_averaged_over_symmetries")
    ]
    verdict = "holds" if entry["holds"] else "**falls short**"
    limit = f"{case.limit:.0e}"
    known = f"{reference:.6f}"
    # Absent in pages from before it was told.
    if entry.get("reference_kind"):
        known += f" ({entry['reference_kind']}: {entry['reference_source']})"
    return [case.words, known, *errors, limit, verdict, f"{entry['minutes']:.1f}"]


def _sample_row(case: Case, entry: Values) -> list[str]:
    return [
        case.words,
        f"{entry['energy']:.5f} ± {entry['energy_error']:.1g}",
        f"{entry['energy_variance']:.2g}",
        f"{entry['v_score']:.1e}",
        f"{entry['magnetization']:.4f} ± {entry['magnetization_error']:.1g}",
        f"{entry['abs_magnetization']:.4f}",
    ]
