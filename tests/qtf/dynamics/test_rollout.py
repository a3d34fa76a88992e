import keras
import numpy as np
import pytest

from qtf.dynamics.rollout import Rollout
from qtf.dynamics.transferable_sru import TransferableSRU
from qtf.physics import sample_initial_states

N_STEPS = 4
BYTES_OF_ONE = 4 * 2 * 2**3 * (N_STEPS + 1)


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    return TransferableSRU.from_preset("increment", n_max=3, units=8)


@pytest.mark.parametrize("n_states", [1, 3, 7])
def test_large_batches_are_split_into_chunks_of_one_size(model, n_states):
    psi0 = sample_initial_states("haar", 3, 7, seed=0)
    whole = Rollout(model)(psi0, N_STEPS)
    split = Rollout(model, chunk_bytes=n_states * BYTES_OF_ONE)
    np.testing.assert_allclose(split(psi0, N_STEPS), whole, atol=1e-6)
    sizes = {shape[1] for shape in split._loops}
    assert len(sizes) == 1
    assert max(sizes) <= n_states


def test_several_numbers_of_spins_in_one_call(model):
    rollout = Rollout(model)
    psi0 = {n: sample_initial_states("haar", n, 2, seed=0) for n in (1, 3)}
    found = rollout(psi0, N_STEPS)
    assert list(found) == [1, 3]
    for n, states in psi0.items():
        np.testing.assert_array_equal(found[n], rollout(states, N_STEPS))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda model: Rollout(model)({3: np.ones((2, 4))}, 1), r"n = 3 .* 8 .* \(2, 4\)"),
        (lambda model: Rollout(model, loop="fast"), 'loop.* "fast"'),
        (lambda model: Rollout(model, chunk_bytes=0), "chunk_bytes.* 0"),
    ],
)
def test_mistakes_are_named(model, call, message):
    with pytest.raises(ValueError, match=message):
        call(model)


@pytest.mark.parametrize("scale", [2.0, 1e-6, 1e30, 1e-30])
def test_rollouts_are_linear_in_the_norm_of_their_states(model, scale):
    rollout = Rollout(model)
    psi0 = sample_initial_states("haar", 3, 2, seed=0)
    expected = rollout(psi0, 20)
    found = rollout(scale * psi0, 20) / scale
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    single = rollout(scale * psi0[0], 20) / scale
    np.testing.assert_allclose(single, expected[0], rtol=1e-5, atol=1e-6)


def test_every_state_of_a_batch_keeps_its_norm(model):
    psi0 = sample_initial_states("haar", 2, 3, seed=0)
    norms = np.array([1.0, 3.0, 1e-4])[:, None]
    found = Rollout(model)(norms * psi0, N_STEPS)
    expected = norms[:, None] * Rollout(model)(psi0, N_STEPS)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(found[:, 0], norms * psi0, rtol=1e-6)


def test_an_empty_batch_has_an_empty_answer(model):
    found = Rollout(model)(np.zeros((0, 8)), N_STEPS)
    assert found.shape == (0, N_STEPS + 1, 8)
    assert found.dtype == np.complex64
    by_n = Rollout(model)({2: np.zeros((0, 4)), 3: np.eye(8)[:1]}, N_STEPS)
    assert {n: psi.shape for n, psi in by_n.items()} == {2: (0, 5, 4), 3: (1, 5, 8)}
    assert Rollout(model)({}, N_STEPS) == {}


def test_real_and_integer_states_are_states(model):
    rollout = Rollout(model)
    expected = rollout(np.eye(4, dtype=complex), N_STEPS)
    for dtype in (int, np.float32):
        np.testing.assert_array_equal(rollout(np.eye(4, dtype=dtype), N_STEPS), expected)


@pytest.mark.parametrize(
    ("psi0", "n_steps", "message"),
    [
        (np.zeros(4), 1, "`psi0` must hold states, none of which is 0, but holds one without"),
        (np.eye(4) * [1, 1, 1, 0], 1, "`psi0` must hold states, none of which is 0"),
        (np.zeros((2, 0)), 1, r"axis of `psi0` must be 2\*\*n, n at least 1, but is 0"),
        (np.zeros((0, 16)), 1, r"axis of `psi0` must be 2\*\*n for n in 1..3, but is 16"),
        (np.array([1.0, np.inf]), 1, "`psi0` must be finite, but holds NaN or infinity"),
        (np.array(["a", "b"]), 1, "`psi0` must hold numbers, but has dtype <U1"),
        (np.float64(1.0), 1, r"`psi0` must be \(batch, 2\*\*n\) or .* but has shape \(\)"),
        (1e60 * np.eye(4), 1, "norms from 1.2e-38 to 3.4e.38, as float32 can, but one has 1e.60"),
        (1e-60 * np.eye(4), 1, "as float32 can, but one has 1e-60"),
        (np.eye(4), 2.5, "`n_steps` must be an integer, but is 2.5"),
        (np.eye(4), True, "`n_steps` must be an integer, but is True"),
        (np.eye(4), -1, "`n_steps` must be positive, but is -1"),
    ],
)
def test_states_that_are_none_are_named(model, psi0, n_steps, message):
    with pytest.raises(ValueError, match=message):
        Rollout(model)(psi0, n_steps)
