import contextlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from qtf.training.checkpoint_files import newest_whole_step
from qtf.training.checkpoints import optimizer_steps
from qtf.training.logbook import read_metrics
from qtf.training.loop import train
from qtf.training.progress import Progress
from qtf.training.tensorflow_checkpoints import TensorFlowCheckpoints

from .conftest import Regression
from .test_loop import Killed, config, kill_at, settings


class Wider(Regression):
    def make_model(self):
        inputs = keras.Input((3,))
        return keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Dense(6)(inputs)))


class Listed(keras.Model):
    """Keeps its layers in a list, where TensorFlow does not look for them."""

    def __init__(self, seed):
        super().__init__()
        keras.utils.set_random_seed(seed)
        self.parts = [keras.layers.Dense(2), keras.layers.Dense(1)]
        self(np.zeros((1, 3)))

    def call(self, inputs):
        return self.parts[1](self.parts[0](inputs))

    def checkpoints(self, folder):
        optimizer = keras.optimizers.Adam()
        optimizer.build(self.trainable_variables)
        return TensorFlowCheckpoints(folder, self, optimizer, Progress())


@pytest.fixture(scope="module")
def earlier(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "earlier"
    train(Regression(), settings(n_epochs=2), config(), folder)
    return folder


@pytest.fixture(scope="module")
def started(tmp_path_factory, earlier):
    """Model and run folder of a run that started from `earlier`, undisturbed."""
    folder = tmp_path_factory.mktemp("runs") / "started"
    training = train(Regression(), settings(n_epochs=1), config(), folder, start_from=earlier)
    return training.model, folder


def variables(prefix):
    """Weights and all of the optimiser, by their names in a checkpoint."""
    reader = tf.train.load_checkpoint(prefix)
    names = [name for name, _ in tf.train.list_variables(prefix)]
    return {
        name: reader.get_tensor(name) for name in names if name.startswith(("model/", "optimizer/"))
    }


def test_weights_and_moments_come_along_and_the_first_row_is_before_the_first_step(
    started, earlier
):
    _, folder = started
    kept = earlier / "checkpoints"
    last = variables(str(kept / f"ckpt-{newest_whole_step(kept)}"))
    first = variables(str(folder / "checkpoints" / "ckpt-0"))
    assert any("_variables" in name for name in first)
    assert first.keys() == last.keys()
    for name, value in first.items():
        np.testing.assert_array_equal(value, last[name], err_msg=name)
    assert optimizer_steps(folder / "checkpoints") == 30
    rows, before = (
        read_metrics(path / "metrics.jsonl", "validation") for path in (folder, earlier)
    )
    assert [row["step"] for row in rows] == [0, 10]
    assert rows[0]["loss"] == before[-1]["loss"]


def test_weights_of_layers_in_lists_come_along(tmp_path):
    one, other = Listed(1), Listed(2)
    one.checkpoints(tmp_path).save()
    other.checkpoints(tmp_path / "new").start_from(tmp_path)
    for found, expected in zip(other.get_weights(), one.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [
        ({"schedule": "inverse_sqrt", "decay": 0.1}, [0.01 / 1.5**0.5, 0.01 / 2.0**0.5]),
        ({"schedule": "constant"}, [0.01, 0.01]),
    ],
)
def test_learning_rates_are_those_of_the_new_run(tmp_path, earlier, optimizer, expected):
    new = settings(n_epochs=1, optimizer={"learning_rate": 0.01, **optimizer})
    train(Regression(), new, config(), tmp_path, start_from=earlier)
    rates = [row["learning_rate"] for row in read_metrics(tmp_path / "metrics.jsonl", "training")]
    np.testing.assert_allclose(rates, expected, rtol=1e-6)


@pytest.mark.parametrize(
    "moment",
    [
        "qtf.training.tensorflow_checkpoints.TensorFlowCheckpoints.save",
        "qtf.training.logbook.Logbook.row",
    ],
)
def test_killed_after_the_first_validation_the_same_command_ends_alike(
    tmp_path, earlier, started, monkeypatch, moment
):
    whole, folder = started
    with monkeypatch.context() as patch, contextlib.suppress(Killed):
        kill_at(patch, moment, 1, True)
        train(Regression(), settings(n_epochs=1), config(), tmp_path, start_from=earlier)
    again = train(Regression(), settings(n_epochs=1), config(), tmp_path, start_from=earlier).model
    for one, other in zip(whole.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    texts = [(path / "metrics.jsonl").read_text() for path in (tmp_path, folder)]
    assert texts[0] == texts[1]


def test_weights_that_are_not_trained_are_named(tmp_path):
    other = Listed(0)
    other.parts[0].trainable = False
    with pytest.raises(ValueError, match="must have trained weights only, but has .*kernel"):
        other.checkpoints(tmp_path / "new").start_from(tmp_path)


def test_a_run_without_checkpoint_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere/checkpoints holds no checkpoint; train"):
        train(Regression(), settings(), config(), tmp_path, start_from=tmp_path / "nowhere")


def test_another_model_is_named(tmp_path, earlier):
    with pytest.raises(ValueError, match="earlier/checkpoints/ckpt-20 does not fit the model"):
        train(Wider(), settings(), config(), tmp_path / "run", start_from=earlier)


def test_a_checkpoint_without_the_newest_state_of_a_task_is_restored(tmp_path):
    def checkpoints(*state):
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        optimizer = keras.optimizers.SGD()
        optimizer.build(model.trainable_variables)
        variables = [keras.Variable(value, dtype="float64") for value in state]
        return TensorFlowCheckpoints(
            tmp_path, model, optimizer, Progress(), task_state=variables
        ), variables

    checkpoints(2.0)[0].save()
    for read in ("restore", "start_from"):
        found, variables = checkpoints(0.0, 1.0)
        found.restore() if read == "restore" else found.start_from(tmp_path)
        assert [float(variable) for variable in variables] == [2.0, 1.0]


def test_what_a_task_keeps_in_another_shape_is_not_handed_over(tmp_path):
    def checkpoints(*state):
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        optimizer = keras.optimizers.SGD()
        optimizer.build(model.trainable_variables)
        variables = [keras.Variable(value) for value in state]
        return TensorFlowCheckpoints(
            tmp_path, model, optimizer, Progress(), task_state=variables
        ), variables

    checkpoints(1.0, np.full(3, 2.0), 3.0)[0].save()
    found, variables = checkpoints(0.0, np.zeros(4), 0.0, np.zeros(2))
    found.start_from(tmp_path)
    values = [np.ravel(variable.numpy()).tolist() for variable in variables]
    assert values == [[1.0], [0.0] * 4, [3.0], [0.0] * 2]
