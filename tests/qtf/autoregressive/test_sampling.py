import keras
import numpy as np
import pytest

from qtf.autoregressive import GRUNetwork, Transformer
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


@pytest.mark.parametrize("highest", [1.0, np.nextafter(np.float32(1.0), np.float32(0.0))])
def test_what_is_impossible_is_not_drawn_by_rounding(highest):
    keras.utils.set_random_seed(0)
    network = GRUNetwork(n_positions=1, units=2, heads=(16,), local_dimension=16)
    rng = np.random.default_rng(2)
    logits = 3.0 * rng.standard_normal((4000, 16)).astype("float32")
    impossible = rng.random((4000, 16)) < 0.5
    impossible[:, 5] = False
    logits[impossible] = -1e4
    # Where cumulated probabilities are, and at the end.
    probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
    sums = np.cumsum(probabilities / probabilities.sum(axis=1, keepdims=True), axis=1)
    on_edges = np.minimum(sums[np.arange(4000), rng.integers(16, size=4000)], highest)
    for uniforms in (np.full(4000, highest), on_edges):
        uniforms = uniforms[None].astype("float32")
        drawn = np.asarray(draw_outcomes(network, uniforms, lambda *_: logits))[0]
        assert not impossible[np.arange(4000), drawn].any()
