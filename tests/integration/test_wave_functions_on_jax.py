"""Wave functions give the same numbers on TensorFlow and JAX, each in a process of its own."""

import numpy as np


def test_wave_functions_give_the_same_numbers_on_jax(on_both_backends):
    program = """
import sys
import numpy as np
import keras
from qtf.autoregressive import LSTM2D, GatedRNN2D, GRUNetwork, PixelCNN, Transformer
from qtf.ground_states.local_energy import LocalEnergy
from qtf.ground_states.wave_function import WaveFunction
from qtf.physics import Square, heisenberg
from qtf.training.compilation import compiled
found = {}
for network in (
    GRUNetwork(n_positions=6, units=8),
    PixelCNN(shape=(2, 3), width=8, depth=3),
    LSTM2D(shape=(2, 3), units=8),
    GatedRNN2D(shape=(2, 3), units=8),
    Transformer(n_positions=6, units=8),
):
    rng = np.random.default_rng(0)
    for variable in network.variables:
        variable.assign(0.4 * rng.standard_normal(variable.shape))
    psi = WaveFunction(network=network, zero_magnetization=True)
    local_energy = LocalEnergy(heisenberg(Square(2, 3)), n_prefixes=3)
    def measure(uniforms):
        bits = psi.sample(uniforms)
        return bits, *psi(bits), *local_energy(psi, bits)
    run = compiled(measure, variables=psi.variables)
    values = run(keras.ops.convert_to_tensor(rng.random((6, 50)).astype("float32")))
    for name, value in zip(("bits", "modulus", "phase", "real", "imaginary"), values):
        found[f"{type(network).__name__} {name}"] = np.asarray(value)
np.savez(f"{sys.argv[1]}/{keras.backend.backend()}.npz", **found)
"""
    folder = on_both_backends(program)
    one, other = (dict(np.load(folder / f"{name}.npz")) for name in ("jax", "tensorflow"))
    assert len(one) == 25
    for name, values in one.items():
        np.testing.assert_allclose(values, other[name], rtol=1e-5, atol=1e-5, err_msg=name)
