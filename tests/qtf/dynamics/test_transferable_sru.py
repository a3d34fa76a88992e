import keras
import numpy as np
import pytest

from qtf.dynamics.rollout import Rollout, real_parts
from qtf.dynamics.transferable_sru import TransferableSRU

# A decoder of zeros would make every rollout stand still, right or wrong.
TINY = {
    "n_max": 4,
    "units": 8,
    "n_layers": 2,
    "decoder_initializer": "glorot_normal",
    "seed": 1,
}
PRESETS = ("paper", "increment")
# Keras on JAX computes layer norms of float64 to single precision only.
ACCURACY = {"increment": 1e-12, "paper": 1e-12}
if keras.backend.backend() == "jax":
    ACCURACY["paper"] = 1e-5


def tiny(preset="increment", **overrides):
    keras.utils.set_random_seed(0)
    return TransferableSRU.from_preset(preset, **{**TINY, **overrides})


def random_states(n_sites, batch=4, seed=0):
    rng = np.random.default_rng(seed)
    psi = rng.normal(size=(batch, 2**n_sites)) + 1j * rng.normal(size=(batch, 2**n_sites))
    return psi / np.linalg.norm(psi, axis=1, keepdims=True)


def test_paper_has_about_six_million_weights():
    assert 5.5e6 < TransferableSRU.from_preset("paper").count_params() < 6.5e6


def test_layers_of_a_seeded_model_differ_in_weights_and_dropout_masks():
    model = tiny("paper", dropout=0.5)
    first, second = (np.asarray(sru.kernel) for sru in model.sru_layers)
    assert np.abs(first - second).max() > 1e-3
    second_block, first_block = model.second_block, model.first_block
    second_block.hidden.set_weights(first_block.hidden.get_weights())
    second_block.output_dense.set_weights(first_block.output_dense.get_weights())
    x = np.ones((4, 8), "float32")
    assert np.abs(np.asarray(first_block(x)) - np.asarray(second_block(x))).max() < 1e-6
    masked = [np.asarray(block(x, training=True)) for block in (first_block, second_block)]
    assert np.abs(masked[0] - masked[1]).max() > 1e-3


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("n_sites", [1, 2, 4])
def test_rollout_equals_teacher_forcing_on_its_own_outputs(preset, n_sites):
    model = tiny(preset)
    predicted = Rollout(model)(random_states(n_sites), 20)
    forced = np.asarray(model(real_parts(predicted[:, :-1])))
    np.testing.assert_allclose(forced, real_parts(predicted[:, 1:]), atol=1e-5)


@pytest.mark.parametrize("preset", PRESETS)
def test_rollout_equals_a_python_loop_of_steps(preset):
    model = tiny(preset, dtype="float64")
    psi0 = random_states(3)
    predicted = Rollout(model)(psi0, 5)
    psi, cells = real_parts(psi0, "float64"), model.initial_cells(len(psi0))
    for k in range(1, 6):
        psi, cells = model.step(psi, cells)
        np.testing.assert_allclose(
            psi, real_parts(predicted[:, k], "float64"), atol=ACCURACY[preset]
        )


def test_rollout_of_a_batch_equals_singles():
    model = tiny()
    psi0 = random_states(3, batch=256)
    rollout = Rollout(model)
    together = rollout(psi0, 10)
    alone = np.stack([rollout(one, 10) for one in psi0])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert together.shape == (256, 11, 8)


def test_rollout_without_xla_is_equal():
    model = tiny()
    psi0 = random_states(2)
    np.testing.assert_allclose(
        Rollout(model)(psi0, 30), Rollout(model, xla=False)(psi0, 30), atol=1e-5
    )


def test_rollout_sees_new_weights():
    model = tiny()
    rollout = Rollout(model)
    before = rollout(random_states(2), 3)
    model.spin_decoding.real_embedding.assign_add(
        np.ones(model.spin_decoding.real_embedding.shape, "float32")
    )
    assert np.abs(rollout(random_states(2), 3) - before).max() > 1e-3


def test_one_set_of_weights_serves_every_n():
    model = tiny()
    names = [variable.path for variable in model.variables]
    for n_sites in (1, 2, 3, 4):
        assert Rollout(model)(random_states(n_sites), 2).shape == (4, 3, 2**n_sites)
    assert [variable.path for variable in model.variables] == names


def test_increment_adds_the_scaled_decoding():
    state, increment = tiny("increment", predicts="state"), tiny("increment")
    increment.set_weights(state.get_weights())
    psi = real_parts(random_states(3))[:, None]
    np.testing.assert_allclose(increment(psi), psi + 0.1 * np.asarray(state(psi)), atol=1e-6)


def test_untrained_increment_network_stands_still():
    model = TransferableSRU.from_preset("increment", n_max=4, units=8)
    psi = real_parts(random_states(3))[:, None]
    np.testing.assert_array_equal(model(psi), psi)


def test_mixed_precision_keeps_amplitudes_in_float32():
    model = tiny(dtype="mixed_bfloat16")
    psi = real_parts(random_states(3))[:, None]
    predicted = model(psi)
    assert keras.backend.standardize_dtype(predicted.dtype) == "float32"
    exact = tiny()
    exact.set_weights(model.get_weights())
    np.testing.assert_allclose(predicted, exact(psi), atol=5e-3)


def test_model_round_trip_through_its_config():
    model = tiny("paper")
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(model))
    copy.set_weights(model.get_weights())
    psi = real_parts(random_states(3))[:, None]
    np.testing.assert_array_equal(copy(psi), model(psi))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"n_layers": 0}, "Argument `n_layers` must be positive, but is 0."),
        ({"predicts": "x"}, 'Argument `predicts` must be one of state, increment, but is "x".'),
    ],
)
def test_init_raises_on_bad_arguments(overrides, message):
    with pytest.raises(ValueError, match=message):
        tiny(**overrides)


def test_from_preset_raises_on_an_unknown_preset():
    with pytest.raises(ValueError, match='one of paper, increment, but is "big"'):
        TransferableSRU.from_preset("big")


@pytest.mark.parametrize(
    ("psi0", "n_steps", "message"),
    [
        (np.ones((2, 4)), 0, "Argument `n_steps` must be positive, but is 0."),
        (np.ones((2, 2, 4)), 1, r"must be \(batch, 2\*\*n\).*shape \(2, 2, 4\)"),
        (np.array([[np.nan, 1.0]]), 1, "Argument `psi0` must be finite"),
        (np.ones((2, 6)), 1, "but is 6"),
        (np.ones((2, 32)), 1, "n in 1..4, but is 32"),
    ],
)
def test_rollout_raises_on_bad_input(psi0, n_steps, message):
    with pytest.raises(ValueError, match=message):
        Rollout(tiny())(psi0, n_steps)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda model, x: model(x[:, 0]),
            r"`psi` must be \(batch, time, 2, 2\*\*n\), .*\(2, 2, 4\)",
        ),
        (lambda model, x: model(x[:, :, :1]), r"\(batch, time, 2, 2\*\*n\), .* \(2, 3, 1, 4\)"),
        (
            lambda model, x: model.step(x, None),
            r"`psi` must be \(batch, 2, 2\*\*n\), but has shape",
        ),
        (lambda model, x: model.step(x[:, 0] + 0j, None), r"imaginary parts, .*, but is complex"),
    ],
)
def test_parts_of_another_shape_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(tiny(), np.ones((2, 3, 2, 4), "float32"))
