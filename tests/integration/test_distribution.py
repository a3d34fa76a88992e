"""Mirrored on two logical devices and two worker processes, as a user would start them."""

import json
import os
import re
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests import preloaded

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
# Two logical CPUs stand for two GPUs of one machine.
PROGRAM = """
import sys
import tensorflow as tf
if "mirrored" in sys.argv[2]:
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from qtf.configuration import config_dict, from_config
from qtf.dynamics.runs.settings import DynamicsSettings
from qtf.dynamics.runs.assembly import run
config = config_dict(DynamicsSettings())
config.model.preset = "paper"
config.model.units, config.model.n_layers, config.model.n_max = 8, 1, 3
config.data.source = "exact"
config.data.n_sites = (2, 3)
config.data.batch_size, config.data.window = 4, 6
config.data.n_validation, config.data.rollout_steps = 5, 12
config.training.n_epochs, config.training.steps_per_epoch = 2, int(sys.argv[3])
config.training.log_every_steps = 10
config.training.checkpoint_every_minutes = 0.02
config.training.optimizer.clip_norm = 1.0
config.training.strategy = sys.argv[2]
config.training.xla = sys.argv[4] == "xla"
try:
    run(from_config(DynamicsSettings, config), sys.argv[1])
except KeyboardInterrupt:
    sys.exit(130)
"""


# One plain gradient step on the same eight samples: a wrong factor would show.
GRADIENT_STEP = """
import sys
import numpy as np
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import keras
from keras import ops
from qtf.training.distribution import batches, make_strategy
from qtf.training.settings import TrainingSettings
from qtf.training.step import TrainingStep
samples = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
start = np.array([1.0, 1.0, 1.0, 0.0])
for clip_norm in (0.0, 0.5):
    weights = {}
    for name, batch_size in (("one_device", 8), ("mirrored", 4)):
        settings = TrainingSettings.from_mapping(
            {"strategy": name, "optimizer": {"clip_norm": clip_norm}}
        )
        strategy = make_strategy(name)
        with strategy.scope():
            model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
            model.layers[0].set_weights([np.ones((3, 1)), np.zeros(1)])
            optimizer = keras.optimizers.SGD(0.1)
            optimizer.build(model.trainable_variables)
        loss = lambda x: ops.mean(ops.square(model(x) - 1.0))
        step = TrainingStep(strategy, model, optimizer, loss, settings)
        data = batches(
            strategy,
            lambda context: tf.data.Dataset.from_tensor_slices(samples).batch(batch_size),
        )
        value, finite, _, _ = step(next(data))
        assert finite
        weights[name] = np.concatenate([w.ravel() for w in model.get_weights()])
        print(name, strategy.num_replicas_in_sync, value, weights[name])
    assert np.abs(weights["one_device"] - start).max() > 1e-2
    np.testing.assert_allclose(weights["mirrored"], weights["one_device"], rtol=1e-6)
"""


def start(workdir, strategy, steps=20, compiler="xla", **environment):
    return preloaded.Popen(
        [sys.executable, "-c", PROGRAM, str(workdir), strategy, str(steps), compiler],
        cwd=ROOT,
        env={**os.environ, **environment},
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process, code=0):
    _, err = process.communicate(timeout=300)
    assert process.returncode == code, err[-3000:]


def losses(workdir):
    rows = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    return [row["loss"] for row in rows]


def test_two_replicas_and_two_workers_train_alike(tmp_path, two_workers):
    finish(start(tmp_path / "mirrored", "mirrored"))
    for process in two_workers(partial(start, tmp_path / "workers", "multi_worker")):
        finish(process)
    assert len(losses(tmp_path / "mirrored")) == 6
    np.testing.assert_allclose(
        losses(tmp_path / "workers"), losses(tmp_path / "mirrored"), rtol=1e-5
    )
    names = {path.name for path in (tmp_path / "workers").iterdir()}
    assert not any(name.startswith(".checkpoints") for name in names), names


def test_two_replicas_take_the_step_of_one_device_with_the_joined_batch():
    result = preloaded.run(
        [sys.executable, "-c", GRADIENT_STEP],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    assert result.stdout.count("mirrored 2 ") == 2


def test_sigterm_to_one_worker_saves_and_stops_all_and_they_continue(
    tmp_path, two_workers, wait_for_checkpoint
):
    worker = partial(start, tmp_path, "multi_worker", steps=150, compiler="none")
    workers = two_workers(worker)
    wait_for_checkpoint(tmp_path, workers)
    workers[1].send_signal(signal.SIGTERM)
    for process in workers:
        finish(process, code=130)
    step = newest_step(tmp_path)
    assert 0 < step < 300
    for process in two_workers(worker):
        finish(process)
    assert newest_step(tmp_path) == 300


def newest_step(workdir):
    names = [path.name for path in workdir.glob("checkpoints/*.index")]
    return max(int(re.search(r"ckpt-(\d+)", name)[1]) for name in names)
