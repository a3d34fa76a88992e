import keras
import numpy as np
import pytest
from keras import ops

from qtf.training.compilation import compiled
from qtf.training.natural_gradient import NaturalGradient, least_squares_direction, split_as

RNG = np.random.default_rng(0)
N_FEATURES, DIAG_SHIFT = 4, 0.05


@pytest.fixture
def variables():
    """Weights of two linear outputs, float64, (4, 2) and (2,)."""
    shapes = ((N_FEATURES, 2), (2,))
    return [
        keras.Variable(RNG.standard_normal(shape), dtype="float64", trainable=True)
        for shape in shapes
    ]


def case(n_samples, n_outputs):
    """Inputs, what is wanted and shares of a mean."""
    inputs = RNG.standard_normal((n_samples, N_FEATURES))
    wanted = [RNG.standard_normal(n_samples) for _ in range(n_outputs)]
    return inputs, wanted, RNG.dirichlet(np.ones(n_samples))


def outputs_of(variables, n_outputs):
    def outputs(inputs):
        found = ops.matmul(inputs, variables[0].value) + variables[1].value
        return [found[:, i] ** 2 for i in range(n_outputs)]

    return outputs


def by_hand(inputs, wanted, shares, variables):
    """Rows and targets of the least-squares problem, without means."""
    kernel, bias = (np.array(variable) for variable in variables)
    rows = []
    for i in range(len(wanted)):
        slope = 2 * (inputs @ kernel + bias)[:, i]
        of_kernel = np.zeros((len(inputs), N_FEATURES, 2))
        of_kernel[:, :, i] = slope[:, None] * inputs
        of_bias = np.zeros((len(inputs), 2))
        of_bias[:, i] = slope
        rows.append(np.hstack([of_kernel.reshape(len(inputs), -1), of_bias]))

    def weighted(values):
        shifted = values - np.average(values, axis=0, weights=shares)
        return (np.sqrt(shares) * shifted.T).T

    return np.vstack([weighted(r) for r in rows]), np.hstack([weighted(w) for w in wanted])


def minimum(rows, targets, before, *, shift=DIAG_SHIFT, scales=1.0):
    """Least squares of the rows and of as many rows of the shift, by another algorithm."""
    penalty = np.sqrt(shift) / scales * np.eye(rows.shape[1])
    matrix = np.vstack([rows, penalty])
    return np.linalg.lstsq(matrix, np.hstack([targets, penalty @ before]), rcond=None)[0]


@pytest.mark.parametrize("n_outputs", [1, 2])
@pytest.mark.parametrize("n_samples", [3, 40])
@pytest.mark.parametrize("has_past", [False, True])
def test_direction_is_that_of_least_squares(variables, n_samples, n_outputs, has_past):
    inputs, wanted, shares = case(n_samples, n_outputs)
    before = RNG.standard_normal(10) if has_past else np.zeros(10)
    run = compiled(
        lambda: least_squares_direction(
            outputs_of(variables, n_outputs),
            ops.convert_to_tensor(inputs),
            [ops.convert_to_tensor(part) for part in wanted],
            ops.convert_to_tensor(shares),
            variables,
            diag_shift=DIAG_SHIFT,
            before=ops.convert_to_tensor(before),
            xla=False,
        ),
        variables=variables,
        xla=False,
    )
    rows, targets = by_hand(inputs, wanted, shares, variables)
    assert (len(rows) < rows.shape[1]) == (n_samples == 3)
    expected = minimum(rows, targets, before)
    direction, change = run()
    np.testing.assert_allclose(np.asarray(direction), expected, atol=1e-9)
    assert float(change) == pytest.approx(np.linalg.norm(rows @ expected), abs=1e-9)


def test_momentum_keeps_the_direction_before(variables):
    inputs, wanted, shares = case(3, 1)
    # Only what a natural gradient reads of a model.
    model = type("Model", (), {"trainable_variables": variables, "variable_dtype": "float64"})
    natural = NaturalGradient(model, DIAG_SHIFT, momentum=0.5, xla=False)
    run = compiled(
        lambda: natural.follow(
            outputs_of(variables, 1),
            ops.convert_to_tensor(inputs),
            [ops.convert_to_tensor(wanted[0])],
            ops.convert_to_tensor(shares),
            has_loops=True,
        ),
        variables=[*variables, *natural.state],
        xla=False,
    )
    rows, targets = by_hand(inputs, wanted, shares, variables)
    before = np.zeros(10)
    for _ in range(3):
        kernel, bias = run()
        before = minimum(rows, targets, 0.5 * before)
        np.testing.assert_allclose(np.asarray(kernel), before[:8].reshape(4, 2), atol=1e-9)
        np.testing.assert_allclose(np.asarray(bias), before[8:], atol=1e-9)
        np.testing.assert_allclose(np.asarray(natural.state[0]), before, atol=1e-9)


@pytest.mark.parametrize("n_samples", [3, 40])
def test_shifts_may_be_relative_and_weights_have_scales(variables, n_samples):
    inputs, wanted, shares = case(n_samples, 1)
    before, scales = RNG.standard_normal(10), RNG.uniform(0.3, 3.0, 10)
    run = compiled(
        lambda: least_squares_direction(
            outputs_of(variables, 1),
            ops.convert_to_tensor(inputs),
            [ops.convert_to_tensor(wanted[0])],
            ops.convert_to_tensor(shares),
            variables,
            diag_shift=DIAG_SHIFT,
            relative_shift=0.3,
            scales=ops.convert_to_tensor(scales),
            before=ops.convert_to_tensor(before),
            xla=False,
        ),
        variables=variables,
        xla=False,
    )
    rows, targets = by_hand(inputs, wanted, shares, variables)
    shift = DIAG_SHIFT + 0.3 * np.sum((rows * scales) ** 2) / n_samples
    expected = minimum(rows, targets, before, shift=shift, scales=scales)
    direction, change = run()
    np.testing.assert_allclose(np.asarray(direction), expected, atol=1e-9)
    assert float(change) == pytest.approx(np.linalg.norm(rows @ expected), abs=1e-9)


def test_weights_whose_direction_jumps_are_held_back(variables):
    model = type("Model", (), {"trainable_variables": variables, "variable_dtype": "float64"})
    natural = NaturalGradient(model, DIAG_SHIFT, momentum=0.5, second_moment=0.8, xla=False)
    run = compiled(
        lambda inputs, wanted, shares: natural.follow(
            outputs_of(variables, 1), inputs, [wanted], shares, has_loops=True
        ),
        variables=[*variables, *natural.state],
        xla=False,
    )
    last, moment = np.zeros(10), np.zeros(10)
    for _ in range(3):
        inputs, wanted, shares = case(3, 1)
        found = run(*map(ops.convert_to_tensor, (inputs, wanted[0], shares)))
        squares = (moment / (moment.mean() or 1.0) + 0.01) ** -0.5
        scales = np.sqrt(squares / squares.mean())
        rows, targets = by_hand(inputs, wanted, shares, variables)
        direction = minimum(rows, targets, 0.5 * last, scales=scales)
        moment = 0.8 * moment + 0.2 * (direction - last) ** 2
        last = direction
        joined = np.concatenate([np.ravel(part) for part in found])
        np.testing.assert_allclose(joined, direction, atol=1e-9)
    np.testing.assert_allclose(np.asarray(natural.state[-1]), moment, atol=1e-9)
    assert scales.max() / scales.min() > 1.2


def test_damping_multiplies_the_shift_and_long_changes_are_told(variables):
    inputs, wanted, shares = case(3, 1)
    model = type("Model", (), {"trainable_variables": variables, "variable_dtype": "float64"})
    natural = NaturalGradient(model, DIAG_SHIFT / 10.0, xla=False)
    natural.damping.harden()
    run = compiled(
        lambda: natural.follow(
            outputs_of(variables, 1),
            ops.convert_to_tensor(inputs),
            [ops.convert_to_tensor(wanted[0])],
            ops.convert_to_tensor(shares),
            has_loops=True,
        ),
        variables=[*variables, *natural.state],
        xla=False,
    )
    kernel, _ = run()
    rows, targets = by_hand(inputs, wanted, shares, variables)
    expected = minimum(rows, targets, np.zeros(10))
    np.testing.assert_allclose(np.asarray(kernel), expected[:8].reshape(4, 2), atol=1e-9)
    length = np.linalg.norm(rows @ expected)
    assert natural.is_short(0.99 / length)
    assert not natural.is_short(1.01 / length)


def test_parts_have_the_shapes_of_the_variables(variables):
    kernel, bias = split_as(np.arange(10.0), variables)
    np.testing.assert_array_equal(kernel, np.arange(8.0).reshape(4, 2))
    np.testing.assert_array_equal(bias, [8.0, 9.0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"diag_shift": 0.0}, "`diag_shift` must be positive, but is 0.0"),
        ({"diag_shift": 1.0, "momentum": -0.1}, "at least 0 and below 1, but is -0.1"),
        ({"diag_shift": 1.0, "momentum": 1.0}, "at least 0 and below 1, but is 1.0"),
        ({"diag_shift": 1.0, "second_moment": 1.0}, "at least 0 and below 1, but is 1.0"),
        ({"diag_shift": 1.0, "relative_shift": -0.1}, "must not be negative, but is -0.1"),
    ],
)
def test_mistakes_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        NaturalGradient(None, **arguments)
