import numpy as np
import pytest

from qtf.autoregressive.estimates import Estimates
from qtf.pictures import plot_correlations, plot_learning, plot_profile
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
