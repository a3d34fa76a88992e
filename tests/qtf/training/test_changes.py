import contextlib
import json
import shutil

import keras
import numpy as np
import pytest

from qtf.training.changes import Change, ChangeRules, Course, find_course, read_changes
from qtf.training.logbook import read_metrics
from qtf.training.loop import train
from qtf.training.optimization import make_optimizer
from qtf.training.run_folder import RunFolder
from qtf.training.schedules import Held, InverseSqrt

from .conftest import Regression
from .test_loop import Killed, kill_at, settings

COSINE = {"learning_rate": 0.02, "schedule": "cosine", "floor": 0.005, "clip_norm": 1.0}
DEMANDED = ChangeRules(demanded=True)


def run(folder, *, rules=None, task=None, **changes):
    """Trains, and records what it trains with."""
    asked = settings(n_epochs=2, optimizer=COSINE).changed(changes)
    further = {} if rules is None else {"rules": rules}
    recorded = {"training": asked.as_mapping()}
    return train(task or Regression(), asked, recorded, folder, **further).model


def contents(folder):
    """Returns the bytes of all files of a run but those that only say when and where it ran."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "tensorboard" not in path.parts and not path.name.startswith(".")
    }


def rates(folder):
    rows = read_metrics(folder / "metrics.jsonl", "training")
    return {row["step"]: row["learning_rate"] for row in rows}


def assert_equal_weights(one, other):
    for value, expected in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(value, expected)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Run folder of two epochs along a cosine."""
    folder = tmp_path_factory.mktemp("runs") / "finished"
    run(folder)
    return folder


@pytest.fixture
def copy(tmp_path, finished):
    return shutil.copytree(finished, tmp_path / "copy")


def test_an_extension_keeps_the_last_rate_and_the_run_before_bit_for_bit(tmp_path, copy):
    before = contents(copy)
    more = run(copy, extend=2)
    assert contents(copy / "before-20") == before
    assert (copy / "metrics.jsonl").read_bytes().startswith(before["metrics.jsonl"])
    # The cosine of twenty steps, and its last step held.
    # A row has the rate of the step to come.
    wanted = 0.005 + 0.0075 * (1 + np.cos(np.pi * np.array([0.25, 0.5, 0.75, 0.95, 0.95, 0.95])))
    recorded = rates(copy)
    np.testing.assert_allclose(
        [recorded[step] for step in (5, 10, 15, 25, 30, 40)], wanted, rtol=1e-5
    )
    at_once = run(tmp_path / "whole", extend=2)
    assert_equal_weights(more, at_once)
    # At the end of the schedule, the row is of a step that the first run did not know.
    whole = rates(tmp_path / "whole")
    assert {step: rate for step, rate in recorded.items() if rate != whole[step]}.keys() == {20}
    (change,) = read_changes(copy / "changes.json")
    assert change == Change(20, 40, {"training.extend": (0, 2)})


def test_an_extension_is_counted_from_the_configured_epochs(copy, capsys):
    first = run(copy, extend=1)
    rows = (copy / "metrics.jsonl").read_bytes()
    # The same command has nothing left to do.
    assert_equal_weights(run(copy, extend=1), first)
    assert (copy / "metrics.jsonl").read_bytes() == rows
    run(copy, extend=2)
    assert read_metrics(copy / "metrics.jsonl", "validation")[-1]["epoch"] == 4
    assert "epoch 4/4" in capsys.readouterr().err
    with pytest.raises(ValueError, match="--extend must be at least 2, by which .*, but is 1"):
        run(copy, extend=1)


@pytest.mark.long
@pytest.mark.parametrize(
    "moment",
    [
        "qtf.training.run_folder.RunFolder.before",
        "qtf.training.run_folder.RunFolder.save_model",
        "qtf.training.tensorflow_checkpoints.TensorFlowCheckpoints.save",
        "qtf.training.run_folder.RunFolder.save_best_weights",
        "qtf.training.logbook.Logbook.row",
    ],
)
@pytest.mark.parametrize("after", [False, True])
def test_an_extended_and_changed_run_that_is_killed_ends_alike(
    tmp_path, copy, monkeypatch, moment, after
):
    before = contents(copy)
    asked = {
        "extend": 1,
        "optimizer": {**COSINE, "schedule": "constant", "learning_rate": 0.01},
        "rules": DEMANDED,
    }
    whole = run(shutil.copytree(copy, tmp_path / "whole"), **asked)
    with monkeypatch.context() as patch, contextlib.suppress(Killed):
        kill_at(patch, moment, 1, after)
        run(copy, **asked)
    assert_equal_weights(run(copy, **asked), whole)
    assert contents(copy / "before-20") == before
    one, other = contents(copy), contents(tmp_path / "whole")
    for name in ("metrics.jsonl", "changes.json", "config.json"):
        assert one[name] == other[name]


def test_another_rate_needs_a_word_and_holds_from_its_step_on(copy):
    before = contents(copy)
    other = {**COSINE, "learning_rate": 0.1, "floor": 0.001}
    with pytest.raises(ValueError, match="= 0.005, but 0.001 is asked, and other .* add --change"):
        run(copy, extend=2, optimizer=other)
    assert contents(copy) == before
    run(copy, extend=2, optimizer=other, rules=DEMANDED)
    assert contents(copy / "before-20") == before
    # A new cosine along what is left.
    recorded = rates(copy)
    # What a row has is the rate of the step to come.
    wanted = 0.001 + 0.0495 * (1 + np.cos(np.pi * np.array([0.25, 0.5, 1.0])))
    np.testing.assert_allclose([recorded[step] for step in (25, 30, 40)], wanted, rtol=1e-5)
    (entry,) = json.loads((copy / "changes.json").read_text())
    assert (entry["step"], entry["n_steps"]) == (20, 40)
    rate = "training.optimizer.learning_rate"
    assert entry["settings"][rate] == {"before": 0.02, "after": 0.1}
    assert RunFolder(copy).load_config()["training"]["optimizer"]["learning_rate"] == 0.1
    # From now on it is the run's own.
    run(copy, extend=2, optimizer=other)


@pytest.mark.parametrize("name", ["adam", "sgd"])
def test_a_constant_and_a_course_take_over_each_others_weights_and_moments(tmp_path, name):
    constant = {"name": name, "learning_rate": 0.02, "schedule": "constant"}
    # A course in name only.
    course = {**constant, "schedule": "inverse_sqrt", "decay": 1e-30}
    whole = run(tmp_path / "whole", n_epochs=3, optimizer=constant)
    part = tmp_path / "part"
    for n_epochs, optimizer in ((1, constant), (2, course), (3, constant)):
        last = run(part, n_epochs=n_epochs, optimizer=optimizer, rules=DEMANDED)
    assert_equal_weights(last, whole)
    assert [change.step for change in read_changes(part / "changes.json")] == [10, 20]


def test_what_the_run_learns_cannot_change_and_the_message_names_the_ways(copy):
    words = (
        "`training.seed` = 7, but 8 is asked; .* --init_from .* With --change also: training.mon"
    )
    with pytest.raises(ValueError, match=words):
        run(copy, seed=8, rules=DEMANDED)


def test_a_change_of_what_lasts_is_recorded_without_a_word_or_a_copy(copy):
    run(copy, patience=3)
    (change,) = read_changes(copy / "changes.json")
    assert change == Change(20, 20, {"training.patience": (0, 3)})
    assert not (copy / "before-20").exists()


def test_another_metric_competes_with_no_value_of_the_one_before(tmp_path):
    def task(*values):
        made = Regression(monitor_values=list(values))
        made.metric_names = ("loss", "loss_error")
        return made

    run(tmp_path, task=task((1.0, 5.0), (2.0, 5.0)))
    assert RunFolder(tmp_path).kept_step() == 20
    run(tmp_path, task=task((9.0, 7.0)), extend=1, monitor="loss_error", rules=DEMANDED)
    assert RunFolder(tmp_path).kept_step() == 30


def test_a_run_that_ended_early_says_so(tmp_path, capsys):
    for _ in range(2):
        run(tmp_path, task=Regression(monitor_values=[1.0]), stop_below=2.0)
    assert "ended early; another `training.patience` or" in capsys.readouterr().err


def test_what_older_runs_do_not_record_is_as_usual(copy):
    record = RunFolder(copy)
    old = record.load_config()
    del old["training"]["extend"], old["training"]["xla"]
    record.config.write_text(json.dumps(old))
    rules = ChangeRules(usual={"training": {"extend": 0, "xla": False}})
    run(copy, rules=rules)
    assert not (copy / "changes.json").exists()


@pytest.mark.parametrize("content", ['[{"step": 3}]', "3", '[{"step": "a", "n_steps": 1}]'])
def test_a_damaged_list_of_changes_is_named(copy, content):
    (copy / "changes.json").write_text(content)
    with pytest.raises(ValueError, match="changes.json must list changes of a run"):
        run(copy, extend=1)


def change(step, *keys, n_steps=40):
    return Change(step, n_steps, dict.fromkeys(keys, (0, 1)))


def test_the_course_begins_where_its_settings_changed_last():
    rate, length = "training.optimizer.decay", "training.n_epochs"
    changes = [change(10, rate), change(20, "training.patience", n_steps=50)]
    assert find_course([], n_scheduled=30, schedule="cosine") == Course(0, 30)
    assert find_course(changes, n_scheduled=30, schedule="cosine") == Course(10, 30)
    assert find_course(changes, n_scheduled=60, schedule="constant") == Course(10, 50)
    changes.append(change(25, length))
    assert find_course(changes, n_scheduled=30, schedule="cosine") == Course(25, 15)
    assert find_course(changes, n_scheduled=30, schedule="constant") == Course(10, 30)


def test_a_course_that_repeats_goes_on_repeating():
    asked = settings(
        n_epochs=1,
        extend=1,
        steps_per_epoch=3,
        optimizer={"learning_rate": 0.1, "schedule": "last_third_lower", "decay": 0.5},
    )
    schedule = make_optimizer(asked, course=Course(2, 1))._learning_rate
    steps = [float(schedule(step)) for step in range(6)]
    np.testing.assert_allclose(steps, [0.1, 0.1, 0.05] * 2, rtol=1e-6)


def test_a_held_course_is_made_again():
    held = Held(schedule=InverseSqrt(learning_rate=0.1, decay=1.0), last_step=3)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(held))
    for step in (0, 3, 9):
        assert float(again(step)) == float(held(step))
    assert float(held(9)) == pytest.approx(0.05)
