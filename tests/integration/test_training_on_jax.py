"""The commands train on JAX where TensorFlow cannot be imported; TensorFlow reads the result."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from qtf.training.run_folder import RunFolder

from .test_old_runs import CHAIN, DYNAMICS

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]


def train(tmp_path, module, *flags):
    """Runs a command on JAX; a broken TensorFlow is found first."""
    broken = tmp_path / "broken"
    broken.mkdir(exist_ok=True)
    (broken / "tensorflow.py").write_text("raise ImportError('TensorFlow must not be imported.')")
    return subprocess.run(
        [sys.executable, "-m", f"trainers.{module}", "--backend=jax", *flags],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{broken}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
    )


def test_a_stopped_training_ends_as_the_whole_one(tmp_path):
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    done = train(tmp_path, "dynamics", *DYNAMICS, f"--workdir={whole}")
    assert done.returncode == 0, done.stderr
    shutil.copytree(whole, stopped)
    (stopped / "checkpoints/ckpt-6.npz").unlink()
    done = train(tmp_path, "dynamics", *DYNAMICS, f"--workdir={stopped}")
    assert done.returncode == 0, done.stderr
    assert "step 3/6" in done.stderr
    one, other = (np.load(path / "checkpoints/ckpt-6.npz") for path in (whole, stopped))
    assert set(one) == set(other)
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)
    assert_tensorflow_reads(whole, one)


def test_an_extended_training_that_is_stopped_ends_as_the_whole_one(tmp_path):
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    done = train(tmp_path, "dynamics", *DYNAMICS, f"--workdir={whole}")
    assert done.returncode == 0, done.stderr
    before = (whole / "checkpoints/ckpt-6.npz").read_bytes()
    # From a schedule to a constant rate, which is a variable of the optimiser.
    change = ["--extend=2", "--change", "--config.training.optimizer.schedule=constant"]
    done = train(tmp_path, "dynamics", *DYNAMICS, *change, f"--workdir={whole}")
    assert done.returncode == 0, done.stderr
    assert (whole / "before-6/checkpoints/ckpt-6.npz").read_bytes() == before
    shutil.copytree(whole, stopped)
    (stopped / "checkpoints/ckpt-12.npz").unlink()
    done = train(tmp_path, "dynamics", *DYNAMICS, *change, f"--workdir={stopped}")
    assert "step 9/12" in done.stderr
    one, other = (np.load(path / "checkpoints/ckpt-12.npz") for path in (whole, stopped))
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def test_a_ground_state_is_sought_by_reconfiguration(tmp_path):
    flags = [*CHAIN, "--config.training.n_epochs=2", f"--workdir={tmp_path / 'run'}"]
    done = train(tmp_path, "ground_state", *flags)
    assert done.returncode == 0, done.stderr
    arrays = np.load(tmp_path / "run/checkpoints/ckpt-6.npz")
    # The direction before, the damping and the change of the last step.
    assert len([name for name in arrays if name.startswith("task")]) == 3
    assert 0 < arrays["task-0002"] < 10
    assert_tensorflow_reads(tmp_path / "run", arrays)


def assert_tensorflow_reads(run, arrays):
    """Checks that TensorFlow, on which this test runs, has the model with the same weights."""
    weights = RunFolder(run).load_model().trainable_variables
    names = sorted(name for name in arrays if name.startswith("model"))
    for name, weight in zip(names, weights, strict=False):
        np.testing.assert_array_equal(arrays[name], weight)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (
            ["--config.training.strategy=mirrored"],
            '`training.strategy` must be "one_device" on JAX',
        ),
        (["--profile"], "Flag --profile must be off on JAX, as it needs TensorFlow"),
    ],
)
def test_what_needs_tensorflow_is_told_in_one_line(tmp_path, flags, words):
    done = train(tmp_path, "dynamics", *DYNAMICS, f"--workdir={tmp_path / 'run'}", *flags)
    assert done.returncode == 1
    assert words in done.stderr.splitlines()[-1]
