"""Stochastic reconfiguration on two logical devices and on two processes."""

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from qtf.training.logbook import read_metrics
from tests import preloaded
from tests.integration.test_distribution import newest_step

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
# Least squares of the joined samples by another algorithm.
EQUATIONS = """
import numpy as np
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import keras
from keras import ops
from qtf.training.distribution import make_strategy
from qtf.training.natural_gradient import NaturalGradient
rng, shift, strategy = np.random.default_rng(0), 0.05, make_strategy("mirrored")

def minimum(kernel, inputs, wanted, before):
    slopes = 2 * (inputs @ kernel)[:, None] * inputs[:, :, None]
    parts = [(slopes * mask).reshape(-1, 12) for mask in ([1, 0, 0], [0, 1, 1])]
    rows = np.vstack([part - part.mean(axis=0) for part in parts]) / np.sqrt(len(inputs))
    targets = np.hstack([part - part.mean() for part in wanted]) / np.sqrt(len(inputs))
    matrix = np.vstack([rows, np.sqrt(shift) * np.eye(12)])
    right = np.hstack([targets, np.sqrt(shift) * before])
    return np.linalg.lstsq(matrix, right, rcond=None)[0], rows

def of_replicas(values):
    return strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(values[context.replica_id_in_sync_group])
    )

# Together fewer rows than weights, as many, and more.
for n_samples in (2, 3, 20):
    with strategy.scope():
        kernel = keras.Variable(rng.standard_normal((4, 3)), dtype="float64")
        model = type("Model", (), {"trainable_variables": [kernel], "variable_dtype": "float64"})
        natural = NaturalGradient(model, shift, momentum=0.5, xla=False)

    def follow(inputs, wanted):
        def outputs(rows):
            found = ops.square(ops.matmul(rows, kernel.value))
            return [found[:, 0], found[:, 1] + found[:, 2]]

        shares = ops.full((n_samples,), 1.0 / n_samples, "float64")
        return natural.follow(outputs, inputs, tf.unstack(wanted), shares, has_loops=True)

    step = tf.function(lambda *values: strategy.run(follow, args=values), autograph=False)
    before = np.zeros(12)
    for _ in range(3):
        inputs = rng.standard_normal((2, n_samples, 4))
        wanted = rng.standard_normal((2, 2, n_samples))
        values = step(of_replicas(inputs), of_replicas(wanted))[0]
        found = strategy.experimental_local_results(values)
        joined = inputs.reshape(-1, 4), wanted.swapaxes(0, 1).reshape(2, -1)
        before, rows = minimum(np.array(kernel), *joined, before / 2)
        for direction in (*found, natural.state[0]):
            np.testing.assert_allclose(np.ravel(direction), before, atol=1e-9)
        change = np.linalg.norm(rows @ before)
        assert natural.is_short(0.99 / change) and not natural.is_short(1.01 / change)
    print("replicas:", len(found))
"""
# Steps that are too long at first, so that some are taken back.
SEARCH = """
import sys
if sys.argv[2] == "mirrored":
    import tensorflow as tf
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from qtf.configuration import config_dict, from_config
from qtf.ground_states.runs.assembly import run
from qtf.ground_states.runs.facts import find_facts
from qtf.ground_states.runs.settings import RunSettings
from qtf.training.damping import Damping
taken_back, harden = [], Damping.harden
Damping.harden = lambda damping: (taken_back.append(1), harden(damping))
config = config_dict(RunSettings())
square = {"lattice": "square", "n_rows": 2, "n_columns": 3}
config.physics.hamiltonian = {"name": "heisenberg", **square}
config.network.name, is_pixelcnn = sys.argv[4], sys.argv[4] == "pixelcnn"
if is_pixelcnn:
    config.network.width, config.network.depth = 3, 2
else:
    config.network.units = 3
config.sampling.n_samples, config.sampling.n_validation = int(sys.argv[3]), 8
config.sampling.n_prefixes = 1
config.min_sr.diag_shift, config.min_sr.momentum, config.min_sr.time_step = 0.1, 0.8, 0.5
if not is_pixelcnn:
    config.min_sr.relative_shift, config.min_sr.second_moment = 0.01, 0.9
config.training.strategy, config.training.average_last = sys.argv[2], 0.5
config.training.precision = "float32" if is_pixelcnn else "float64"
config.training.n_epochs, config.training.steps_per_epoch = int(sys.argv[5]), 10
config.training.log_every_steps, config.training.checkpoint_every_minutes = 1, 0.01
config.training.figures_every_epochs = 0
config.training.xla = is_pixelcnn
optimizer = config.training.optimizer
optimizer.name, optimizer.schedule, optimizer.clip_norm = "sgd", "constant", 0.0
optimizer.learning_rate = 0.5 if is_pixelcnn else 2.0
settings = from_config(RunSettings, config)
try:
    run(settings, find_facts(settings), sys.argv[1])
except KeyboardInterrupt:
    sys.exit(130)
print("taken back:", len(taken_back))
"""


def start(workdir, strategy, n_samples, *, network="gru", n_epochs=2, **variables):
    words = [workdir, strategy, n_samples, network, n_epochs]
    return preloaded.Popen(
        [sys.executable, "-c", SEARCH, *map(str, words)],
        cwd=ROOT,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process, code=0):
    """Waits for the end of a search; returns how many of its steps were taken back."""
    out, err = process.communicate(timeout=300)
    assert process.returncode == code, err[-3000:]
    return None if code else int(out.split("taken back:")[1])


def energies(workdir):
    return [row["loss"] for row in read_metrics(workdir / "metrics.jsonl", "training")]


N_EPOCHS = 20


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """Energies of all steps on one device, with as many samples as two replicas have."""
    folder = tmp_path_factory.mktemp("alone")
    assert finish(start(folder, "one_device", 16, n_epochs=N_EPOCHS)) > 0
    return energies(folder)


def test_two_devices_solve_the_equations_of_all_samples():
    result = preloaded.run(
        [sys.executable, "-c", EQUATIONS], cwd=ROOT, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr[-3000:]
    assert result.stdout.count("replicas: 2") == 3


def test_two_devices_take_the_steps_of_one_and_continue_them(tmp_path, alone):
    assert finish(start(tmp_path, "mirrored", 8, n_epochs=1)) > 0
    finish(start(tmp_path, "mirrored", 8, n_epochs=2))
    assert len(energies(tmp_path)) == 20
    np.testing.assert_allclose(energies(tmp_path), alone[:20], rtol=1e-9)


def test_two_devices_with_xla_agree_to_rounding(tmp_path):
    for strategy, n_samples in (("one_device", 16), ("mirrored", 8)):
        finish(start(tmp_path / strategy, strategy, n_samples, network="pixelcnn"))
    one, two = (energies(tmp_path / name) for name in ("one_device", "mirrored"))
    np.testing.assert_allclose(two, one, atol=1e-5 * np.abs(one).max())


def test_sigterm_to_one_process_stops_both_and_they_end_as_one_device(
    tmp_path, alone, two_workers, wait_for_checkpoint
):
    worker = partial(start, tmp_path, "multi_worker", 8, n_epochs=N_EPOCHS)
    processes = two_workers(worker)
    wait_for_checkpoint(tmp_path, processes)
    processes[1].send_signal(signal.SIGTERM)
    for process in processes:
        finish(process, code=130)
    assert 0 < newest_step(tmp_path) < 10 * N_EPOCHS
    for process in two_workers(worker):
        finish(process)
    np.testing.assert_allclose(energies(tmp_path), alone, rtol=1e-7)
