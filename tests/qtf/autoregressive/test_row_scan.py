import keras
import numpy as np
import pytest
from keras import ops

from qtf.autoregressive import RowScan, row_scan
from qtf.autoregressive.row_scan import scan_columns
from qtf.training.compilation import compiled

from .by_hand import dense, heads_by_hand, normalized, sigmoid

SHAPES = [(3, 4), (2, 5), (1, 3), (3, 1)]


def network(shape, **arguments):
    keras.utils.set_random_seed(0)
    made = RowScan(shape=shape, **{"units": 3, "dtype": "float64", **arguments})
    rng = np.random.default_rng(1)
    for variable in made.variables:
        variable.assign(variable + 0.4 * rng.standard_normal(variable.shape))
    return made


def some_outcomes(n_positions, batch_size=5, local_dimension=2):
    rng = np.random.default_rng(2)
    return rng.integers(local_dimension, size=(batch_size, n_positions)).astype("int32")


def recurrence_by_hand(keep, new):
    """Returns h = f h' + (1 - f) tanh(z) of rows of f and z before their functions."""
    h, every = np.zeros(keep.shape[1]), []
    for f, z in zip(sigmoid(keep), np.tanh(new), strict=True):
        h = f * h + (1 - f) * z
        every.append(h)
    return np.array(every)


def layer_by_hand(layer, y):
    keep, new, gate = np.split(dense(layer.gates, normalized(layer.norm, y)), 3, axis=-1)
    return y + dense(layer.leave, gate * sigmoid(gate) * recurrence_by_hand(keep, new))


def summary_by_hand(layer, x, y, above):
    q = normalized(layer.norm, y + x @ np.asarray(layer.from_outcome.kernel))
    keep, new, update, candidate = np.split(dense(layer.from_here, q), 4, axis=-1)
    right = recurrence_by_hand(keep[::-1], new[::-1])[::-1]
    more_update, more = np.split(right @ np.asarray(layer.from_right.kernel), 2, axis=-1)
    update = sigmoid(update + more_update)
    return update * above + (1 - update) * np.tanh(candidate + more)


def outputs_by_hand(made, x):
    """Returns the outputs of x (rows, columns, local_dimension), row by row."""
    nothing = np.zeros((1, x.shape[2]))
    s, x_above, outputs = np.zeros((x.shape[1], 3)), np.zeros_like(x[0]), []
    for row in x:
        beside = np.concatenate([nothing, row[:-1]])
        above_right = np.concatenate([x_above[1:], nothing])
        near = np.concatenate([beside, x_above, above_right], axis=1)
        y = dense(made.from_outcomes, near) + s @ np.asarray(made.from_summary.kernel)
        for layer in made.row_layers:
            y = layer_by_hand(layer, y)
        outputs.append(heads_by_hand(made.output_heads, normalized(made.norm, y)))
        s, x_above = summary_by_hand(made.summary, row, y, s), row
    return np.concatenate(outputs)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("local_dimension", "most_unrolled"), [(2, 16), (4, 16), (2, 0)])
def test_outputs_equal_a_loop_over_rows(monkeypatch, shape, local_dimension, most_unrolled):
    monkeypatch.setattr(row_scan, "MOST_UNROLLED_ROWS", most_unrolled)
    made = network(shape, local_dimension=local_dimension)
    assert made.recurrent == (most_unrolled == 0)
    given = some_outcomes(made.n_positions, local_dimension=local_dimension)
    for outcomes, found in zip(given, np.asarray(made(given)), strict=True):
        x = np.eye(local_dimension)[outcomes].reshape(*shape, local_dimension)
        np.testing.assert_allclose(found, outputs_by_hand(made, x), atol=1e-12)


@pytest.mark.parametrize("shape", [(1, 4), (4, 1), (2, 3)])
def test_steps_equal_the_parallel_evaluation_at_borders(shape):
    made = network(shape, local_dimension=3)
    given = some_outcomes(made.n_positions, local_dimension=3)
    cache, found = made.initial_cache(5), []
    for position in range(made.n_positions):
        # At the first position whatever stands there is ignored.
        previous = ops.convert_to_tensor(given[:, position - 1])
        output, cache = made.step(ops.convert_to_tensor(position), previous, cache)
        found.append(output)
    np.testing.assert_allclose(ops.stack(found, axis=1), made(given), atol=1e-13)


@pytest.mark.parametrize("most_unrolled", [16, 0])
def test_evaluation_goes_on_from_a_row_with_other_outcomes(monkeypatch, most_unrolled):
    monkeypatch.setattr(row_scan, "MOST_UNROLLED_ROWS", most_unrolled)
    made = network((3, 2))
    old, new = some_outcomes(6), some_outcomes(6)[::-1].copy()
    new[:, :3] = old[:, :3]
    old, by_position = ops.transpose(old), ops.transpose(new)
    first, cache = made.evaluate_positions(old, 0, 3, made.initial_cache(5))
    middle, cache = made.evaluate_positions(by_position, 3, 4, cache)
    last, _ = made.evaluate_positions(by_position, 4, 6, cache)
    found = ops.transpose(ops.concatenate([first, middle, last]), (1, 0, 2))
    np.testing.assert_allclose(found, made(new), atol=1e-13)


@pytest.mark.parametrize("columns", [1, 2, 5, 8])
@pytest.mark.parametrize("reverse", [False, True])
def test_scan_over_columns_equals_a_loop(columns, reverse):
    rng = np.random.default_rng(0)
    keep, new = rng.random((2, columns, 3, 4))
    h, expected = np.zeros((3, 4)), np.zeros((columns, 3, 4))
    for c in reversed(range(columns)) if reverse else range(columns):
        h = keep[c] * h + new[c]
        expected[c] = h
    found = scan_columns(*map(ops.convert_to_tensor, (keep, new)), reverse=reverse)
    np.testing.assert_allclose(found, expected, atol=1e-14)


@pytest.mark.parametrize("xla", [False, True])
def test_gradient_of_the_network_equals_finite_differences(check_gradients, xla):
    made = network((3, 3))
    given = ops.convert_to_tensor(some_outcomes(9))
    weights = np.random.default_rng(3).standard_normal((5, 9, 4))
    run = compiled(lambda x: ops.sum(weights * made(x)), variables=made.variables, xla=xla)
    check_gradients(lambda: run(given), [], made, step=1e-6, tolerance=1e-7)


def test_weights_fit_any_lattice():
    small, large, taller = network((2, 3)), network((4, 4)), network((4, 3))
    for grown in (large, taller):
        grown.set_weights(small.get_weights())
    given = some_outcomes(12)
    assert np.isfinite(large(some_outcomes(16))).all()
    # Rows know nothing of those below.
    np.testing.assert_allclose(taller(given)[:, :6], small(given[:, :6]), atol=1e-14)


def test_mixed_precision_is_close_to_single():
    single, mixed = network((2, 3), dtype="float32"), network((2, 3), dtype="mixed_bfloat16")
    mixed.set_weights(single.get_weights())
    given = some_outcomes(6)
    np.testing.assert_allclose(ops.cast(mixed(given), "float32"), single(given), atol=0.05)
