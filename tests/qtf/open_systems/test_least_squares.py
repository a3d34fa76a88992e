import keras
import numpy as np
import pytest
from keras import ops

from qtf.open_systems.task.least_squares import Equations, LeastSquares


@pytest.mark.parametrize("shape", [(7, 4), (4, 7)])
def test_solutions_hold_back_what_is_not_told(shape):
    rng = np.random.default_rng(0)
    matrix, target = rng.normal(size=shape), rng.normal(size=shape[0])
    shift = 0.3 * np.sum(matrix**2) / min(shape)
    stacked = np.concatenate([matrix, np.sqrt(shift) * np.eye(shape[1])])
    expected = np.linalg.lstsq(stacked, np.concatenate([target, np.zeros(shape[1])]))[0]
    found = Equations(ops.convert_to_tensor(matrix)).solve(ops.convert_to_tensor(target), 0.3)
    np.testing.assert_allclose(np.asarray(found), expected, atol=1e-12)


@pytest.fixture
def circle_and_line():
    """x^2 + y^2 = 4 and y = x, far from the answer sqrt(2), sqrt(2)."""
    point = keras.Variable(np.array([3.0, 0.5]), dtype="float64")

    def residual():
        x, y = np.asarray(point)
        return ops.convert_to_tensor(np.array([4.0 - x**2 - y**2, y - x]))

    def matrix():
        x, y = np.asarray(point)
        return ops.convert_to_tensor(np.array([[2 * x, 2 * y], [1.0, -1.0]]))

    return point, residual, matrix


def test_iterations_end_at_the_goal(circle_and_line):
    point, residual, matrix = circle_and_line
    size, n_iterations = LeastSquares(1e-6).descend(residual, matrix, [point], 1e-10, 20)
    np.testing.assert_allclose(np.asarray(point), 2**0.5, atol=1e-9)
    assert size < 1e-10
    assert n_iterations < 8


def test_a_matrix_is_used_again_where_residuals_fall(circle_and_line):
    point, residual, matrix = circle_and_line
    made = []

    def counted():
        made.append(1)
        return matrix()

    point.assign([1.42, 1.41])
    assert LeastSquares(1e-9).descend(residual, counted, [point], 1e-12, 20)[0] < 1e-12
    assert len(made) == 1


def test_steps_that_go_wrong_are_taken_back_and_held_back(circle_and_line):
    point, residual, matrix = circle_and_line
    solver = LeastSquares(1e-6)
    before = np.asarray(point).copy()
    # A matrix of the wrong sign leads away.
    size, n_iterations = solver.descend(residual, lambda: -matrix(), [point], 1e-10, 20)
    np.testing.assert_array_equal(np.asarray(point), before)
    assert size == pytest.approx(np.hypot(3.0**2 + 0.5**2 - 4.0, 2.5))
    assert n_iterations == 1
    assert float(np.asarray(solver.factor)) == 1.0


def test_steps_are_held_back_where_the_first_is_too_long(circle_and_line):
    point, residual, matrix = circle_and_line
    # The slope of the circle is lost near the origin.
    point.assign([1e-3, 2e-3])
    solver = LeastSquares(1e-12)
    assert solver.descend(residual, matrix, [point], 1e-10, 40)[0] < 1e-10
