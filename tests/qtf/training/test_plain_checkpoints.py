import keras
import numpy as np
import pytest

from qtf.training.checkpoint_files import damage, kept_steps, last_step, newest_whole_step
from qtf.training.checkpoints import load_end_of_epoch, optimizer_steps
from qtf.training.plain_checkpoints import PlainCheckpoints
from qtf.training.progress import Progress


class Saved:
    """A model with dropout, its optimiser and what saves them; every number is the step."""

    def __init__(self, folder, *, units=2, learning_rate=0.1):
        self.model = keras.Sequential(
            [keras.Input((3,)), keras.layers.Dense(units), keras.layers.Dropout(0.5, seed=1)]
        )
        self.optimizer = keras.optimizers.Adam(learning_rate)
        self.optimizer.build(self.model.trainable_variables)
        self.state = keras.Variable(0.0, trainable=False)
        self.progress = Progress()
        self.checkpoints = PlainCheckpoints(
            folder, self.model, self.optimizer, self.progress, task_state=[self.state]
        )

    def save(self, step):
        for variable in [*self.model.trainable_variables, self.state]:
            variable.assign(np.full(variable.shape, step))
        self.optimizer.iterations.assign(step)
        self.progress.step, self.progress.best = step, 0.5 * step
        self.checkpoints.save()


def test_everything_comes_back(tmp_path):
    saved = Saved(tmp_path)
    assert not saved.checkpoints.restore()
    saved.model(np.ones((1, 3)), training=True)
    saved.save(3)
    again = Saved(tmp_path)
    assert again.checkpoints.restore()
    assert again.progress == saved.progress
    assert type(again.progress.step) is int
    for one, other in zip(saved.model.variables, again.model.variables, strict=True):
        np.testing.assert_array_equal(one, other)
    assert float(again.state) == int(again.optimizer.iterations) == 3


def test_only_the_last_two_stay_and_commands_read_them(tmp_path):
    saved = Saved(tmp_path)
    for step in (10, 20, 30):
        saved.save(step)
    assert kept_steps(tmp_path) == [30, 20]
    assert last_step(tmp_path) == newest_whole_step(tmp_path) == optimizer_steps(tmp_path) == 30
    model = Saved(tmp_path / "new").model
    assert load_end_of_epoch(model, tmp_path, 20) == 1
    assert set(np.ravel(model.weights[0])) == {20.0}


@pytest.mark.parametrize("content", [lambda old: old[:-1], lambda old: b"", lambda old: old[:200]])
def test_a_damaged_one_falls_back_to_the_one_before(tmp_path, capsys, content):
    saved = Saved(tmp_path)
    for step in (10, 20):
        saved.save(step)
    path = tmp_path / "ckpt-20.npz"
    path.write_bytes(content(path.read_bytes()))
    assert damage(tmp_path, 20)
    again = Saved(tmp_path)
    assert again.checkpoints.restore()
    assert again.progress.step == 10
    assert "ckpt-20 cannot be read; ckpt-10 before it is taken" in capsys.readouterr().err
    (tmp_path / "ckpt-10.npz").write_bytes(b"")
    with pytest.raises(ValueError, match="cannot be read .*; remove the folder to start anew"):
        again.checkpoints.restore()


def test_another_model_is_told_by_its_shapes(tmp_path):
    Saved(tmp_path).save(1)
    with pytest.raises(ValueError, match=r"must hold variables of the model of the shapes"):
        Saved(tmp_path, units=5).checkpoints.restore()


def test_another_run_hands_over_all_but_progress_and_learning_rate(tmp_path):
    Saved(tmp_path / "old").save(7)
    new = Saved(tmp_path / "new", learning_rate=0.25)
    new.checkpoints.start_from(tmp_path / "old")
    assert set(np.ravel(new.model.weights[0])) == {7.0}
    assert float(new.state) == int(new.optimizer.iterations) == 7
    assert float(new.optimizer.learning_rate) == 0.25
    assert new.progress == Progress()


def test_what_a_task_keeps_in_another_shape_is_not_handed_over(tmp_path):
    def checkpoints(folder, *state):
        saved = Saved(folder)
        variables = [keras.Variable(value, trainable=False) for value in state]
        made = PlainCheckpoints(
            folder, saved.model, saved.optimizer, saved.progress, task_state=variables
        )
        return made, variables

    checkpoints(tmp_path / "old", 1.0, np.full(3, 2.0), 3.0)[0].save()
    new, variables = checkpoints(tmp_path / "new", 0.0, np.zeros(4), 0.0, np.zeros(2))
    new.start_from(tmp_path / "old")
    values = [np.ravel(variable).tolist() for variable in variables]
    assert values == [[1.0], [0.0] * 4, [3.0], [0.0] * 2]


def test_a_constant_rate_that_older_versions_kept_is_passed_over(tmp_path):
    saved = Saved(tmp_path)
    saved.save(3)
    path = tmp_path / "ckpt-3.npz"
    arrays = dict(np.load(path))
    moments = sorted(name for name in arrays if name.startswith("optimizer-"))
    rest = [arrays.pop(name) for name in moments]
    # After the count of the steps.
    for number, value in enumerate([rest[0], np.float32(0.7), *rest[1:]]):
        arrays[f"optimizer-{number:04d}"] = value
    np.savez(path, **arrays)
    again = Saved(tmp_path, learning_rate=0.25)
    assert again.checkpoints.restore()
    assert int(again.optimizer.iterations) == 3
    assert float(again.optimizer.learning_rate) == 0.25


def test_checkpoints_of_another_backend_are_named(tmp_path):
    (tmp_path / "ckpt-1.index").write_bytes(b"")
    with pytest.raises(ValueError, match="another backend; go on with --backend=tensorflow"):
        Saved(tmp_path).checkpoints.restore()
