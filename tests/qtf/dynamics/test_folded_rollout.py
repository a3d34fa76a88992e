import keras
import numpy as np
import pytest

from qtf.dynamics.folded_rollout import folded_states
from qtf.dynamics.rollout import predicted_states, real_parts
from qtf.dynamics.transferable_sru import TransferableSRU
from qtf.physics import sample_initial_states


@pytest.mark.parametrize("n_sites", [1, 2, 4])
@pytest.mark.parametrize("preset", ["paper", "increment"])
def test_folded_rollout_equals_the_plain_loop(preset, n_sites):
    keras.utils.set_random_seed(0)
    small = {"n_max": 4, "units": 8, "n_layers": 2, "decoder_initializer": "glorot_normal"}
    model = TransferableSRU.from_preset(preset, dtype="float64", **small)
    psi0 = real_parts(sample_initial_states("haar", n_sites, 3, seed=1), "float64")
    folded = np.asarray(folded_states(model, psi0, 30))
    plain = np.asarray(predicted_states(model, psi0, 30))
    assert np.abs(plain[:, -1] - psi0).max() > 1e-3
    tolerance = 1e-11 if keras.backend.backend() == "tensorflow" else 1e-5
    np.testing.assert_allclose(folded, plain, atol=tolerance)
