import contextlib
import importlib
import json
import os
import signal

import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from qtf.training.logbook import read_metrics
from qtf.training.loop import train
from qtf.training.run_folder import RunFolder
from qtf.training.settings import TrainingSettings
from qtf.training.step import TrainingStep

from .conftest import Regression


def settings(**changes):
    return TrainingSettings.from_mapping(
        {
            "n_epochs": 3,
            "steps_per_epoch": 10,
            "log_every_steps": 5,
            "seed": 7,
            # To compile takes as long as all the rest.
            "xla": False,
            "optimizer": {"learning_rate": 0.02, "clip_norm": 1.0},
            **changes,
        }
    )


def config(**changes):
    return {"training": {"seed": 7}, **changes}


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """Model and run folder of a run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    return train(Regression(), settings(), config(), folder).model, folder


def test_training_lowers_the_loss_and_fills_the_run_folder(tmp_path, regression):
    train(regression(), settings(n_epochs=20, xla=True), config(), tmp_path / "run")
    rows = read_metrics(tmp_path / "run" / "metrics.jsonl", "validation")
    assert rows[-1]["loss"] < 0.3 * rows[0]["loss"]
    assert [row["step"] for row in rows] == list(range(10, 201, 10))
    assert (run := json.loads((tmp_path / "run" / "run.json").read_text()))["seed"] == 7
    assert {"python", "tensorflow", "keras", "numpy"} <= run["starts"][0]["versions"].keys()
    assert "CPU" in run["starts"][0]["devices"][0]
    assert json.loads((tmp_path / "run" / "config.json").read_text()) == config()


def test_best_weights_are_those_of_the_lowest_validation_metric(tmp_path, regression):
    task = regression(monitor_values=[3.0, 1.0, 2.0])
    last = train(task, settings(), config(), tmp_path).model
    best = RunFolder(tmp_path).load_model()
    x = np.ones((1, 3), "float32")
    assert not np.array_equal(best(x), last(x))
    again = train(
        regression(monitor_values=[3.0, 1.0]), settings(n_epochs=2), config(), tmp_path / "b"
    ).model
    np.testing.assert_array_equal(best(x), again(x))


NOISY = [(3.0, 0.1), (0.9, 0.4), (1.0, 0.05)]


@pytest.mark.parametrize(
    ("values", "step"),
    [
        ([3.0, 1.0, 2.0], 20),
        # Lower by its noise only.
        (NOISY, 30),
        # Worse by more than noise.
        ([(3.0, 0.1), (1.0, 0.05), (1.3, 0.05)], 20),
        # A blow-up may have a low value by its noise.
        ([(3.0, 0.1), (1.0, 0.05), (0.5, 2.0)], 20),
        ([float("nan"), 2.0, float("inf")], 20),
    ],
)
def test_kept_weights_are_the_last_unless_worse_by_more_than_noise(
    tmp_path, regression, values, step
):
    task = regression(monitor_values=list(values))
    model = train(task, settings(), config(), tmp_path, kept=True).model
    folder = RunFolder(tmp_path)
    assert folder.kept_step() == step
    x = np.ones((1, 3), "float32")
    np.testing.assert_array_equal(model(x), folder.load_model()(x))


def test_weights_are_not_kept_where_nothing_is_finite(tmp_path, regression):
    values = [float("inf"), float("nan"), float("inf")]
    train(regression(monitor_values=values), settings(), config(), tmp_path)
    assert RunFolder(tmp_path).kept_step() is None
    assert not list(tmp_path.glob("*best*"))


def test_weights_of_an_interrupted_run_are_kept_as_those_of_a_whole_one(tmp_path, regression):
    train(regression(monitor_values=NOISY[:2]), settings(n_epochs=2), config(), tmp_path)
    train(regression(monitor_values=NOISY[2:]), settings(), config(), tmp_path)
    assert RunFolder(tmp_path).kept_step() == 30


def test_a_new_goal_competes_with_no_earlier_weights(tmp_path, regression):
    class Moving(regression):
        """Seeks something else in every epoch."""

        has_new_goal = True

    task = Moving(monitor_values=[1.0, 2.0, 3.0])
    train(task, settings(patience=1), config(), tmp_path)
    assert RunFolder(tmp_path).kept_step() == 30


def test_weights_that_an_older_version_kept_compete_with_none(tmp_path, regression):
    model = train(regression(monitor_values=[1.0]), settings(n_epochs=1), config(), tmp_path).model
    RunFolder(tmp_path).save_best_weights(model)
    assert RunFolder(tmp_path).kept_step() is None
    train(regression(monitor_values=[2.0]), settings(n_epochs=2), config(), tmp_path)
    assert RunFolder(tmp_path).kept_step() == 20


def test_a_run_starts_from_the_weights_that_another_keeps(tmp_path, regression):
    train(regression(monitor_values=[1.0, 2.0]), settings(n_epochs=2), config(), tmp_path / "a")
    kept = RunFolder(tmp_path / "a").load_model().get_weights()
    values = {"monitor_values": [0.5, 3.0]}
    train(
        regression(**values),
        settings(n_epochs=1),
        config(),
        tmp_path / "b",
        start_from=tmp_path / "a",
    )
    for one, other in zip(RunFolder(tmp_path / "b").load_model().get_weights(), kept, strict=True):
        np.testing.assert_array_equal(one, other)
    assert RunFolder(tmp_path / "b").kept_step() == 0


def test_noise_neither_stops_nor_prolongs_a_training(tmp_path, regression):
    values = [(1.0, 0.1), (0.4, 0.1), (0.2, 0.1), (2.0, 0.1)]
    task = regression(monitor_values=list(values))
    train(task, settings(n_epochs=4, stop_below=0.5), config(), tmp_path / "target")
    rows = read_metrics(tmp_path / "target" / "metrics.jsonl", "validation")
    # 0.4 + 2 * 0.1 is not below 0.5.
    assert [row["loss"] for row in rows] == [1.0, 0.4, 0.2]
    values = [(1.0, 0.01), (0.99, 0.1), (0.98, 0.1), (0.97, 0.1)]
    task = regression(monitor_values=list(values))
    train(task, settings(n_epochs=4, patience=2), config(), tmp_path / "patience")
    rows = read_metrics(tmp_path / "patience" / "metrics.jsonl", "validation")
    assert len(rows) == 3


@pytest.mark.long
@pytest.mark.parametrize("interrupt_at", [3, 14])
def test_sigterm_then_the_same_command_ends_with_identical_weights(
    tmp_path, regression, uninterrupted, interrupt_at
):
    whole, folder = uninterrupted
    with pytest.raises(KeyboardInterrupt):
        train(regression(interrupt_at=interrupt_at), settings(), config(), tmp_path / "cut")
    resumed = train(regression(), settings(), config(), tmp_path / "cut").model
    for one, other in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    metrics = [(path / "metrics.jsonl").read_text() for path in (folder, tmp_path / "cut")]
    assert metrics[0] == metrics[1]


def test_extending_a_finished_run_continues_it(tmp_path, regression, uninterrupted):
    whole, _ = uninterrupted
    train(regression(), settings(n_epochs=1), config(), tmp_path / "more")
    more = train(regression(), settings(), config(), tmp_path / "more").model
    np.testing.assert_array_equal(whole.get_weights()[0], more.get_weights()[0])


def test_nan_stops_and_saves_the_batch(tmp_path, regression):
    with pytest.raises(FloatingPointError, match="loss is nan at step 13; the batch is saved"):
        train(regression(poison_at=12), settings(), config(), tmp_path)
    with pytest.raises(
        FloatingPointError,
        match="In another folder, try a smaller `training.optimizer.learning_rate`; .* is 0.02",
    ):
        train(regression(poison_at=12), settings(), config(), tmp_path)
    with np.load(tmp_path / "bad_batch-0.npz") as batch:
        assert np.isnan(batch["1"]).all()
        expected = np.random.default_rng(12).normal(size=(4, 3)).astype("float32")
        np.testing.assert_array_equal(batch["0"], expected)


def test_patience_stops_early(tmp_path, regression):
    task = regression(monitor_values=[3.0, 1.0, 2.0, 2.0, 2.0, 2.0])
    train(task, settings(n_epochs=6, patience=2), config(), tmp_path)
    rows = read_metrics(tmp_path / "metrics.jsonl", "validation")
    assert [row["loss"] for row in rows] == [3.0, 1.0, 2.0, 2.0]


def test_reached_target_stops_and_stays_stopped(tmp_path, regression):
    task = regression(monitor_values=[3.0, 1.0, 0.4, 2.0])
    first = train(task, settings(n_epochs=6, stop_below=0.5), config(), tmp_path).model
    rows = read_metrics(tmp_path / "metrics.jsonl", "validation")
    assert [row["loss"] for row in rows] == [3.0, 1.0, 0.4]
    again = train(regression(), settings(n_epochs=6, stop_below=0.5), config(), tmp_path).model
    np.testing.assert_array_equal(first.get_weights()[0], again.get_weights()[0])


def test_without_a_target_negative_metrics_stop_nothing(tmp_path, regression):
    task = regression(monitor_values=[-1.0, -2.0, -3.0])
    train(task, settings(n_epochs=3), config(), tmp_path)
    rows = read_metrics(tmp_path / "metrics.jsonl", "validation")
    assert [row["loss"] for row in rows] == [-1.0, -2.0, -3.0]


def test_target_may_be_negative(tmp_path, regression):
    task = regression(monitor_values=[-1.0, -2.0, -3.0])
    train(task, settings(n_epochs=3, stop_below=-1.5), config(), tmp_path)
    rows = read_metrics(tmp_path / "metrics.jsonl", "validation")
    assert [row["loss"] for row in rows] == [-1.0, -2.0]


def test_unknown_stop_metric_is_an_error(tmp_path, regression):
    with pytest.raises(ValueError, match='`training.stop_metric` must be one of loss, but is "x"'):
        train(regression(), settings(stop_metric="x"), config(), tmp_path / "run")


def test_unknown_monitor_is_an_error(tmp_path, regression):
    with pytest.raises(ValueError, match='`training.monitor` must be one of loss, but is "x"'):
        train(regression(), settings(monitor="x"), config(), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_another_configuration_in_the_same_folder_is_an_error(tmp_path, regression):
    train(regression(), settings(n_epochs=1), config(), tmp_path)
    with pytest.raises(ValueError, match="`model.units` = None, but 3 is asked"):
        train(regression(), settings(), config(model={"units": 3}), tmp_path)
    several = "is asked, and other values of zzz; .* Only these may change: data_dir, training.che"
    with pytest.raises(ValueError, match=several):
        train(regression(), settings(), config(model={"units": 3}, zzz=1), tmp_path)


def test_a_folder_with_foreign_files_is_an_error(tmp_path, regression):
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(ValueError, match="holds files but no run"):
        train(regression(), settings(), config(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_tensorboard_holds_scalars_histograms_and_figures(tmp_path, regression):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    changes = {"histograms_every_epochs": 1, "figures_every_epochs": 2}
    train(regression(), settings(**changes), config(), tmp_path)
    events = EventAccumulator(str(tmp_path / "tensorboard"), size_guidance={"tensors": 0})
    events.Reload()
    tags = events.Tags()["tensors"]
    assert {"training/loss", "training/learning_rate", "validation/loss", "nothing"} <= set(tags)
    assert any(tag.startswith("weights/") for tag in tags)
    assert "_hparams_/session_start_info" in events.summary_metadata
    steps = [event.step for event in events.Tensors("training/loss")]
    assert steps == [5, 10, 15, 20, 25, 30]
    values = [float(tf.make_ndarray(e.tensor_proto)) for e in events.Tensors("training/loss")]
    rows = read_metrics(tmp_path / "metrics.jsonl", "training")
    np.testing.assert_allclose(values, [row["loss"] for row in rows], rtol=1e-6)


def test_mirrored_on_one_device_gives_the_same_weights(tmp_path, regression, uninterrupted):
    one, _ = uninterrupted
    mirrored = train(regression(), settings(strategy="mirrored"), config(), tmp_path).model
    for a, b in zip(one.get_weights(), mirrored.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def spoil(folder, pattern):
    paths = sorted(folder.glob(pattern))
    assert paths
    for path in paths:
        path.write_bytes(b"rubbish")


def test_a_damaged_newest_checkpoint_falls_back_to_the_one_before(
    tmp_path, regression, uninterrupted
):
    whole, _ = uninterrupted
    train(regression(), settings(n_epochs=2), config(), tmp_path / "run")
    spoil(tmp_path / "run" / "checkpoints", "ckpt-20.index")
    (tmp_path / "run" / "checkpoints" / "checkpoint").unlink()
    again = train(regression(), settings(), config(), tmp_path / "run").model
    np.testing.assert_array_equal(whole.get_weights()[0], again.get_weights()[0])


def test_no_readable_checkpoint_is_an_error_and_loses_nothing(tmp_path, regression):
    train(regression(), settings(n_epochs=2), config(), tmp_path)
    metrics = (tmp_path / "metrics.jsonl").read_text()
    spoil(tmp_path / "checkpoints", "ckpt-*.index")
    with pytest.raises(ValueError, match="Checkpoints in .* cannot be read .*ckpt-20.index"):
        train(regression(), settings(n_epochs=3), config(), tmp_path)
    assert (tmp_path / "metrics.jsonl").read_text() == metrics


def test_gradient_that_is_not_finite_stops_before_it_is_saved(tmp_path, regression):
    class Cliff(regression):
        """Finite loss, infinite slope at step 10."""

        def loss(self, batch):
            mean = super().loss(batch)
            x, _ = batch
            marked = ops.cast(ops.abs(x[0, 0] - self.mark) < 1e-6, "float32")
            return mean + ops.sqrt(ops.relu(mean * (1.0 - marked)) + 0.0 * mean)

    task = Cliff()
    task.mark = np.random.default_rng(9).normal(size=(4, 3)).astype("float32")[0, 0]
    with pytest.raises(FloatingPointError, match="gradient is not finite at step 10; the batch"):
        train(task, settings(), config(), tmp_path)
    assert not list(tmp_path.glob("checkpoints/ckpt-10*"))
    with np.load(tmp_path / "bad_batch-0.npz") as batch:
        assert batch["0"][0, 0] == task.mark


def test_the_last_epoch_is_validated_and_saved_whatever_the_rhythm(tmp_path, regression):
    train(regression(), settings(validate_every_epochs=2), config(), tmp_path)
    rows = read_metrics(tmp_path / "metrics.jsonl", "validation")
    assert [row["step"] for row in rows] == [20, 30]
    assert (tmp_path / "checkpoints" / "ckpt-30.index").exists()


def test_a_run_stopped_by_patience_stays_stopped(tmp_path, regression):
    task = regression(monitor_values=[1.0, 2.0, 2.0, 2.0])
    first = train(task, settings(n_epochs=6, patience=2), config(), tmp_path).model
    again = train(regression(), settings(n_epochs=6, patience=2), config(), tmp_path).model
    np.testing.assert_array_equal(first.get_weights()[0], again.get_weights()[0])


def test_the_length_of_a_cosine_cannot_change(tmp_path, regression):
    cosine = {"learning_rate": 0.02, "schedule": "cosine"}
    recorded = {"training": {"seed": 7, "n_epochs": 2}}
    train(regression(), settings(n_epochs=2, optimizer=cosine), recorded, tmp_path)
    recorded = {"training": {"seed": 7, "n_epochs": 3}}
    with pytest.raises(ValueError, match="`training.n_epochs` = 2, but 3 is asked"):
        train(regression(), settings(n_epochs=3, optimizer=cosine), recorded, tmp_path)


def test_a_folder_in_use_is_an_error(tmp_path, regression):
    folder = RunFolder(tmp_path)
    folder.open(config())
    with pytest.raises(ValueError, match="is in use by another process"):
        train(regression(), settings(), config(), tmp_path)
    folder.close()
    train(regression(), settings(n_epochs=1), config(), tmp_path)


def test_full_disk_is_one_error_and_keeps_the_best_weights(tmp_path, regression, monkeypatch):
    train(regression(), settings(n_epochs=1), config(), tmp_path)
    best = (tmp_path / "best.weights.h5").read_bytes()
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    with pytest.raises(OSError, match="No space left on the disk of"):
        train(regression(monitor_values=[-1.0]), settings(n_epochs=2), config(), tmp_path)
    assert (tmp_path / "best.weights.h5").read_bytes() == best
    assert not (tmp_path / ".best.weights.h5").exists()


def test_metrics_hold_null_for_what_json_cannot(tmp_path, regression):
    task = regression(monitor_values=[float("nan"), float("inf")])
    train(task, settings(n_epochs=2), config(), tmp_path)
    rows = read_metrics(tmp_path / "metrics.jsonl", "validation")
    assert [row["loss"] for row in rows] == [None, None]


class Killed(BaseException):
    """Stands for kill -9: nothing of ours catches it, nothing is saved on the way out."""


@pytest.mark.long
@pytest.mark.parametrize(
    "moment",
    [
        "qtf.training.tensorflow_checkpoints.TensorFlowCheckpoints.save",
        "qtf.training.run_folder.RunFolder.save_best_weights",
        "qtf.training.logbook.Logbook.row",
        "qtf.training.run_folder.RunFolder.save_model",
    ],
)
@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_moment_the_same_command_ends_alike(
    tmp_path, regression, uninterrupted, monkeypatch, moment, after
):
    whole, folder = uninterrupted
    for nth in (1, 3):
        with monkeypatch.context() as patch:
            kill_at(patch, moment, nth, after)
            with contextlib.suppress(Killed):
                train(regression(), settings(), config(), tmp_path / "cut")
    again = train(regression(), settings(), config(), tmp_path / "cut").model
    for one, other in zip(whole.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    for name in ("metrics.jsonl", "config.json"):
        assert (tmp_path / "cut" / name).read_text() == (folder / name).read_text()
    x = np.ones((1, 3), "float32")
    best = [RunFolder(path).load_model()(x) for path in (folder, tmp_path / "cut")]
    np.testing.assert_array_equal(best[0], best[1])


def kill_at(patch, moment, nth, after):
    """Makes the nth call of a method the last thing that the process does."""
    path, name = moment.rsplit(".", 1)
    module, cls = path.rsplit(".", 1)
    original = getattr(getattr(importlib.import_module(module), cls), name)
    calls = []

    def deadly(*arguments, **keywords):
        calls.append(None)
        if len(calls) == nth and not after:
            raise Killed
        result = original(*arguments, **keywords)
        if len(calls) == nth:
            raise Killed
        return result

    patch.setattr(moment, deadly)


def test_profile_writes_one_trace_and_leaves_the_weights_as_they_were(tmp_path, uninterrupted):
    traced = train(Regression(), settings(), config(), tmp_path, profile=True).model
    plain, folder = uninterrupted
    assert len(list(tmp_path.rglob("*.xplane.pb"))) == 1
    assert not list(folder.rglob("*.xplane.pb"))
    for one, other in zip(traced.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_interrupted_profile_is_written(tmp_path):
    short = settings(n_epochs=1)
    train(Regression(), short, {}, tmp_path / "run", profile=True)
    assert len(list((tmp_path / "run").rglob("*.xplane.pb"))) == 1


def test_another_backend_of_keras_is_named_and_leaves_no_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("keras.backend.backend", lambda: "torch")
    message = "KERAS_BACKEND must be tensorflow or jax .* but is torch; set it"
    with pytest.raises(ValueError, match=message):
        train(Regression(), settings(), {}, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_run_in_a_folder_of_any_name_holds_all_of_its_files(tmp_path):
    names = ["run[1]", "r*?", "back\\slash", "länge {a,b}:~"]
    folder = RunFolder(tmp_path.joinpath(*names))
    changes = {"histograms_every_epochs": 1, "figures_every_epochs": 1}
    train(Regression(), settings(n_epochs=2, **changes), {}, folder.path, profile=True)
    train(Regression(), settings(n_epochs=3), {}, folder.path)
    assert [row["step"] for row in read_metrics(folder.metrics, "validation")] == [10, 20, 30]
    assert len(list(folder.path.rglob("*.xplane.pb"))) == 1
    assert len(list(folder.tensorboard.glob("events.*"))) == 2
    folder.load_model()
    assert [os.listdir(tmp_path.joinpath(*names[:k])) for k in range(4)] == [[n] for n in names]


@pytest.mark.parametrize("during", ["loss", "validate"])
def test_a_signal_during_the_work_saves_the_step_and_takes_no_further_one(
    tmp_path, regression, monkeypatch, during
):
    # Not before the step, where it would be told to stop after it.
    if during == "validate":
        validate = regression.validate

        def interrupted(self):
            signal.raise_signal(signal.SIGINT)
            return validate(self)

        monkeypatch.setattr(regression, "validate", interrupted)
    else:
        step = TrainingStep.__call__

        def interrupted(self, *arguments, **options):
            loss = step(self, *arguments, **options)
            signal.raise_signal(signal.SIGINT)
            return loss

        monkeypatch.setattr(TrainingStep, "__call__", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(regression(), settings(n_epochs=2), config(), tmp_path)
    (path,) = tmp_path.glob("checkpoints/*.index")
    assert path.name == {"loss": "ckpt-1.index", "validate": "ckpt-10.index"}[during]
