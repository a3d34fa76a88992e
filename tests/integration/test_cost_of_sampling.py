"""What a sample costs, counted in products and sums of the traced program, on JAX."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
PROGRAM = """
import json, math
import jax, numpy as np
from qtf.autoregressive import NETWORKS
from qtf.autoregressive.network import network_class
from qtf.ground_states.wave_function import WaveFunction

def inner(value):
    if hasattr(value, "jaxpr"):
        return inner(value.jaxpr)
    return [value] if hasattr(value, "eqns") else []

def products(jaxpr, length=1):
    total = 0
    for equation in jaxpr.eqns:
        if equation.primitive.name == "dot_general":
            (over, _), _ = equation.params["dimension_numbers"]
            left = equation.invars[0].aval.shape
            size = math.prod(equation.outvars[0].aval.shape)
            total += size * math.prod(left[axis] for axis in over)
        if equation.primitive.name == "reduce_sum":
            total += math.prod(equation.invars[0].aval.shape)
        # A sample's loop over positions may appear as either; its bounds are known to us only.
        times = {"scan": equation.params.get("length"), "while": length}
        times = times.get(equation.primitive.name, 1)
        for value in equation.params.values():
            for part in value if isinstance(value, (tuple, list)) else [value]:
                total += sum(times * products(found) for found in inner(part))
    return total

SHAPE, N = (6, 6), 36
SIZES = {
    "gated_2d": {"shape": SHAPE, "units": 16},
    "gru": {"n_positions": N, "units": 32},
    "transformer": {"n_positions": N, "units": 32},
    "pixelcnn": {"shape": SHAPE, "width": 16, "depth": 5},
    "lstm_2d": {"shape": SHAPE, "units": 16, "n_layers": 2},
    "row_scan": {"shape": SHAPE, "units": 16},
}
found = {}
for name, settings in NETWORKS.items():
    network = network_class(settings)(**SIZES[name])
    psi = WaveFunction(network=network, zero_magnetization=True)
    uniforms, bits = np.zeros((N, 8), "float32"), np.zeros((8, N), "int32")
    sample = jax.make_jaxpr(psi.sample)(uniforms)
    whole = jax.make_jaxpr(lambda bits: psi(bits))(bits)
    found[name] = (products(sample.jaxpr, N), products(whole.jaxpr))
print(json.dumps(found))
"""


def test_a_sample_costs_at_most_three_parallel_evaluations():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": "jax"},
        check=True,
        capture_output=True,
        text=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert set(found) == {"gated_2d", "gru", "lstm_2d", "pixelcnn", "row_scan", "transformer"}
    for name, (sample, whole) in found.items():
        # Networks that ran anew for each of the 36 positions would need 36 times as much. Both
        # branches of a condition are counted.
        assert 0.9 < sample / whole < 3.0, name
