import keras
import numpy as np
import pytest
import tensorflow as tf

from qtf.autoregressive import GRUNetwork, PixelCNN
from qtf.ground_states.task import Reconfiguration
from qtf.ground_states.wave_function import WaveFunction
from qtf.physics import all_bits

NETWORKS = {
    "gru": lambda: GRUNetwork(n_positions=6, units=3, dtype="float64"),
    "pixelcnn": lambda: PixelCNN(shape=(2, 3), width=2, depth=2, dtype="float64"),
    "positive": lambda: PixelCNN(shape=(2, 3), width=2, depth=2, heads=(2,), dtype="float64"),
}


def derivatives(psi, bits):
    """O of each sample, (n_samples, n_weights), by one tape for each of them."""
    weights = [variable.value for variable in psi.trainable_variables]
    rows = []
    for row in bits:
        with tf.GradientTape(persistent=True) as tape:
            parts = [part[0] for part in psi(row[None])]
        found = [tape.gradient(part, weights, unconnected_gradients="zero") for part in parts]
        flat = [np.concatenate([np.ravel(g) for g in gradients]) for gradients in found]
        rows.append(flat[0] + 1j * flat[1])
    return np.array(rows)


@pytest.mark.parametrize("name", NETWORKS)
def test_direction_solves_the_equations_of_stochastic_reconfiguration(name):
    keras.utils.set_random_seed(0)
    psi = WaveFunction(network=NETWORKS[name](), dtype="float64")
    rng = np.random.default_rng(0)
    bits = all_bits(6)[rng.choice(64, 12, replace=False)].astype("int32")
    energies = rng.standard_normal((2, 12)) - 3.0
    energies[1] *= not psi.positive
    shift, momentum = 0.02, 0.7
    step = Reconfiguration(psi, None, None, diag_shift=shift, momentum=momentum)
    before = rng.standard_normal(psi.count_params())
    step.state[0].assign(before)
    run = tf.function(lambda *args: step.direction(*args), autograph=False)
    shares = rng.dirichlet(np.ones(12))
    found = [np.asarray(part) for part in run(bits, *energies, shares)]
    assert [part.shape for part in found] == [tuple(v.shape) for v in psi.trainable_variables]
    rows = derivatives(psi, bits)
    rows = rows - shares @ rows
    local = energies[0] + 1j * energies[1]
    metric = (rows.conj().T * shares @ rows).real
    force = (rows.conj().T * shares @ (local - shares @ local)).real
    # What the direction before leaves to be explained, in the space of the weights.
    rest = force - momentum * metric @ before
    expected = np.linalg.solve(metric + shift * np.eye(len(metric)), rest) + momentum * before
    joined = np.concatenate([part.ravel() for part in found])
    np.testing.assert_allclose(step.state[0], joined)
    np.testing.assert_allclose(joined, expected, rtol=1e-8, atol=1e-9)


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="diag_shift.* positive, but is 0"):
        Reconfiguration(None, None, None, diag_shift=0.0)
    with pytest.raises(ValueError, match="momentum.* below 1, but is 1"):
        Reconfiguration(None, None, None, diag_shift=0.1, momentum=1.0)
