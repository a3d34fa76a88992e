import keras
import numpy as np
import pytest
from keras import ops

from qtf.layers import SRU

BATCH, TIME, UNITS = 3, 7, 5


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def made(features=UNITS, **arguments):
    layer = SRU(UNITS, dtype="float64", return_state=True, **arguments)
    layer.build((None, None, features))
    rng = np.random.default_rng(1)
    for variable in layer.variables:
        if "seed" not in variable.path:
            variable.assign(0.7 * rng.normal(size=variable.shape))
    return layer


def data(features=UNITS, seed=2):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(BATCH, TIME, features)), rng.normal(size=(BATCH, UNITS))


def loop(layer, x, c, mask=None):
    """The equations, one step and one sample at a time."""
    w = np.split(np.asarray(layer.kernel), layer.n_products, axis=1)
    v_f, b_f, v_r, b_r = (
        np.asarray(getattr(layer, name))
        for name in ("forget_peephole", "forget_bias", "reset_peephole", "reset_bias")
    )
    c, outputs = c.copy(), np.zeros((*x.shape[:2], UNITS))
    for i in range(x.shape[0]):
        for t in range(x.shape[1]):
            if mask is not None and not mask[i, t]:
                continue
            f = sigmoid(x[i, t] @ w[1] + v_f * c[i] + b_f)
            r = sigmoid(x[i, t] @ w[2] + v_r * c[i] + b_r)
            c[i] = f * c[i] + (1 - f) * (x[i, t] @ w[0])
            skip = x[i, t] if layer.n_products == 3 else x[i, t] @ w[3]
            outputs[i, t] = r * c[i] + (1 - r) * skip
    return outputs, c


def automatic(layer, x, c):
    """The recurrence unrolled in plain operations, for automatic differentiation."""
    outputs = []
    for t in range(TIME):
        h, c = layer.step(x[:, t], c)
        outputs.append(h)
    return ops.stack(outputs, axis=1), c


@pytest.mark.parametrize("features", [UNITS, 4])
@pytest.mark.parametrize("unroll", [1, 4])
def test_call_equals_numpy_loop(features, unroll):
    layer = made(features, unroll=unroll)
    x, c = data(features)
    outputs, last = layer(x, initial_state=c)
    expected, expected_last = loop(layer, x, c)
    np.testing.assert_allclose(outputs, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(last, expected_last, rtol=0, atol=1e-12)


def test_call_starts_from_zeros_without_initial_state():
    layer = made()
    x, c = data()
    outputs, _ = layer(x)
    np.testing.assert_allclose(outputs, loop(layer, x, 0 * c)[0], rtol=0, atol=1e-12)


def test_mask_holds_the_state_and_gives_zero():
    layer = made()
    x, c = data()
    mask = np.arange(TIME) < np.array([[TIME], [4], [0]])
    outputs, last = layer(x, initial_state=c, mask=mask)
    expected, expected_last = loop(layer, x, c, mask)
    np.testing.assert_allclose(outputs, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(last, expected_last, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(last[2], c[2])


def test_time_major_is_the_transpose():
    layer, major = made(), made(time_major=True)
    x, c = data()
    expected, last = layer(x, initial_state=c)
    outputs, major_last = major(x.transpose(1, 0, 2), initial_state=c)
    np.testing.assert_allclose(np.asarray(outputs).transpose(1, 0, 2), expected, atol=1e-14)
    np.testing.assert_allclose(major_last, last, atol=1e-14)


def test_step_equals_one_step_of_call():
    layer = made()
    x, c = data()
    outputs, last = layer(x[:, :1], initial_state=c)
    h, new = layer.step(x[:, 0], c)
    np.testing.assert_allclose(h, outputs[:, 0], atol=1e-14)
    np.testing.assert_allclose(new, last, atol=1e-14)


@pytest.mark.parametrize("features", [UNITS, 4])
@pytest.mark.parametrize("masked", [False, True])
def test_gradient_equals_automatic_differentiation(gradients, features, masked):
    layer = made(features)
    x, c = data(features)
    rng = np.random.default_rng(3)
    weights, last_weights = rng.normal(size=(BATCH, TIME, UNITS)), rng.normal(size=(BATCH, UNITS))
    length = 5 if masked else TIME
    mask = np.broadcast_to(np.arange(TIME) < length, (BATCH, TIME)) if masked else None
    weights[:, length:] = 0.0

    def by_hand(x, c):
        outputs, last = layer(x, initial_state=c, mask=mask)
        return ops.sum(weights * outputs**2) + ops.sum(last_weights * last**2)

    def automatically(x, c):
        outputs = []
        for t in range(length):
            h, c = layer.step(x[:, t], c)
            outputs.append(h)
        outputs = ops.stack(outputs, axis=1)
        return ops.sum(weights[:, :length] * outputs**2) + ops.sum(last_weights * c**2)

    value, found = gradients(by_hand, [x, c], layer)
    expected_value, expected = gradients(automatically, [x, c], layer)
    assert value == pytest.approx(expected_value, rel=1e-13)
    assert len(found) == 2 + 5
    for one, other in zip(found, expected, strict=True):
        assert np.abs(other).max() > 1e-3
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-10)


def test_gradient_equals_finite_differences(gradients):
    layer = made()
    x, c = data()

    def loss(x, c):
        outputs, last = layer(x, initial_state=c)
        return ops.sum(outputs**3) + ops.sum(last**2)

    _, found = gradients(loss, [x, c])
    step = 1e-6
    for array, gradient in zip((x, c), found, strict=True):
        for index in [(0,) * array.ndim, tuple(size - 1 for size in array.shape)]:
            up, down = array.copy(), array.copy()
            up[index] += step
            down[index] -= step
            pair = [(up, c), (down, c)] if array is x else [(x, up), (x, down)]
            difference = (float(loss(*pair[0])) - float(loss(*pair[1]))) / (2 * step)
            assert gradient[index] == pytest.approx(difference, rel=1e-6)


def test_dropout_uses_one_mask_for_all_times():
    layer = SRU(UNITS, dropout=0.5, seed=1, dtype="float64")
    x = np.ones((4, TIME, UNITS))
    layer(x)
    layer.kernel.assign(np.eye(UNITS, 3 * UNITS))
    plain = np.asarray(layer(x, training=False))
    dropped = np.asarray(layer(x, training=True))
    changed = np.abs(dropped - plain) > 1e-12
    assert changed.any()
    np.testing.assert_array_equal(changed, np.broadcast_to(changed[:, :1], changed.shape))
    assert not np.array_equal(dropped, np.asarray(layer(x, training=True)))


def test_input_dropout_scales_and_masks_all_times_alike_and_spares_the_skip_path():
    layer = made(input_dropout=0.5, seed=1)
    # Gates of one half and W = identity: h = c/2 + x/2 and c = c'/2 + (x * mask)/2.
    for variable in layer.trainable_variables:
        variable.assign(np.zeros(variable.shape))
    layer.kernel.assign(np.eye(UNITS, 3 * UNITS))
    outputs, _ = layer(np.ones((BATCH, TIME, UNITS)), training=True)
    scale = 2.0 * np.asarray(outputs)[:, 0] * 2.0 - 2.0
    assert set(np.unique(scale.round(12))) == {0.0, 2.0}
    cells = scale[:, None] * (1.0 - 0.5 ** np.arange(1, TIME + 1))[:, None]
    np.testing.assert_allclose(outputs, 0.5 * cells + 0.5, atol=1e-12)


def test_padding_with_nan_does_no_harm(gradients):
    layer = made()
    x, c = data()
    mask = np.arange(TIME) < np.array([[TIME], [4], [0]])
    spoiled = np.where(mask[..., None], x, np.nan)

    def loss(x, c):
        outputs, last = layer(x, initial_state=c, mask=mask)
        return ops.sum(outputs**2) + ops.sum(last**2)

    clean, spoiled = (gradients(loss, [inputs, c], layer) for inputs in (x, spoiled))
    assert spoiled[0] == clean[0]
    for one, other in zip(spoiled[1], clean[1], strict=True):
        np.testing.assert_array_equal(one, other)


def test_mixed_precision_keeps_the_scan_in_float32():
    layer = SRU(UNITS, dtype="mixed_bfloat16", return_state=True)
    x = np.ones((BATCH, TIME, UNITS), "float32")
    outputs, last = layer(x)
    assert keras.backend.standardize_dtype(outputs.dtype) == "bfloat16"
    assert keras.backend.standardize_dtype(last.dtype) == "float32"


def test_config_round_trip():
    layer = SRU(UNITS, dropout=0.1, input_dropout=0.2, time_major=True, unroll=2, seed=3)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert copy.get_config() == layer.get_config()


def test_kernel_blocks_have_glorot_variance():
    layer = SRU(300)
    layer.build((None, None, 300))
    for block in np.split(np.asarray(layer.kernel), 3, axis=1):
        assert block.std() == pytest.approx(np.sqrt(2 / 600), rel=0.02)
        assert abs(block.mean()) < 1e-3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"units": 0}, "Argument `units` must be positive, but is 0."),
        ({"units": 2, "dropout": 1.0}, r"Argument `dropout` must be in \[0, 1\), but is 1.0."),
        ({"units": 2, "input_dropout": -0.1}, "Argument `input_dropout` must be in"),
    ],
)
def test_init_raises_on_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        SRU(**arguments)
