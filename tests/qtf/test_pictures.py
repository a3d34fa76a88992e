import numpy as np
import pytest

from qtf.autoregressive.estimates import Estimates
from qtf.figure_style import EXACT
from qtf.pictures import plot_correlations, plot_curves, plot_learning, plot_profile
from tests.figure_checks import check_texts

TIMES = np.linspace(0.0, 2.0, 21)
ROWS = [
    {"step": 10 * k, "energy": -1.0 + 2.0**-k, "energy_variance": 4.0**-k, "v_score": 4.0**-k}
    for k in range(1, 8)
]


def test_a_profile_in_time_is_a_map_with_its_times():
    values = np.cos(TIMES)[:, None] * np.ones(5)
    figure = plot_profile(values, times=TIMES, title="A chain of 5")
    panel, bar = figure.axes
    image = panel.images[0]
    np.testing.assert_array_equal(image.get_array(), values)
    assert image.get_extent() == pytest.approx([-0.5, 4.5, -0.05, 2.05])
    assert image.get_clim() == (-1.0, 1.0)
    assert (panel.get_ylabel(), bar.get_ylabel()) == ("time [1/J]", r"$\langle Z_i \rangle$")
    check_texts(figure)


def test_a_profile_of_one_time_has_error_bars():
    figure = plot_profile(Estimates(np.arange(3.0), np.full(3, 0.25)))
    _, _, (bars,) = figure.axes[0].containers[0]
    np.testing.assert_allclose(bars.get_segments()[1][:, 1], [0.75, 1.25])
    check_texts(figure)


def test_correlations_are_a_map_without_the_diagonal():
    correlations = np.array([[1.0, -0.5], [-0.5, 1.0]])
    figure = plot_correlations(correlations, paulis="XX", title="Two spins")
    image = figure.axes[0].images[0]
    assert np.isnan(image.get_array().filled(np.nan).diagonal()).all()
    assert image.get_clim() == (-0.5, 0.5)
    assert correlations[0, 0] == 1.0
    check_texts(figure)


def test_learning_shows_the_distance_from_what_is_known():
    figure = plot_learning(ROWS, reference=-1.0, title="A chain")
    energy, variance, v_score = figure.axes
    np.testing.assert_allclose(energy.lines[0].get_ydata(), [2.0**-k for k in range(1, 8)])
    assert [panel.get_yscale() for panel in figure.axes] == ["log"] * 3
    assert variance.get_ylabel() == r"energy variance [$J^2$]"
    assert v_score.get_ylabel() == "V-score"
    check_texts(figure)


def test_without_a_reference_the_energy_itself_is_shown():
    (panel,) = plot_learning(ROWS, names=["energy"]).axes
    assert panel.get_yscale() == "linear"
    np.testing.assert_allclose(panel.lines[0].get_ydata()[0], -0.5)


def test_solved_to_the_last_digit_has_no_place_on_a_logarithm():
    rows = [{"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.0}]
    (panel,) = plot_learning(rows).axes
    np.testing.assert_array_equal(panel.lines[0].get_ydata(), [0.5, np.nan])


@pytest.mark.parametrize(
    ("plot", "message"),
    [
        (lambda: plot_profile(np.ones((2, 3, 4))), r"`values` must be .* shape \(2, 3, 4\)"),
        (lambda: plot_profile(np.ones((3, 2)), times=[0, 1]), "one number for each of 3 rows"),
        (lambda: plot_profile(np.ones((3, 2)), times=[0, 1, 3]), "uniform .* from 1 to 2"),
        (lambda: plot_correlations(np.ones((2, 3))), r"`correlations` .* shape \(2, 3\)"),
        (lambda: plot_learning([]), "`rows` must hold at least one validation"),
        (lambda: plot_learning(ROWS, names=["mre"]), "`names` must hold metrics .* holds mre"),
    ],
)
def test_what_cannot_be_drawn_is_an_error(plot, message):
    with pytest.raises(ValueError, match=message):
        plot()


def test_curves_are_lines_or_points_with_bars_and_exact_ones_are_as_everywhere():
    measured = Estimates(np.cos(TIMES[::5]), np.full(5, 0.1))
    figure = plot_curves(
        {"free": (TIMES, np.sin(TIMES)), "measured": (TIMES[::5], measured)},
        exact={"closed form": (TIMES, np.cos(TIMES))},
        y_label="magnetisation",
        title="A spin",
    )
    (panel,) = figure.axes
    free, points, exact = panel.lines[0], panel.lines[1], panel.lines[-1]
    np.testing.assert_array_equal(free.get_ydata(), np.sin(TIMES))
    np.testing.assert_array_equal(points.get_ydata(), np.cos(TIMES[::5]))
    assert (exact.get_color(), exact.get_linewidth()) == (EXACT["color"], EXACT["linewidth"])
    _, _, (bars,) = panel.containers[0]
    np.testing.assert_allclose(bars.get_segments()[0][:, 1], [0.9, 1.1])
    (legend,) = figure.legends
    words = {text.get_text() for text in legend.get_texts()}
    assert words == {"free", "measured", "closed form"}
    assert (panel.get_xlabel(), panel.get_yscale()) == ("time [1/J]", "linear")
    check_texts(figure)


def test_several_exact_curves_may_have_one_label():
    both = np.stack([np.cos(TIMES), np.sin(TIMES)], axis=1)
    figure = plot_curves(
        {"zero": (TIMES, 0 * TIMES)}, exact={"exact": (TIMES, both)}, y_label="means"
    )
    np.testing.assert_array_equal(figure.axes[0].lines[2].get_ydata(), np.sin(TIMES))
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["zero", "exact"]


def test_curves_have_logarithmic_axes_where_asked():
    (panel,) = plot_curves(
        {"a": ([1, 10], [1e-3, 1e-1])}, x_label="shots", y_label="error", logarithmic="xy"
    ).axes
    assert (panel.get_xscale(), panel.get_yscale()) == ("log", "log")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"curves": {}}, "`curves` must hold at least one curve, but is empty"),
        ({"curves": {"a": ([1, 2], [1])}}, r"'a' has the shapes \(2,\) and \(1,\)"),
        ({"curves": {"a": ([1], [1])}, "exact": {"b": (1, 1)}}, r"`exact`.*'b' has the shapes"),
        ({"curves": {"a": ([1], [[1]])}}, r"\(1,\) and \(1, 1\)"),
        ({"curves": {"a": ([1], [1])}, "logarithmic": "z"}, "`logarithmic` must be one of"),
    ],
)
def test_curves_that_cannot_be_drawn_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        plot_curves(y_label="y", **arguments)


def test_notebooks_are_given_a_picture():
    png = plot_profile(np.arange(3.0))._repr_png_()
    assert png.startswith(b"\x89PNG")
