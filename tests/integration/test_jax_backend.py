"""Layers and model pass the same tests when Keras runs on JAX, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]


def test_layers_and_model_pass_their_tests_on_jax():
    generator = "tests/qtf/dynamics/test_local_generator.py::test_"
    tests = [
        "tests/qtf/layers",
        "tests/qtf/dynamics/test_transferable_sru.py",
        # The whole file would take JAX, which compiles every operation, a minute.
        f"{generator}rollout_equals_powers_of_the_exponential",
        f"{generator}whole_trajectories_are_advanced_state_by_state",
        f"{generator}gradient_at_zero_is_not_lost_with_the_order",
    ]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *tests],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout
    assert " passed" in result.stdout


def test_weights_written_on_jax_load_in_tensorflow(on_both_backends):
    program = """
import sys
import numpy as np
import keras
from qtf.dynamics.rollout import Rollout
from qtf.dynamics.transferable_sru import TransferableSRU
keras.utils.set_random_seed(1)
model = TransferableSRU.from_preset("paper", n_max=3, units=8, n_layers=1)
path = sys.argv[1]
if keras.backend.backend() == "jax":
    model.save_weights(path + "/a.weights.h5")
else:
    model.load_weights(path + "/a.weights.h5")
psi0 = np.full((2, 8), 8**-0.5, "complex64")
np.save(f"{path}/{keras.backend.backend()}.npy", Rollout(model)(psi0, 10))
"""
    folder = on_both_backends(program)
    one, other = (np.load(folder / f"{name}.npy") for name in ("jax", "tensorflow"))
    np.testing.assert_allclose(one, other, atol=1e-5)
