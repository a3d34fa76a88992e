import keras
import numpy as np
import pytest

from qtf.training.checkpoint_files import kept_steps, last_step, newest_whole_step
from qtf.training.checkpoints import load_end_of_epoch, optimizer_steps
from qtf.training.progress import Progress
from qtf.training.tensorflow_checkpoints import TensorFlowCheckpoints

# All that the file system allows and a function of files might take for something else.
NAMES = [
    "a b",
    "run[1]",
    "run[!1]",
    "r*",
    "r?n",
    "{a,b}",
    "back\\slash",
    "länge-Ω",
    "-dash",
    "~",
    "50%d",
    "co:lon",
    "two\nlines",
    "$HOME",
    "'\"",
]


class Saved:
    """A small model whose weights are its step, with its checkpoints."""

    def __init__(self, folder, units=2):
        self.model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(units)])
        optimizer = keras.optimizers.Adam()
        optimizer.build(self.model.trainable_variables)
        self.optimizer, self.progress = optimizer, Progress()
        self.checkpoints = TensorFlowCheckpoints(folder, self.model, optimizer, self.progress)

    def save(self, *steps):
        for step in steps:
            self.set(step)
            self.checkpoints.save()
        return self

    def set(self, step):
        self.progress.step = step
        self.optimizer.iterations.assign(step)
        for weight in self.model.weights:
            weight.assign(np.full(weight.shape, step))

    def restore(self):
        """Returns the step of what was restored, as all parts of it agree."""
        self.set(-1)
        if not self.checkpoints.restore():
            return None
        values = {int(value) for weight in self.model.get_weights() for value in weight.flat}
        assert values == {self.progress.step} == {int(self.optimizer.iterations)}
        return values.pop()


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def flip(path):
    content = bytearray(path.read_bytes())
    content[10] ^= 1
    path.write_bytes(content)


def folder_instead(path):
    path.unlink()
    path.mkdir()


DAMAGES = {
    "cut": cut,
    "empty": lambda path: path.write_bytes(b""),
    "missing": lambda path: path.unlink(),
    "flipped": flip,
    "folder": folder_instead,
}
PARTS = ("data-00000-of-00001", "index")


@pytest.mark.parametrize("name", NAMES)
def test_folders_of_any_name_keep_two_checkpoints_and_give_them_back(tmp_path, name):
    folder = tmp_path / name / "checkpoints"
    Saved(folder).save(10, 20, 30)
    assert kept_steps(folder) == [30, 20]
    assert Saved(folder).restore() == 30
    assert optimizer_steps(folder) == 30
    new = Saved(tmp_path / "new" / name)
    new.checkpoints.start_from(folder)
    np.testing.assert_array_equal(new.model.get_weights()[0], np.full((3, 2), 30.0))
    assert load_end_of_epoch(new.model, folder, 20) == 1
    np.testing.assert_array_equal(new.model.get_weights()[0], np.full((3, 2), 20.0))


@pytest.mark.parametrize("name", ["run*", "run?", "run[1]", "run[!2]", "run\\1"])
def test_no_other_folder_is_touched_by_one_whose_name_would_match_it(tmp_path, name):
    others = [tmp_path / "run1", tmp_path / "run11"]
    for other in others:
        Saved(other).save(10, 20)
    before = {path: path.read_bytes() for other in others for path in other.iterdir()}
    Saved(tmp_path / name).save(10, 20, 30, 40)
    assert kept_steps(tmp_path / name) == [40, 30]
    assert {path: path.read_bytes() for other in others for path in other.iterdir()} == before


def test_files_of_others_in_the_folder_stay(tmp_path):
    saved = Saved(tmp_path).save(10)
    names = ["ckpt-5.txt", "ckpt-x.index", "my-ckpt-5.index", "notes"]
    for name in names:
        (tmp_path / name).write_text("precious")
    saved.save(20, 30)
    assert all((tmp_path / name).read_text() == "precious" for name in names)
    assert kept_steps(tmp_path) == [30, 20]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("damage", DAMAGES)
def test_of_a_damaged_newest_the_one_before_is_taken_in_a_line(tmp_path, capsys, damage, part):
    Saved(tmp_path).save(10, 20)
    DAMAGES[damage](tmp_path / f"ckpt-20.{part}")
    assert Saved(tmp_path).restore() == 10
    said = capsys.readouterr().err
    assert said.startswith(
        f"Checkpoint {tmp_path}/ckpt-20 cannot be read; ckpt-10 before it is taken. "
    )
    assert said.count("\n") == 1
    assert optimizer_steps(tmp_path) == newest_whole_step(tmp_path) == 10
    new = Saved(tmp_path / "new")
    new.checkpoints.start_from(tmp_path)
    np.testing.assert_array_equal(new.model.get_weights()[0], np.full((3, 2), 10.0))
    assert load_end_of_epoch(new.model, tmp_path, 10) == 1
    assert "ckpt-20 cannot be read; ckpt-10" in capsys.readouterr().err


def test_a_newest_of_another_shape_is_passed_over(tmp_path, capsys):
    Saved(tmp_path / "other", units=5).save(20)
    Saved(tmp_path).save(10)
    for path in (tmp_path / "other").glob("ckpt-20.*"):
        path.rename(tmp_path / path.name)
    assert Saved(tmp_path).restore() == 10
    assert "ckpt-20 cannot be read; ckpt-10 before it is taken" in capsys.readouterr().err


def test_a_checkpoint_that_may_not_be_read_is_passed_over(tmp_path, monkeypatch, capsys):
    saved = Saved(tmp_path).save(10, 20)
    restore = saved.checkpoints._state.restore

    def forbidden(prefix):
        if prefix.endswith("-20"):
            raise PermissionError(13, "Permission denied")
        return restore(prefix)

    monkeypatch.setattr(saved.checkpoints._state, "restore", forbidden)
    assert saved.restore() == 10
    assert "taken. [Errno 13] Permission denied" in capsys.readouterr().err


def test_what_could_not_be_read_does_not_push_out_what_could(tmp_path):
    Saved(tmp_path).save(10, 20)
    cut(tmp_path / "ckpt-20.index")
    saved = Saved(tmp_path)
    assert saved.restore() == 10
    saved.save(30)
    assert kept_steps(tmp_path) == [30, 10]


def test_checkpoints_beyond_the_one_taken_do_not_come_back(tmp_path):
    Saved(tmp_path).save(10, 20)
    cut(tmp_path / "ckpt-20.index")
    saved = Saved(tmp_path)
    assert saved.restore() == 10
    saved.save(15)
    assert kept_steps(tmp_path) == [15, 10]
    assert last_step(tmp_path) == newest_whole_step(tmp_path) == 15


def test_where_none_is_whole_the_reason_is_told(tmp_path):
    Saved(tmp_path).save(20)
    cut(tmp_path / f"ckpt-20.{PARTS[0]}")
    with pytest.raises(
        ValueError, match=r"cannot be read \(checkpoint, ckpt-20.*anew\. Read less bytes"
    ):
        Saved(tmp_path).restore()
    with pytest.raises(FileNotFoundError, match="holds no checkpoint that can be read; train"):
        newest_whole_step(tmp_path)
    with pytest.raises(FileNotFoundError, match="holds no checkpoint of the end of an epoch"):
        load_end_of_epoch(Saved(tmp_path / "new").model, tmp_path, 20)


def test_leftovers_of_an_interrupted_save_are_no_checkpoint_and_go(tmp_path):
    saved = Saved(tmp_path).save(10)
    (tmp_path / "ckpt-15_temp").mkdir()
    (tmp_path / "ckpt-15_temp" / "part-00000-of-00001.index").write_bytes(b"half")
    assert saved.restore() == 10
    assert last_step(tmp_path) == 10
    saved.save(20)
    assert sorted(path.name for path in tmp_path.glob("*_temp")) == []
