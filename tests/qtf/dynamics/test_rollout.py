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
