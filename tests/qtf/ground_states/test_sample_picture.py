import numpy as np

from qtf.ground_states.sample_picture import BETWEEN, DOWN, UP, sample_picture
from qtf.physics import Chain, Square


def test_every_site_has_its_color():
    bits = np.random.default_rng(0).integers(2, size=(7, 6))
    picture = sample_picture(bits, Square(2, 3).positions(), n_samples=5, scale=3)
    corners = picture[1::3, 1::3]
    # round(sqrt(5 * 2 / 3)) = 2 samples across, each with a margin.
    n_across = (corners.shape[1] - 1) // 4
    for i in range(5):
        row, column = 1 + i // n_across * 3, 1 + i % n_across * 4
        tile = corners[row : row + 2, column : column + 3].reshape(6, 3)
        expected = np.where(bits[i][:, None] == 0, UP, DOWN)
        np.testing.assert_array_equal(tile, expected)
    assert picture.dtype == np.uint8


def test_fewer_samples_than_asked_are_all_drawn():
    picture = sample_picture(np.ones((1, 4)), Chain(4).positions(), n_samples=9, scale=1)
    assert (picture.reshape(-1, 3) == DOWN).all(axis=1).sum() == 4


def test_places_without_a_site_stay_white():
    # Two rows, the second of which begins one place further on.
    picture = sample_picture(np.ones((1, 4)), [(0, 0), (0, 1), (1, 1), (1, 2)], scale=1)
    inner = picture[1:-1, 1:-1]
    assert (inner == DOWN).all(axis=-1).tolist() == [[True, True, False], [False, True, True]]
    np.testing.assert_array_equal(inner[[0, 1], [2, 0]], [BETWEEN, BETWEEN])
