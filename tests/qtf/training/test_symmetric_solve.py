import numpy as np
import tensorflow as tf

from qtf.training.symmetric_solve import solve_symmetric


def test_solution_of_shifted_equations():
    rng = np.random.default_rng(1)
    root, right = rng.standard_normal((5, 3)), rng.standard_normal(5)
    matrix = root @ root.T
    expected = np.linalg.solve(matrix + 0.1 * np.eye(5), right)
    np.testing.assert_allclose(
        solve_symmetric(tf.constant(matrix), right, 0.1), expected, rtol=1e-10
    )


def test_rounding_of_the_matrix_does_not_spoil_its_factor():
    # Of rank 40, with eigenvalues up to 1e5 and a shift below their rounding.
    rng = np.random.default_rng(2)
    rows = tf.constant(rng.standard_normal((200, 40)) * 50.0, tf.float32)
    matrix = tf.matmul(rows, rows, transpose_b=True)
    assert np.linalg.eigvalsh(matrix.numpy().astype(float))[0] < -1e-3
    assert np.isfinite(solve_symmetric(matrix, np.ones(200), 1e-4)).all()


def test_matrix_without_a_factor_gives_no_number():
    found = solve_symmetric(tf.constant(-np.eye(3)), np.ones(3), 0.1)
    assert np.isnan(found).all()
