import numpy as np
import pytest
from matplotlib.collections import LineCollection

from qtf.physics import Chain, Graph, Honeycomb, Kagome, Ladder, Square, Triangular


def bonds_drawn(figure):
    """Lines of the nearest and of the next-nearest bonds."""
    panel = figure.axes[0]
    return [c.get_segments() for c in panel.collections if isinstance(c, LineCollection)]


@pytest.mark.parametrize(
    "lattice",
    [
        Chain(5),
        Ladder(4),
        Square(3, 4),
        Triangular(3, 3),
        Honeycomb(2, 2),
        Kagome(2, 2),
        Graph([(0, 1), (1, 2), (2, 3), (0, 2)]),
    ],
)
def test_picture_has_every_site_and_every_bond_from_end_to_end(lattice):
    figure = lattice.plot()
    places = lattice.coordinates()
    texts = {text.get_text(): text.get_position() for text in figure.axes[0].texts}
    for site, place in enumerate(places):
        np.testing.assert_allclose(texts[str(site)], place)
    for order, lines in enumerate(bonds_drawn(figure), 1):
        ends = [sorted([tuple(line[0].round(9)), tuple(line[-1].round(9))]) for line in lines]
        expected = [sorted(tuple(places[s].round(9)) for s in b) for b in lattice.bonds(order)]
        np.testing.assert_allclose(sorted(ends), sorted(expected), atol=1e-8)


@pytest.mark.parametrize(
    ("lattice", "n_around"),
    [
        (Chain(6, periodic=True), 1),
        (Ladder(4, periodic=True), 2),
        (Square(3, 4, periodic=True), 7),
        (Kagome(2, 2, periodic=True), 7),
    ],
)
def test_bonds_around_periodic_edges_are_stubs_at_both_ends(lattice, n_around):
    nearest, _ = bonds_drawn(lattice.plot())
    lengths = np.array([np.linalg.norm(line[-1] - line[0]) for line in nearest])
    assert (lengths < 0.5).sum() == 2 * n_around
    assert len(lengths) == len(lattice.bonds()) + n_around
    # Every line is at a site with one of its ends at least.
    ends = np.array([[line[0], line[-1]] for line in nearest])
    gaps = np.linalg.norm(ends[:, :, None] - lattice.coordinates(), axis=-1)
    np.testing.assert_allclose(gaps.min(axis=(1, 2)), 0, atol=1e-9)


def test_next_nearest_bonds_of_a_line_pass_over_the_sites():
    _, (over, *_) = bonds_drawn(Chain(4).plot())
    assert over[:, 1].max() > 0.3


def test_title_is_kind_and_size_or_what_is_given():
    assert Kagome(2, 2, periodic=True).plot()._suptitle.get_text() == "periodic kagome of 2 x 2"
    assert Chain(2).plot(title="two").get_suptitle() == "two"


def test_picture_of_a_single_site_is_empty_but_for_it():
    figure = Chain(1, periodic=True).plot()
    assert bonds_drawn(figure) == []
    assert [text.get_text() for text in figure.axes[0].texts] == ["0"]
