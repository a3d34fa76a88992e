import numpy as np
import pytest

from qtf.open_systems.figures import (
    curves_figure,
    fields_figure,
    losses_figure,
    runs_figure,
    strings_figure,
)


def rows(*, exact=False, errors=False):
    found = []
    for epoch in range(1, 5):
        row = {"time": 0.1 * epoch}
        for i, name in enumerate("xyz"):
            row[name] = i + 0.01 * epoch
            if exact:
                row[f"exact_{name}"] = i + 0.02 * epoch
            if errors:
                row[f"{name}_error"] = 0.1
        found.append(row)
    return found


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("errors", [False, True])
def test_every_pauli_matrix_has_its_lines(exact, errors):
    figure = curves_figure(rows(exact=exact, errors=errors), title="a system")
    (axes,) = figure.axes
    assert len(axes.lines) == (6 if exact else 3)
    assert len(axes.collections) == (3 if errors else 0)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["exact"] * exact + [f"$\\langle {name} \\rangle$" for name in "XYZ"]
    assert axes.get_xlabel() == "time [1/J]"
    assert figure.get_suptitle() == "a system"
    for line in axes.lines:
        np.testing.assert_allclose(line.get_xdata(), [0.1, 0.2, 0.3, 0.4])
    found = [line.get_ydata()[-1] for line in axes.lines]
    expected = [y for i in range(3) for y in ([i + 0.08] * exact + [i + 0.04])]
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize(("n_steady", "n_lines"), [(2, 4), (4, 3)])
def test_search_for_a_steady_state_counts_epochs(n_steady, n_lines):
    (axes,) = curves_figure(rows(), n_steady=n_steady).axes
    assert axes.get_xlabel() == "epoch"
    # The fourth divides the search from the steps of time, where there are any.
    assert len(axes.lines) == n_lines
    np.testing.assert_allclose(axes.lines[0].get_xdata(), [1, 2, 3, 4])


def test_steady_states_are_points_on_the_exact_curve():
    exact = {field: {"x": 0.1 * field, "y": 0.0, "z": -1.0} for field in (3.0, 1.0, 2.0)}
    (axes,) = fields_figure({2.0: {"x": 0.25, "y": 0.1, "z": -0.9}}, exact).axes
    curve, points = axes.lines[:2]
    assert curve.get_xdata().tolist() == [1.0, 2.0, 3.0]
    np.testing.assert_allclose(curve.get_ydata(), [0.1, 0.2, 0.3])
    assert (points.get_xdata().tolist(), points.get_ydata().tolist()) == ([2.0], [0.25])


def test_each_number_of_strings_is_a_curve():
    runs = {8: [{"distance": 0.1}, {"distance": 0.01}], 1: [{"distance": 0.3}]}
    (axes,) = strings_figure(runs).axes
    assert [line.get_label() for line in axes.lines] == ["one string", "8 strings"]
    assert axes.lines[1].get_ydata().tolist() == [0.1, 0.01]


def test_each_search_is_a_curve_of_its_loss():
    rows = [{"step": 50, "loss": 0.5}, {"step": 100, "loss": 0.05}]
    (axes,) = losses_figure({"chain": rows}).axes
    assert axes.lines[0].get_xdata().tolist() == [50, 100]
    assert axes.lines[0].get_ydata().tolist() == [0.5, 0.05]


def test_runs_lie_about_their_average():
    runs = [{"x": 0.3, "y": 0.0, "z": 1.0}, {"x": 0.1, "y": 0.0, "z": 0.0}]
    (axes,) = runs_figure(runs, {"x": 0.1, "y": 0.0, "z": 0.5}).axes
    points, average = axes.lines[:2]
    np.testing.assert_allclose(points.get_ydata(), [0.2, 0.0], atol=1e-12)
    np.testing.assert_allclose(average.get_ydata(), [0.1, 0.1])
