"""Wave functions give the same numbers on TensorFlow and JAX, each in a process of its own."""

import numpy as np
import pytest

pytestmark = pytest.mark.long


def test_wave_functions_give_the_same_numbers_on_jax(on_both_backends):
    program = """
import sys
import numpy as np
import keras
from qtf.autoregressive import LSTM2D, GatedRNN2D, GRUNetwork, PixelCNN, RowScan, Transformer
from qtf.ground_states.local_energy import LocalEnergy
from qtf.ground_states.patches import Patches
from qtf.ground_states.symmetries import symmetrizer
from qtf.ground_states.wave_function import WaveFunction
from qtf.physics import Square, heisenberg
from qtf.training.compilation import compiled
found = {}
small, large = Square(2, 3), Square(2, 4)
for name, lattice, network in (
    ("gru", small, GRUNetwork(n_positions=6, units=8)),
    ("symmetric", small, GRUNetwork(n_positions=6, units=8)),
    ("pixelcnn", small, PixelCNN(shape=(2, 3), width=8, depth=3)),
    ("lstm_2d", small, LSTM2D(shape=(2, 3), units=8)),
    ("snake", small, GatedRNN2D(shape=(2, 3), units=8, context=True)),
    ("patches", large, RowScan(shape=(1, 2), units=8, local_dimension=16, heads=(16, 16))),
    # Of eight positions, samples are drawn in two loops.
    ("transformer", large, Transformer(n_positions=8, units=8)),
):
    rng = np.random.default_rng(0)
    for variable in network.variables:
        variable.assign(0.4 * rng.standard_normal(variable.shape))
    sites = lattice.site_order("snake" if name == "snake" else "raster")
    if name == "patches":
        sites = Patches(lattice, (2, 2)).site_order("raster")
    psi = WaveFunction(network=network, zero_magnetization=True, sites=sites)
    if name == "symmetric":
        psi = symmetrizer("lattice_and_flip", lattice)(psi)
    local_energy = LocalEnergy(heisenberg(lattice), n_prefixes=1 if name == "symmetric" else 3)
    def measure(uniforms):
        bits = psi.sample(uniforms)
        return bits, *psi(bits), *local_energy(psi, bits)
    run = compiled(measure, variables=psi.variables)
    values = run(keras.ops.convert_to_tensor(rng.random((psi.n_uniforms, 50)).astype("float32")))
    for part, value in zip(("bits", "modulus", "phase", "real", "imaginary"), values):
        found[f"{name} {part}"] = np.asarray(value)
np.savez(f"{sys.argv[1]}/{keras.backend.backend()}.npz", **found)
"""
    folder = on_both_backends(program)
    one, other = (dict(np.load(folder / f"{name}.npz")) for name in ("jax", "tensorflow"))
    assert len(one) == 35
    for name, values in one.items():
        np.testing.assert_allclose(values, other[name], rtol=1e-5, atol=1e-5, err_msg=name)
