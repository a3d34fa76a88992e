import contextlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from qtf.training.checkpoints import newest_checkpoint, optimizer_steps
from qtf.training.logbook import read_metrics
from qtf.training.loop import train

from .conftest import Regression
from .test_loop import Killed, config, kill_at, settings


class Wider(Regression):
    def build_model(self):
        inputs = keras.Input((3,))
        return keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Dense(6)(inputs)))


@pytest.fixture(scope="module")
def earlier(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "earlier"
    train(Regression(), settings(n_epochs=2), config(), folder)
    return folder


def variables(prefix):
    """Weights and all of the optimiser, by their names in a checkpoint."""
    reader = tf.train.load_checkpoint(prefix)
    names = [name for name, _ in tf.train.list_variables(prefix)]
    return {
        name: reader.get_tensor(name) for name in names if name.startswith(("model/", "optimizer/"))
    }


def test_weights_and_moments_come_along_and_the_first_row_is_before_the_first_step(
    tmp_path, earlier
):
    train(Regression(), settings(n_epochs=1), config(), tmp_path, start_from=earlier)
    last = variables(newest_checkpoint(earlier / "checkpoints"))
    first = variables(str(tmp_path / "checkpoints" / "ckpt-0"))
    assert any("_variables" in name for name in first)
    assert first.keys() == last.keys()
    for name, value in first.items():
        np.testing.assert_array_equal(value, last[name], err_msg=name)
    assert optimizer_steps(tmp_path / "checkpoints") == 30
    rows, before = (
        read_metrics(path / "metrics.jsonl", "validation") for path in (tmp_path, earlier)
    )
    assert [row["step"] for row in rows] == [0, 10]
    assert rows[0]["loss"] == before[-1]["loss"]


@pytest.mark.parametrize("schedule", ["cosine", "constant"])
def test_schedules_begin_anew(tmp_path, earlier, schedule):
    cosine = {"learning_rate": 0.01, "schedule": schedule, "floor": 0.001}
    train(Regression(), settings(optimizer=cosine), config(), tmp_path / "run", start_from=earlier)
    train(Regression(), settings(optimizer=cosine), config(), tmp_path / "plain")
    rates = [
        [
            row["learning_rate"]
            for row in read_metrics(tmp_path / name / "metrics.jsonl", "training")
        ]
        for name in ("run", "plain")
    ]
    np.testing.assert_allclose(*rates, rtol=1e-6)


@pytest.mark.parametrize(
    "moment",
    ["qtf.training.checkpoints.Checkpoints.save", "qtf.training.logbook.Logbook.row"],
)
@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_moment_the_same_command_ends_alike(
    tmp_path, earlier, monkeypatch, moment, after
):
    whole = train(Regression(), settings(), config(), tmp_path / "whole", start_from=earlier)
    for nth in (1, 2):
        with monkeypatch.context() as patch:
            kill_at(patch, moment, nth, after)
            with contextlib.suppress(Killed):
                train(Regression(), settings(), config(), tmp_path / "cut", start_from=earlier)
    again = train(Regression(), settings(), config(), tmp_path / "cut", start_from=earlier)
    for one, other in zip(whole.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    texts = [(tmp_path / name / "metrics.jsonl").read_text() for name in ("whole", "cut")]
    assert texts[0] == texts[1]


def test_a_run_without_checkpoint_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere/checkpoints holds no checkpoint; train"):
        train(Regression(), settings(), config(), tmp_path, start_from=tmp_path / "nowhere")


def test_another_model_is_named(tmp_path, earlier):
    with pytest.raises(ValueError, match="earlier/checkpoints/ckpt-20 does not fit the model"):
        train(Wider(), settings(), config(), tmp_path / "run", start_from=earlier)
