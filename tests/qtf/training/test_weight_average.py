import contextlib

import keras
import numpy as np
import pytest

from qtf.training.logbook import read_metrics
from qtf.training.loop import train
from qtf.training.plain_checkpoints import PlainCheckpoints
from qtf.training.progress import Progress
from qtf.training.run_folder import RunFolder
from qtf.training.weight_average import WeightAverage

from .conftest import Regression
from .test_loop import Killed, kill_at, settings

CONFIG = {"training": {"seed": 7, "average_last": 0.4}}


def averaged(**changes):
    return settings(average_last=0.4, **changes)


class Recorded(Regression):
    """Notes the weights at each validation and those that the steps go on from."""

    def __init__(self, **options):
        super().__init__(**options)
        self.seen = []
        self.validated = []

    def validate(self):
        self.validated.append(self.model.get_weights())
        return super().validate()

    def end_epoch(self):
        self.seen.append(self.model.get_weights())


def weights_of_each_step(n_steps, tmp_path):
    """The weights after each step of a run without an average."""
    task = Recorded()
    train(task, settings(n_epochs=n_steps, steps_per_epoch=1), {}, tmp_path)
    return task.seen


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An undisturbed run of 30 steps that averages the last 12, and its folder."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    return train(Recorded(), averaged(), CONFIG, folder), folder


def assert_equal(weights, others):
    for one, other in zip(weights, others, strict=True):
        np.testing.assert_array_equal(one, other)


def test_validations_and_the_result_have_the_mean_of_the_last_steps(tmp_path, whole):
    training, folder = whole
    steps = weights_of_each_step(30, tmp_path)
    # After 10 steps nothing is averaged, after 20 the last 2 are.
    for weights, first, last in zip(training.validated, (9, 18, 18), (10, 20, 30), strict=True):
        for k, weight in enumerate(weights):
            expected = np.mean([step[k] for step in steps[first:last]], axis=0, dtype="float64")
            np.testing.assert_allclose(weight, expected, rtol=1e-6, atol=1e-8)
    # The steps know nothing of it.
    assert_equal(training.seen[-1], steps[29])
    assert_equal(training.model.get_weights(), training.validated[-1])
    kept = RunFolder(folder).load_model()
    assert_equal(kept.get_weights(), training.validated[-1])


@pytest.mark.parametrize(
    ("moment", "nth"),
    [
        ("qtf.training.tensorflow_checkpoints.TensorFlowCheckpoints.save", 2),
        ("qtf.training.run_folder.RunFolder.save_best_weights", 2),
        ("qtf.training.logbook.Logbook.row", 5),
    ],
)
def test_killed_at_any_moment_the_same_command_ends_with_the_same_average(
    tmp_path, whole, monkeypatch, moment, nth
):
    training, folder = whole
    with monkeypatch.context() as patch, contextlib.suppress(Killed):
        kill_at(patch, moment, nth, False)
        train(Recorded(), averaged(), CONFIG, tmp_path)
    again = train(Recorded(), averaged(), CONFIG, tmp_path)
    assert_equal(again.model.get_weights(), training.model.get_weights())
    assert_equal(again.seen[-1], training.seen[-1])
    texts = [(path / "metrics.jsonl").read_text() for path in (folder, tmp_path)]
    assert texts[0] == texts[1]


def test_a_finished_run_that_is_started_again_still_has_the_average(tmp_path):
    first = train(Recorded(), averaged(n_epochs=1), CONFIG, tmp_path)
    again = train(Recorded(), averaged(n_epochs=1), CONFIG, tmp_path)
    assert_equal(again.model.get_weights(), first.model.get_weights())


def test_an_extended_run_averages_its_own_last_steps(tmp_path, whole):
    train(Recorded(), averaged(n_epochs=1), CONFIG, tmp_path)
    longer = train(Recorded(), averaged(), CONFIG, tmp_path)
    assert_equal(longer.model.get_weights(), whole[0].model.get_weights())


def test_another_run_starts_from_the_average(tmp_path, whole):
    training, folder = whole
    task = Recorded()
    train(task, settings(n_epochs=1), CONFIG, tmp_path, start_from=folder)
    assert_equal(task.validated[0], training.model.get_weights())
    rows = [read_metrics(path / "metrics.jsonl", "validation") for path in (folder, tmp_path)]
    assert rows[1][0]["loss"] == rows[0][-1]["loss"]


def test_the_mean_begins_anew_at_an_earlier_step():
    weight = keras.Variable(np.zeros(3, "float32"))
    average = WeightAverage([weight], 0.5, 8)
    values = np.random.default_rng(0).normal(size=(20, 3)).astype("float32")
    for step in (5, 6, 7, 4, 5, 6):
        weight.assign(values[step])
        average.add(step)
    with average.in_place():
        np.testing.assert_allclose(weight, values[5:7].mean(axis=0), rtol=1e-6)
    np.testing.assert_array_equal(weight, values[6])
    average.add(4)
    average.take_place()
    np.testing.assert_array_equal(weight, values[6])


def test_weights_come_back_after_an_error():
    weight = keras.Variable(np.ones(2, "float32"))
    average = WeightAverage([weight], 0.5, 2)
    average.add(2)
    weight.assign([3.0, 4.0])

    def fail():
        with average.in_place():
            np.testing.assert_array_equal(weight, [1.0, 1.0])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    np.testing.assert_array_equal(weight, [3.0, 4.0])


def test_plain_checkpoints_keep_the_average_and_hand_it_to_no_other_run(tmp_path):
    def make(folder, value):
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        optimizer = keras.optimizers.SGD(0.1)
        optimizer.build(model.trainable_variables)
        average = WeightAverage(model.trainable_variables, 0.5, 2)
        for weight in model.trainable_variables:
            weight.assign(np.full(weight.shape, value))
        saved = PlainCheckpoints(folder, model, optimizer, Progress(), average=average.state)
        return saved, average

    saved, average = make(tmp_path / "old", 3.0)
    average.add(2)
    saved.save()
    saved, average = make(tmp_path / "old", 0.0)
    assert saved.restore()
    assert [set(np.ravel(part)) for part in average.state] == [{1}, {3.0}, {3.0}]
    saved, average = make(tmp_path / "new", 0.0)
    saved.start_from(tmp_path / "old")
    assert [set(np.ravel(part)) for part in average.state] == [{0}, {0.0}, {0.0}]
