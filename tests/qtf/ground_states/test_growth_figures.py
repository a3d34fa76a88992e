import numpy as np

from qtf.ground_states.growth_figures import AFTER, BEFORE, errors_figure, retraining_figure


def test_errors_are_drawn_with_bars_that_stay_above_zero():
    errors = {
        AFTER: ([1e-4, 2e-4], [3e-5, 5e-4]),
        BEFORE: ([None, 5e-3], [None, 1e-3]),
    }
    (panel,) = errors_figure([16, 32], errors, "spins").axes
    after, before = panel.containers
    np.testing.assert_allclose(after.lines[0].get_ydata(orig=False), [1e-4, 2e-4])
    np.testing.assert_allclose(before.lines[0].get_ydata(orig=False), [np.nan, 5e-3])
    lower, upper = (line.get_ydata(orig=False) for line in after.lines[1])
    np.testing.assert_allclose(lower, [7e-5, 2e-5])
    np.testing.assert_allclose(upper, [1.3e-4, 7e-4])
    assert panel.get_yscale() == "log"
    assert panel.get_xlabel() == "spins"


def test_curves_are_drawn_one_for_each_size():
    curves = {32: ([0, 5], [1e-2, 1e-3]), 48: ([0, 5], [2e-3, 0.0])}
    figure = retraining_figure(curves, "spins")
    (panel,) = figure.axes
    assert [line.get_label() for line in panel.lines] == ["32", "48"]
    np.testing.assert_allclose(panel.lines[1].get_ydata(orig=False), [2e-3, np.nan])
    assert figure.legends[0].get_title().get_text() == "spins"
    assert retraining_figure({}, "spins").legends == []
