"""The page `docs/ground_state_results.md`, its numbers and its figure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from qtf.figure_style import add_grid, make_figure, put_legend_below
from qtf.files import read_object
from qtf.ground_states.estimates import relative_error
from qtf.ground_states.last_part import REFINEMENT, last_part
from qtf.physics import HamiltonianSettings
from qtf.training.logbook import read_metrics
from reports.provenance import Made
from reports.requirements import Requirement, keeps, tally
from reports.tables import table
from reproduce.engine.cases import Case
from reproduce.engine.layout import Layout
from reproduce.engine.minutes import training_minutes
from reproduce.engine.pages import Page, measure_runs, pick
from reproduce.engine.texts import join_parts, read_parts
from reproduce.engine.weights import count_weights
from reproduce.searches.rows import TableRow, name_system
from reproduce.sections.ground_states.cases import AVERAGED, CASES, PLAIN

NAME, FIGURE = "ground_state_results", "ground_states"
RESULT = "result.json"
# Steps of the validations of a run, and their V-scores.
Curve = tuple[list[int], list[float]]
PARTS = read_parts(__file__)


@dataclass(frozen=True)
class GroundState:
    """Numbers of one case: those of `result.json`, and how good the energy that counts is."""

    energy: float
    energy_error: float
    energy_variance: float
    v_score: float
    magnetization: float
    magnetization_error: float
    abs_magnetization: float
    reference_energy: float
    relative_error: float
    holds: bool
    minutes: float
    energy_from_all_configurations: float | None = None
    energy_averaged_over_symmetries: float | None = None
    # Absent in pages from before they were told.
    reference_kind: str | None = None
    reference_source: str = ""
    hamiltonian: Mapping[str, Any] | None = None
    n_weights: int | None = None


@dataclass(frozen=True)
class Results:
    """Numbers of the page, by the names of cases."""

    made: Made
    cases: Mapping[str, GroundState]

    def rows(self) -> list[tuple[Case, GroundState, Requirement]]:
        """Returns each case that was run, and whether it is good enough."""
        pairs = pick(CASES, self.cases)
        return [(case, entry, _requirement(case, entry)) for case, entry in pairs]


def _requirement(case: Case, entry: GroundState) -> Requirement:
    return Requirement(
        case.words, f"{entry.relative_error:.1e}", entry.holds, limit=f"{case.limit:.0e}"
    )


def collect(layout: Layout) -> dict[str, Any]:
    """Returns the numbers of all runs that are there."""
    return {"cases": measure_runs(layout, CASES, RESULT, _measure)}


def _measure(case: Case, workdir: Path) -> dict[str, Any]:
    result = read_object(workdir / RESULT, keys=("reference_energy", case.measure))
    error = abs(result[case.measure] / result["reference_energy"] - 1.0)
    return {
        **result,
        "relative_error": error,
        "relative_error_limit": case.limit,
        "holds": keeps(error, case.limit),
        "minutes": sum(map(training_minutes, _parts(workdir))),
        "command": case.command,
        "hamiltonian": read_object(workdir / "config.json")["physics"]["hamiltonian"],
        "n_weights": count_weights(last_part(workdir)),
    }


def _parts(workdir: Path) -> list[Path]:
    """Returns the run folder and, if there was a refinement, its own."""
    return [path for path in (workdir, workdir / REFINEMENT) if path.exists()]


def text(results: Results) -> str:
    """Returns the page as markdown."""
    rows = results.rows()
    accuracy = table(
        ["", "exact energy", "error found", "error of the average", "asked for", "", "minutes"],
        [_accuracy_row(*row) for row in rows],
    )
    samples = table(
        ["", "energy", "variance", "V-score", "mean Z", "mean of abs(mean Z)"],
        [_sample_row(case, entry) for case, entry, _ in rows],
    )
    page = PARTS["page"].format(
        made=results.made.lines(),
        tally=tally(requirement for *_, requirement in rows),
        worst=_worst(rows),
        accuracy=accuracy,
        samples=samples,
    )
    return join_parts([page])


def _worst(rows: Sequence[tuple[Case, GroundState, Requirement]]) -> str:
    case, _, requirement = max(rows, key=lambda row: row[1].relative_error)
    return f"{requirement.measured}, that of {case.words}"


def lines(results: Results) -> Iterator[str]:
    """Yields a line about each requirement."""
    for *_, requirement in results.rows():
        yield f"{requirement.line}, limit {requirement.limit}"


def summary(results: Results) -> list[Requirement]:
    """Returns what the page of all results tells of this one."""
    return [requirement for *_, requirement in results.rows()]


def table_rows(results: Results) -> Iterator[TableRow]:
    """Yields the rows of the table of all ground states, with energies of all configurations."""
    for _, entry in pick(CASES, results.cases):
        if entry.hamiltonian is None:
            continue
        hamiltonian = HamiltonianSettings.from_mapping(entry.hamiltonian)
        n, reference = hamiltonian.lattice.n_sites, entry.reference_energy
        plain, averaged = getattr(entry, PLAIN), getattr(entry, AVERAGED)
        energy, error = (entry.energy, entry.energy_error) if plain is None else (plain, 0.0)
        yield TableRow(
            **name_system(hamiltonian),
            n_sites=n,
            energy_per_site=energy / n,
            error_per_site=error / n,
            reference_per_site=reference / n,
            reference_source=entry.reference_source or None,
            relative_error=relative_error(energy, reference),
            averaged_relative_error=None
            if averaged is None
            else relative_error(averaged, reference),
            v_score=entry.v_score,
            n_weights=entry.n_weights,
            minutes=entry.minutes,
            machine=results.made.machine,
            date=results.made.date,
        )


def figures(layout: Layout, results: Results) -> Iterator[tuple[str, Figure]]:
    """Yields the figure of all runs of the page, if they are there."""
    cases = pick(CASES, results.cases)
    curves = {case.words: _validations(layout.run(case.name)) for case, _ in cases}
    if all(steps for steps, _ in curves.values()):
        yield FIGURE, v_scores_figure(curves)


def v_scores_figure(curves: Mapping[str, Curve]) -> Figure:
    """Draws the V-score n Var(H) / E^2 of each validation.

    Args:
        curves: Case in words -> its curve.
    """
    figure = make_figure(8.0, 4.8, title="Ground states during their training")
    panel = figure.subplots()
    for label, curve in curves.items():
        panel.plot(*curve, marker=".", label=label)
    panel.set_yscale("log")
    panel.set_xlabel("optimiser step")
    panel.set_ylabel("V-score of the wave function as it is trained")
    add_grid(panel)
    put_legend_below(figure)
    return figure


def _validations(workdir: Path) -> Curve:
    steps: list[int] = []
    scores: list[float] = []
    for part in _parts(workdir):
        before = steps[-1] if steps else 0
        for row in read_metrics(part / "metrics.jsonl", "validation"):
            steps.append(before + row["step"])
            scores.append(row["v_score"])
    return steps, scores


def _accuracy_row(case: Case, entry: GroundState, requirement: Requirement) -> list[str]:
    reference = entry.reference_energy
    errors = [
        "" if energy is None else f"{abs(energy / reference - 1.0):.1e}"
        for energy in (getattr(entry, PLAIN), getattr(entry, AVERAGED))
    ]
    exact = f"{reference:.6f}"
    if entry.reference_kind:
        exact += f" ({entry.reference_kind}: {entry.reference_source})"
    minutes = f"{entry.minutes:.1f}"
    return [case.words, exact, *errors, requirement.limit, requirement.cell, minutes]


def _sample_row(case: Case, entry: GroundState) -> list[str]:
    return [
        case.words,
        f"{entry.energy:.5f} ± {entry.energy_error:.1g}",
        f"{entry.energy_variance:.2g}",
        f"{entry.v_score:.1e}",
        f"{entry.magnetization:.4f} ± {entry.magnetization_error:.1g}",
        f"{entry.abs_magnetization:.4f}",
    ]


PAGE = Page(NAME, Results, collect, text, lines, figures)
