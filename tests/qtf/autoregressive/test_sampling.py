import keras
import numpy as np
import pytest

from qtf.autoregressive import Transformer
from qtf.autoregressive.sampling import draw_outcomes


@pytest.mark.parametrize("n_positions", [8, 9, 19])
def test_stages_of_sampling_change_no_outcome(monkeypatch, n_positions):
    keras.utils.set_random_seed(0)
    network = Transformer(n_positions=n_positions, units=8, heads=(3,), local_dimension=3)
    for variable in network.variables:
        variable.assign(2.0 * variable)
    uniforms = np.random.default_rng(1).random((n_positions, 200)).astype("float32")

    def sample(n_stages):
        monkeypatch.setattr(Transformer, "n_sampling_stages", n_stages)
        return np.asarray(draw_outcomes(network, uniforms, lambda outputs, *_: outputs))

    together = sample(1)
    assert together.std() > 0.1
    np.testing.assert_array_equal(sample(4), together)
    np.testing.assert_array_equal(sample(2), together)
