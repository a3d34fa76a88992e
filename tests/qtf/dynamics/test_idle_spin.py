import keras
import numpy as np
import pytest

from qtf.dynamics.idle_spin import add_idle_spin
from qtf.dynamics.rollout import Rollout, real_parts
from qtf.dynamics.transferable_sru import TransferableSRU
from qtf.physics import sample_initial_states


def network(**overrides):
    keras.utils.set_random_seed(0)
    arguments = {"n_max": 4, "units": 64, "activation": "linear", "layer_norm": False}
    small = {"decoder_initializer": "glorot_normal", "increment_scale": 0.01}
    return TransferableSRU.from_preset("increment", **{**arguments, **small, **overrides})


def idle(model, psi, n_steps):
    """Rolls both halves of the amplitudes out on their own."""
    halves = psi.reshape(2 * len(psi), -1)
    norms = np.linalg.norm(halves, axis=-1, keepdims=True)
    rolled = Rollout(model)(halves / norms, n_steps) * norms[:, None]
    rolled = rolled.reshape(len(psi), 2, n_steps + 1, -1)
    return np.concatenate([rolled[:, 0], rolled[:, 1]], axis=-1)


@pytest.mark.parametrize("predicts", ["increment", "state"])
def test_grown_network_predicts_the_old_spins_beside_an_idle_one(predicts):
    model = network(predicts=predicts)
    psi = sample_initial_states("paper", 3, 16, seed=4)
    parts = real_parts(idle(model, psi, 10))
    decoded = parts[:, 1:] - parts[:, :-1] if predicts == "increment" else parts[:, 1:]

    def error():
        return np.linalg.norm(model(parts[:, :-1]) - parts[:, 1:]) / np.linalg.norm(decoded)

    before = error()
    unexplained = add_idle_spin(model, 2)
    assert error() < 0.5 * before
    assert 0 < unexplained < 0.06


def test_grown_rows_of_the_spin_encoding_are_orthogonal_to_the_old_ones():
    model = network()
    old = np.asarray(model.spin_encoding.real_embedding)[:4]
    add_idle_spin(model, 2)
    table = np.asarray(model.spin_encoding.real_embedding)
    np.testing.assert_array_equal(table[:4], old)
    np.testing.assert_allclose(table[:4] @ table[4:8].T, 0, atol=1e-6)
    scale = np.mean(np.linalg.svd(old)[1] ** 2)
    np.testing.assert_allclose(table[4:8] @ table[4:8].T, scale * np.eye(4), atol=1e-6)


def test_growing_a_narrow_network_keeps_its_initial_rows():
    model = network(units=8)
    before = np.asarray(model.spin_encoding.real_embedding)
    add_idle_spin(model, 2)
    np.testing.assert_array_equal(model.spin_encoding.real_embedding, before)


def test_growing_is_reproducible():
    first, second = network(), network()
    assert add_idle_spin(first, 2) == add_idle_spin(second, 2)
    for one, other in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("n_sites", [0, 4])
def test_grow_raises_without_room(n_sites):
    with pytest.raises(ValueError, match=r"`n_sites` must be within 1\.\.3, .* but is"):
        add_idle_spin(network(), n_sites)
