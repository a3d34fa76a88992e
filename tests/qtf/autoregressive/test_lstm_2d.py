import keras
import numpy as np
import pytest
from keras import ops

from qtf.autoregressive import LSTM2D
from qtf.autoregressive.lstm import scan_lstms
from qtf.training.compilation import compiled

from .by_hand import dense, heads_by_hand, normalized, relu, sigmoid

SHAPES = [(3, 4), (1, 3), (3, 1)]


def network(shape, **arguments):
    keras.utils.set_random_seed(0)
    made = LSTM2D(shape=shape, **{"units": 3, "dtype": "float64", **arguments})
    rng = np.random.default_rng(1)
    for variable in made.variables:
        variable.assign(variable + 0.4 * rng.standard_normal(variable.shape))
    return made


def some_outcomes(n_positions, batch_size=5):
    return np.random.default_rng(2).integers(2, size=(batch_size, n_positions)).astype("int32")


def lstm_by_hand(lstm, states, at, neighbour, x):
    """Writes (h, c) at a site, from those of the neighbour, zero outside of the lattice."""
    weight, bias, kernel = map(
        np.asarray, (lstm.from_input.kernel, lstm.from_input.bias, lstm.state_kernel)
    )
    h, c = states.get(neighbour, (np.zeros(len(kernel)), np.zeros(len(kernel))))
    i, f, o, g = np.split(x @ weight + bias + h @ kernel, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    states[at] = (sigmoid(o) * np.tanh(c), c)


def layer_by_hand(layer, x):
    """Returns y of x (rows, columns, width), site by site."""
    rows, columns = x.shape[:2]
    down, right, left = {}, {}, {}
    for r in range(rows):
        for c in range(columns):
            lstm_by_hand(layer.down, down, (r, c), (r - 1, c), x[r, c])
            lstm_by_hand(layer.right, right, (r, c), (r, c - 1), down[r, c][0])
        for c in reversed(range(columns)):
            lstm_by_hand(layer.left, left, (r, c), (r, c + 1), down[r, c][0])
    nothing = (np.zeros(layer.units),)
    y = np.zeros((rows, columns, layer.units))
    for r in range(rows):
        for c in range(columns):
            known = [right.get((r, c - 1), nothing)[0], left.get((r - 1, c), nothing)[0]]
            y[r, c] = dense(layer.output_dense, relu(dense(layer.hidden, np.concatenate(known))))
    return y


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("layer_norm", [False, True])
def test_outputs_of_five_layers_equal_a_loop_over_sites(shape, layer_norm):
    made = network(shape, n_layers=5, layer_norm=layer_norm)
    given = some_outcomes(made.n_positions, batch_size=2)
    for outcomes, found in zip(given, np.asarray(made(given)), strict=True):
        first, *others = made.lattice_layers
        *norms, last_norm = made.norms if layer_norm else [None] * 5
        total = layer_by_hand(first, np.eye(2)[outcomes].reshape(*shape, 2))
        for layer, norm in zip(others, norms, strict=True):
            total = total + layer_by_hand(layer, normalized(norm, total) if layer_norm else total)
        total = normalized(last_norm, total) if layer_norm else total
        expected = heads_by_hand(made.output_heads, total).reshape(-1, 4)
        np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("n_layers", [1, 2])
def test_each_output_depends_on_every_outcome_before_it_and_on_no_other(shape, n_layers):
    made = network(shape, n_layers=n_layers)
    n = made.n_positions
    # The first are as they were, then those changed at each position in turn.
    batches = np.tile(some_outcomes(n), (n + 1, 1, 1))
    for position, changed in enumerate(batches[1:]):
        changed[:, position] = 1 - changed[:, position]
    outputs, *others = np.split(np.asarray(made(batches.reshape(-1, n))), n + 1)
    depends = np.zeros((n, n), bool)
    for position, other in enumerate(others):
        change = np.abs(other - outputs).max(axis=(0, 2))
        depends[:, position] = change > 1e-10
        assert change[: position + 1].max() < 1e-14
    np.testing.assert_array_equal(depends, np.tri(n, k=-1, dtype=bool))


@pytest.mark.parametrize("shape", [(1, 4), (4, 1), (2, 2)])
@pytest.mark.parametrize("layer_norm", [False, True])
def test_steps_equal_the_parallel_evaluation_at_borders(shape, layer_norm):
    made = network(shape, layer_norm=layer_norm)
    given = some_outcomes(4)
    cache, found = made.initial_cache(5), []
    for position in range(4):
        # At the first position whatever stands there is ignored.
        previous = ops.convert_to_tensor(given[:, position - 1])
        output, cache = made.step(ops.convert_to_tensor(position), previous, cache)
        found.append(output)
    np.testing.assert_allclose(ops.stack(found, axis=1), made(given), atol=1e-13)


def test_weights_fit_any_lattice():
    small, large, taller = network((2, 3)), network((4, 4)), network((4, 3))
    for grown in (large, taller):
        grown.set_weights(small.get_weights())
    given = some_outcomes(12)
    assert np.isfinite(large(some_outcomes(16))).all()
    # Rows know nothing of those below.
    np.testing.assert_allclose(taller(given)[:, :6], small(given[:, :6]), atol=1e-14)


def recurrence_arrays():
    """Inputs and kernels of two LSTMs over five steps, and weights for a sum of h."""
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape) for shape in ((5, 2, 3, 16), (2, 4, 16))]
    return arrays, rng.standard_normal((5, 2, 3, 4))


@pytest.mark.parametrize("xla", [False, True])
def test_gradient_of_the_lstm_equals_finite_differences(check_gradients, xla):
    arrays, weights = recurrence_arrays()
    run = compiled(lambda *arrays: ops.sum(weights * scan_lstms(*arrays)), xla=xla)
    check_gradients(lambda *arrays: run(*arrays), arrays)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("xla", [False, True])
def test_gradient_in_single_precision_is_that_in_double(gradients, groups, xla):
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape) for shape in ((3, groups, 24, 16), (groups, 4, 16))]
    run = compiled(lambda *arrays: ops.sum(scan_lstms(*arrays)), xla=xla)
    _, expected = gradients(lambda *arrays: run(*arrays), arrays)
    run = compiled(lambda *arrays: ops.sum(scan_lstms(*arrays)), xla=xla)
    _, found = gradients(lambda *a: run(*a), [array.astype("float32") for array in arrays])
    for single, double in zip(found, expected, strict=True):
        np.testing.assert_allclose(single, double, rtol=1e-3, atol=1e-4)


def test_gradient_of_the_lstm_equals_that_of_an_unrolled_loop(gradients):
    arrays, weights = recurrence_arrays()

    def unrolled(inputs, kernels):
        h = c = ops.zeros((2, 3, 4), "float64")
        total = 0.0
        for t in range(5):
            i, f, o, g = ops.split(inputs[t] + ops.matmul(h, kernels), 4, axis=-1)
            c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
            h = ops.sigmoid(o) * ops.tanh(c)
            total += ops.sum(weights[t] * h)
        return total

    value, expected = gradients(unrolled, arrays)
    found_value, found = gradients(lambda *a: ops.sum(weights * scan_lstms(*a)), arrays)
    assert found_value == pytest.approx(value, abs=1e-13)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-13)


@pytest.mark.parametrize("layer_norm", [False, True])
def test_gradient_of_the_network_equals_finite_differences(check_gradients, layer_norm):
    made = network((2, 3), layer_norm=layer_norm)
    given = some_outcomes(6)
    weights = np.random.default_rng(3).standard_normal((5, 6, 4))
    check_gradients(lambda: ops.sum(weights * made(given)), [], made, step=1e-6, tolerance=1e-7)


def test_forget_gates_start_open():
    made = LSTM2D(shape=(2, 2), units=2)
    for layer in made.lattice_layers:
        for lstm in (layer.down, layer.right, layer.left):
            np.testing.assert_array_equal(lstm.from_input.bias, [0, 0, 1, 1, 0, 0, 0, 0])


def test_mixed_precision_is_close_to_single():
    single, mixed = network((2, 3), dtype="float32"), network((2, 3), dtype="mixed_bfloat16")
    mixed.set_weights(single.get_weights())
    given = some_outcomes(6)
    np.testing.assert_allclose(ops.cast(mixed(given), "float32"), single(given), atol=0.05)
