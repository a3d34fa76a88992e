"""Every figure of the tree, drawn with data like those of the pages, and its texts."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from benchmarks.figures import FIGURES, ratio_figure
from benchmarks.rows import load_rows
from qtf.dynamics import figures as dynamics
from qtf.dynamics.metrics import Summary
from qtf.figure_style import EXACT, label_exact, make_figure, make_panels, put_legend_below
from qtf.ground_states import figures as ground_states
from qtf.ground_states import growth_figures
from qtf.open_systems import figures as open_systems
from qtf.physics import HamiltonianSettings
from reports.records import read_record
from reproduce.sections.dynamics.figures.times import times_figure
from reproduce.sections.dynamics.results import Results
from reproduce.sections.ground_states.cases import CASES as GROUND_STATES
from reproduce.sections.ground_states.page import v_scores_figure
from tests.figure_checks import check_texts
from trainers.ground_state.growth.report import growth_errors_figure
from trainers.ground_state.growth.rows import Row

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
DT = 0.002
SYSTEM = "Ising model, open chain"
SQUARE = "Heisenberg model, periodic square of 3 x 3, with decay"


def stored(name):
    return json.loads((DOCS / f"{name}.json").read_text())


def states(n_sites, n_times=101):
    rng = np.random.default_rng(n_sites)
    phases = np.exp(1j * np.linspace(0.0, 1.0, n_times)[:, None] * rng.normal(size=2**n_sites))
    psi = rng.normal(size=2**n_sites) * (0.3 + phases)
    return psi / np.linalg.norm(psi, axis=1, keepdims=True)


def trajectories(sizes=(2, 3, 4, 5, 6, 7)):
    return {n: states(n) for n in sizes}


def summaries(sizes=(2, 3, 4, 5)):
    def of(scale):
        values = scale * np.linspace(0.0, 1.0, 101) ** 2
        return Summary(values, 0.9 * values, 1.1 * values, values)

    scales = {"model": 1e-5, "straight line": 1e-2, "persistence": 1e-1}
    return {n: {name: of(scale) for name, scale in scales.items()} for n in sizes}


def validations(n_epochs=12, *, coinciding=False, errors=False):
    rows = []
    for epoch in range(1, n_epochs + 1):
        row = {"time": 0.1 * epoch, "distance": 0.3 / epoch}
        for place, name in enumerate("xyz"):
            row[f"exact_{name}"] = 0.0 if coinciding and name != "z" else -0.25 * place
            row[name] = row[f"exact_{name}"] + 0.1 / epoch
            if errors:
                row[f"{name}_error"] = 0.02
        rows.append(row)
    return rows


def losses(n_rows=12):
    return [{"step": 25 * row, "loss": 0.5**row} for row in range(1, n_rows)]


def curves_of_training():
    steps = [0, 1, 3, 10, 30, 100, 300]
    curve = ground_states.TrainingCurve(
        steps, [0.0, *(0.03 * step for step in steps[1:])], [-1.0 - 0.001 * s for s in steps], steps
    )
    names = [ground_states.DIRECT, *(f"chains, k = {k}" for k in (10, 50, 100, 300))]
    return dict.fromkeys(names, curve)


def samples():
    rng = np.random.default_rng(0)
    names = [ground_states.DIRECT, *(f"chain {k}, from up" for k in range(1, 5))]
    return {name: rng.normal(size=(200, 2)) for name in names}, {
        name: rng.uniform(-1.0, 1.0, 200) for name in names
    }


def benchmark(room):
    rows = [row for row in load_rows(DOCS / "benchmarks.json") if row.room == room]
    return ratio_figure([row for row in rows if row.unit == "ms"])


def fields():
    found = {g: {name: 0.3 * place for place, name in enumerate("xyz")} for g in (1.0, 2.0, 3.0)}
    return open_systems.fields_figure(found, found, title=SQUARE)


def growth_errors(name, hamiltonian):
    rows = stored("growth_results")["growths"][name]["rows"]
    return growth_errors_figure([Row.from_mapping(row) for row in rows], hamiltonian)


def v_scores():
    curve = [100 * k for k in range(1, 5)], [0.1**k for k in range(1, 5)]
    return v_scores_figure({case.words: curve for case in GROUND_STATES})


FIGURES_OF = {
    "amplitudes": lambda: dynamics.amplitudes_figure(
        trajectories(), trajectories(), DT, title=SYSTEM
    ),
    "amplitudes of one length": lambda: dynamics.amplitudes_figure(
        trajectories([3]), trajectories([3]), DT, title=SYSTEM
    ),
    "components": lambda: dynamics.components_figure(
        states(7), states(7), [25, 50, 75, 100], DT, title=f"{SYSTEM}, n = 7"
    ),
    "errors": lambda: dynamics.errors_figure(summaries(), DT, "MRE", title=SYSTEM),
    "magnetization": lambda: dynamics.magnetization_figure(
        trajectories(), trajectories(), DT, title=SYSTEM
    ),
    "training": lambda: dynamics.training_figure(
        [{"step": k, "loss": 0.1**k, "mre": 0.2**k} for k in range(1, 6)],
        ["loss", "mre"],
        title=SYSTEM,
    ),
    "modes": lambda: ground_states.modes_figure(*samples(), title=SYSTEM),
    "trainings": lambda: ground_states.training_figure(
        curves_of_training(), -1.4, "exact", title=SYSTEM
    ),
    "growing chain": lambda: growth_errors("chain", HamiltonianSettings("heisenberg")),
    "growing square": lambda: growth_errors(
        "square", HamiltonianSettings("heisenberg", {"lattice": "square"})
    ),
    "retraining": lambda: growth_figures.retraining_figure(
        {size: ([0, 5, 9], [1e-2, 1e-3, 2e-4]) for size in range(80, 301, 20)}, "spins of the chain"
    ),
    "steps of time": lambda: open_systems.curves_figure(validations(), title=SYSTEM),
    "search, X and Y coincide": lambda: open_systems.curves_figure(
        validations(coinciding=True, errors=True), n_steady=12, title=SQUARE
    ),
    "search, then steps of time": lambda: open_systems.curves_figure(
        validations(coinciding=True), n_steady=6, title=SQUARE
    ),
    "fields": fields,
    "strings": lambda: open_systems.strings_figure(
        {n: validations() for n in (1, 2, 4, 8)}, title=SQUARE
    ),
    "losses": lambda: open_systems.losses_figure(
        {f"Heisenberg 3 x 3, Jy = 1.8, steady, strings: {n}; chi squared": losses() for n in (1, 8)}
    ),
    "runs": lambda: open_systems.runs_figure(
        validations()[:4], dict(zip("xyz", (0.0, -0.25, -0.5), strict=True)), title=SYSTEM
    ),
    "times": lambda: times_figure(read_record(Results, stored("results")).increment.times),
    "V-scores": v_scores,
    **{room: lambda room=room: benchmark(room) for room in FIGURES},
}


@pytest.mark.parametrize("name", FIGURES_OF)
def test_no_texts_overlap(name):
    check_texts(FIGURES_OF[name]())


def test_every_function_that_draws_a_figure_is_tried():
    tests = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    # These are tried through others: the two of the paper's results in tests/reproduce.
    tried = {
        "_figure",
        *re.findall(
            r"\w+(?=\()", (ROOT / "reproduce/sections/dynamics/figures/all.py").read_text()
        ),
    }
    for folder in ("qtf", "trainers", "serving", "reproduce", "benchmarks"):
        for path in (ROOT / folder).rglob("*.py"):
            found = re.findall(r"^def (\w+)\([^)]*\) -> Figure:", path.read_text(), re.MULTILINE)
            for function in found:
                assert function in tried or f"{function}(" in tests, f"{path}: {function}"


def test_exact_values_are_drawn_the_same_way_everywhere():
    for name in ("amplitudes", "components", "magnetization", "steps of time", "fields", "runs"):
        figure = FIGURES_OF[name]()
        lines = [line for panel in figure.axes for line in panel.lines]
        handles = {
            text.get_text().split(" (")[0]: handle
            for legend in figure.legends
            for text, handle in zip(legend.get_texts(), legend.legend_handles, strict=True)
        }
        exact = handles["exact"]
        assert (exact.get_color(), exact.get_linewidth()) == (EXACT["color"], EXACT["linewidth"])
        assert sum(line.get_color() == EXACT["color"] for line in lines) >= 1, name


@pytest.mark.parametrize(
    ("curves", "words"),
    [
        ({"X": [0.0, 1.0], "Y": [1.0, 1.0]}, "exact"),
        ({"X": [0.0, 1.0], "Y": [0.0, 1.0 + 1e-9], "Z": [2.0, 2.0]}, "exact (X = Y)"),
        ({"X": [0.0], "Y": [0.0], "Z": [0.0]}, "exact (X = Y, X = Z, Y = Z)"),
    ],
)
def test_exact_curves_that_coincide_are_told(curves, words):
    labels = label_exact(curves)
    assert list(labels) == list(curves)
    assert [label for label in labels.values() if label] == [words]


def overlapping_titles(figure):
    figure.text(0.5, 0.99, "another title", va="top", ha="center")


def label_outside(figure):
    figure.axes[0].text(2.0, 2.0, "far away").set_in_layout(False)


def legend_on_curves(figure):
    figure.axes[0].legend(loc="upper left")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (overlapping_titles, "'A title' and 'another title' overlap"),
        (label_outside, "'far away' leaves the figure"),
        (legend_on_curves, "'legend of a line' lies on a panel"),
    ],
)
def test_the_check_sees_what_is_wrong(spoil, words):
    figure = make_figure(4.0, 3.0, title="A title")
    figure.subplots().plot([0, 1], [0, 1], label="a line")
    check_texts(figure)
    spoil(figure)
    with pytest.raises(AssertionError, match=words):
        check_texts(figure)


def test_a_legend_has_as_many_columns_as_fit():
    for length, n_columns in ((3, 6), (30, 2), (80, 1)):
        figure = make_figure(7.0, 3.0)
        panel = figure.subplots()
        for place in range(6):
            panel.plot([0, 1], [0, place], label=f"{place}" * length)
        put_legend_below(figure)
        (legend,) = figure.legends
        assert legend._ncols == n_columns
        check_texts(figure)


def test_panels_have_labels_at_the_edges():
    figure, panels = make_panels((2, 3, 4, 5, 6), "t", "y", title="A system")
    assert isinstance(figure, Figure)
    assert [bool(panel.get_xlabel()) for panel in panels.values()] == [
        False,
        False,
        True,
        True,
        True,
    ]
    assert [bool(panel.get_ylabel()) for panel in panels.values()] == [
        True,
        False,
        False,
        True,
        False,
    ]
