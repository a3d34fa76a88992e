import keras
import numpy as np
import pytest
from keras import ops

from qtf.autoregressive import GatedRNN2D
from qtf.autoregressive.gated_2d import scan_rows
from qtf.physics import Square
from qtf.training.compilation import compiled

from .by_hand import heads_by_hand, sigmoid

SHAPES = [(3, 4), (4, 3), (1, 3), (3, 1)]


def network(shape, **arguments):
    keras.utils.set_random_seed(0)
    made = GatedRNN2D(shape=shape, **{"units": 3, "dtype": "float64", **arguments})
    rng = np.random.default_rng(1)
    for variable in made.variables:
        variable.assign(variable + 0.4 * rng.standard_normal(variable.shape))
    return made


def some_outcomes(n_positions, batch_size=5, local_dimension=2):
    rng = np.random.default_rng(2)
    return rng.integers(local_dimension, size=(batch_size, n_positions)).astype("int32")


def around_by_hand(shape, x, position):
    """Returns unit vectors of the distances from the edges, and counts as shares."""
    rows, columns = shape
    row, along = divmod(position, columns)
    edges = []
    for distance in (row, rows - 1 - row, along, columns - 1 - along):
        edges += [1.0 if distance == told else 0.0 for told in range(4)]
    before = x[:position].sum(axis=0)
    return np.array(edges), np.clip((before[1:] - before[0]) / (len(x) - position), -1.0, 1.0)


def states_by_hand(cell, shape, x):
    """Returns h (n_positions, units) of x (n_positions, width), both along the path."""
    units, width = cell.units, x.shape[1]
    tensor = np.asarray(cell.tensor).reshape(2 * units, 2 * width, 2 * units)
    linear, bias = np.asarray(cell.linear), np.asarray(cell.bias)
    nothing = (np.zeros(units), np.zeros(width))
    found, sites = {}, Square(*shape).site_order("snake")
    for position, site in enumerate(sites):
        row, column = divmod(site, shape[1])
        side = -1 if row % 2 == 0 else 1
        h_beside, x_beside = found.get((row, column + side), nothing)
        h_above, x_above = found.get((row - 1, column), nothing)
        h, choice = np.concatenate([h_beside, h_above]), np.concatenate([x_beside, x_above])
        z = np.einsum("i,ikj,k->j", h, tensor, choice) + bias
        if cell.context is not None:
            edges, counts = around_by_hand(shape, x, position)
            z = z + edges @ np.asarray(cell.of_edges) + counts @ np.asarray(cell.of_counts)
        update, candidate = sigmoid(z[:units]), np.tanh(z[units:])
        h = update * candidate + (1 - update) * (h @ linear)
        found[row, column] = (h, x[position])
    return np.array([found[divmod(site, shape[1])][0] for site in sites])


@pytest.mark.parametrize("shape", [*SHAPES, (2, 9)])
@pytest.mark.parametrize(
    ("local_dimension", "context"), [(2, False), (4, False), (2, True), (4, True)]
)
def test_outputs_equal_a_loop_over_sites(shape, local_dimension, context):
    made = network(shape, local_dimension=local_dimension, context=context)
    given = some_outcomes(made.n_positions, local_dimension=local_dimension)
    for outcomes, found in zip(given, np.asarray(made(given)), strict=True):
        states = states_by_hand(made.cell, shape, np.eye(local_dimension)[outcomes])
        np.testing.assert_allclose(found, heads_by_hand(made.output_heads, states), atol=1e-12)


def recurrence(columns=4):
    """One sum of all states, the arrays it depends on, and random outcomes of neighbours."""
    rng = np.random.default_rng(0)
    beside, above = np.eye(2)[rng.integers(2, size=(2, 3, columns, 5))]
    # Outside of the lattice there is nothing.
    beside[:, 0] = 0.0
    choices = np.concatenate([beside, above], axis=-1)
    counts = rng.uniform(-1.0, 1.0, (3, columns, 5, 3))
    weights = rng.standard_normal((3, columns, 5, 2))
    shapes = [(columns, 5, 2), (2, 2, 18), (3, columns, 1, 4), (3, 4)]

    def total(above, kernels, bias, of_counts):
        return ops.sum(weights * scan_rows(choices, above, kernels, bias, counts, of_counts))

    return total, [rng.standard_normal(shape) for shape in shapes]


@pytest.mark.parametrize("xla", [False, True])
def test_gradient_of_the_recurrence_equals_finite_differences(check_gradients, xla):
    total, arrays = recurrence()
    run = compiled(total, xla=xla)
    check_gradients(lambda *arrays: run(*arrays), arrays, step=1e-6)


@pytest.mark.parametrize("context", [False, True])
def test_gradient_of_the_network_equals_finite_differences(check_gradients, context):
    made = network((3, 2), context=context)
    given = some_outcomes(6)
    weights = np.random.default_rng(3).standard_normal((5, 6, 4))
    check_gradients(lambda: ops.sum(weights * made(given)), [], made, step=1e-6, tolerance=1e-7)


@pytest.mark.parametrize("shape", [(1, 4), (4, 1), (2, 2)])
@pytest.mark.parametrize("context", [False, True])
def test_steps_equal_the_parallel_evaluation_at_borders(shape, context):
    made = network(shape, context=context)
    given = some_outcomes(4)
    cache, found = made.initial_cache(5), []
    for position in range(4):
        # At the first position whatever stands there is ignored.
        previous = ops.convert_to_tensor(given[:, position - 1])
        output, cache = made.step(ops.convert_to_tensor(position), previous, cache)
        found.append(output)
    np.testing.assert_allclose(ops.stack(found, axis=1), made(given), atol=1e-13)


def test_weights_fit_any_lattice_with_context_too():
    small, large = (network(shape, context=True) for shape in ((2, 3), (9, 10)))
    large.set_weights(small.get_weights())
    assert np.isfinite(large(some_outcomes(90))).all()


def test_context_costs_few_weights_and_without_them_changes_nothing():
    plain, informed = network((3, 4)), network((3, 4), context=True)
    informed.set_weights(
        [
            *plain.get_weights()[:3],
            np.zeros((16, 6)),
            np.zeros((1, 6)),
            *plain.get_weights()[3:],
        ]
    )
    np.testing.assert_allclose(
        informed(some_outcomes(12)), plain(some_outcomes(12)), rtol=0.0, atol=1e-14
    )


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
