import json
import os

import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from qtf.files import (
    folder_written_aside,
    writable_folder,
    write_atomically,
    write_figure,
    write_json,
)


def test_write_atomically_replaces_the_whole_file(tmp_path):
    write_atomically(tmp_path / "a", "long text")
    write_atomically(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_text() == "new"
    assert os.listdir(tmp_path) == ["a"]


def test_write_atomically_keeps_the_old_file_when_writing_fails(tmp_path, monkeypatch):
    write_atomically(tmp_path / "a", "old")

    def full_disk(descriptor):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(tmp_path / "a", "new")
    assert (tmp_path / "a").read_text() == "old"
    assert os.listdir(tmp_path) == ["a"]


def test_write_json_sorts_keys(tmp_path):
    write_json(tmp_path / "a.json", {"b": 1, "a": (2, 3)})
    assert (tmp_path / "a.json").read_text() == '{\n  "a": [\n    2,\n    3\n  ],\n  "b": 1\n}\n'
    assert json.loads((tmp_path / "a.json").read_text()) == {"a": [2, 3], "b": 1}


def test_folder_written_aside_appears_whole(tmp_path):
    with folder_written_aside(tmp_path / "new" / "1") as aside:
        (aside / "file").write_text("x")
        assert not (tmp_path / "new" / "1").exists()
    assert (tmp_path / "new" / "1" / "file").read_text() == "x"
    assert os.listdir(tmp_path / "new") == ["1"]


def test_folder_written_aside_leaves_nothing_after_an_error(tmp_path):
    def fail():
        with folder_written_aside(tmp_path / "1") as aside:
            (aside / "file").write_text("x")
            raise KeyError("boom")

    with pytest.raises(KeyError):
        fail()
    assert os.listdir(tmp_path) == []


def test_folder_written_aside_refuses_an_existing_folder(tmp_path):
    (tmp_path / "1").mkdir()
    with (
        pytest.raises(FileExistsError, match="exists already"),
        folder_written_aside(tmp_path / "1"),
    ):
        pass


def test_writable_folder_creates_parents(tmp_path):
    assert writable_folder(tmp_path / "a" / "b").is_dir()


def test_writable_folder_refuses_a_file(tmp_path):
    (tmp_path / "a").write_text("x")
    with pytest.raises(NotADirectoryError, match="is a file, but a folder is needed"):
        writable_folder(tmp_path / "a")


def test_writable_folder_names_a_folder_below_a_file(tmp_path):
    (tmp_path / "a").write_text("x")
    with pytest.raises(OSError, match="a/b cannot be written to: Not a directory"):
        writable_folder(tmp_path / "a" / "b")


def test_figure_is_a_png_of_the_asked_size(tmp_path):
    write_figure(tmp_path / "one.png", Figure(figsize=(2.0, 1.0)), dpi=30)
    assert imread(tmp_path / "one.png").shape[:2] == (30, 60)
    assert [path.name for path in tmp_path.iterdir()] == ["one.png"]
