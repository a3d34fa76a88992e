"""Outcome distributions give the same numbers on TensorFlow and JAX, each in its own process."""

import numpy as np
import pytest

pytestmark = pytest.mark.long


def test_open_systems_give_the_same_numbers_on_jax(on_both_backends):
    program = """
import sys
import numpy as np
import keras
from qtf.autoregressive import GatedRNN2D, GRUNetwork, Transformer
from qtf.open_systems.full_sums import log_table
from qtf.open_systems.povm_liouvillian import PovmLiouvillian
from qtf.open_systems.objectives import advance_ratios, forward_backward
from qtf.open_systems.outcome_distribution import OutcomeDistribution
from qtf.physics import Lindbladian, OutcomeGenerator, Square, decay, ising, tetrahedral
from qtf.training.compilation import compiled
four = {"local_dimension": 4, "heads": (4,)}
paper = {"n_attention_heads": 1, "feed_forward_units": 6, "norm_last": True, "sinusoidal": True}
local = OutcomeGenerator(Lindbladian(ising(Square(2, 2)), decay(4)), tetrahedral())
generator = PovmLiouvillian(local.bonds, local.matrices, n_sites=4, chunk=12)
objective = forward_backward(generator, 0.05, "chi2")
found = {}
for network in (
    GRUNetwork(n_positions=4, units=8, **four),
    GatedRNN2D(shape=(2, 2), units=8, **four),
    Transformer(n_positions=4, units=8, n_layers=1, **paper, **four),
):
    rng = np.random.default_rng(0)
    for variable in network.variables:
        variable.assign(0.4 * rng.standard_normal(variable.shape))
    distribution = OutcomeDistribution(network=network, strings=((0, 1, 3, 2), (1, 0, 2, 3)))
    def measure(uniforms):
        outcomes = distribution.sample(uniforms)
        known = advance_ratios(generator, distribution, distribution, outcomes, 0.05)
        value, *weights = objective.of_samples(distribution, outcomes, known)
        surrogate = objective.surrogate(distribution, outcomes, weights, 1)
        table = log_table(distribution)
        of_table = objective.of_table(table)
        return outcomes, value, *weights, surrogate, table, of_table
    run = compiled(measure, variables=distribution.variables)
    values = run(keras.ops.convert_to_tensor(rng.random((5, 50)).astype("float32")))
    for i, value in enumerate(values):
        found[f"{type(network).__name__} {i}"] = np.asarray(value)
np.savez(f"{sys.argv[1]}/{keras.backend.backend()}.npz", **found)
"""
    folder = on_both_backends(program)
    one, other = (dict(np.load(folder / f"{name}.npz")) for name in ("jax", "tensorflow"))
    assert len(one) == 21
    for name, values in one.items():
        np.testing.assert_allclose(values, other[name], rtol=1e-4, atol=1e-5, err_msg=name)
