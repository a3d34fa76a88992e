import json
import os
import signal
import subprocess
import sys

import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from qtf.files import (
    folder_written_aside,
    literal_path,
    read_json_lines,
    read_object,
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


def test_a_missing_folder_is_named(tmp_path):
    message = "a/b cannot be written: there is no folder .*/a."
    with pytest.raises(FileNotFoundError, match=message):
        write_atomically(tmp_path / "a" / "b", "x")


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


WRITER = """
import os, sys, time
from pathlib import Path
from qtf.files import folder_written_aside
with folder_written_aside(Path(sys.argv[1])) as aside:
    (aside / "file").write_text("x")
    print(aside.name, flush=True)
    time.sleep(60)
"""


def writer(path):
    """Starts a process that writes a folder for ever; returns it and the hidden name."""
    command = [sys.executable, "-c", WRITER, str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    return process, process.stdout.readline().strip()


def test_folder_written_aside_removes_what_killed_processes_left_and_nothing_else(tmp_path):
    kept = {".git", ".7.aside", ".notes.12345678", "3", ".1.abc_1234.aside.txt"}
    for name in kept:
        (tmp_path / name).mkdir()
    (tmp_path / ".5.abcd1234.aside").symlink_to(tmp_path / "3")
    (tmp_path / ".6.abcd1234.aside").write_text("a file")
    killed, leftover = writer(tmp_path / "1")
    alive, written = writer(tmp_path / "2")
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    try:
        assert (tmp_path / leftover / "file").is_file()
        with folder_written_aside(tmp_path / "4"):
            pass
    finally:
        alive.kill()
        alive.communicate()
    links = {".5.abcd1234.aside", ".6.abcd1234.aside"}
    assert set(os.listdir(tmp_path)) == {*kept, *links, written, "4"}
    # Its process was killed in between, and a failed writing clears up as well.
    with pytest.raises(KeyError), folder_written_aside(tmp_path / "8"):
        raise KeyError("boom")
    assert set(os.listdir(tmp_path)) == {*kept, *links, "4"}


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


@pytest.mark.parametrize("name", ["a b", "~", "{a}", "-x", "co:lon"])
def test_path_without_a_pattern_is_its_own_literal_path(tmp_path, name):
    (tmp_path / name).mkdir()
    with literal_path(tmp_path / name) as path:
        assert path == str(tmp_path / name)


@pytest.mark.parametrize("name", ["run[1]", "r*", "r?", "back\\slash"])
def test_literal_path_of_a_pattern_leads_to_the_folder_and_holds_none(tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "a").write_text("here")
    with literal_path(tmp_path / name) as path:
        assert not set("*?[\\") & set(path)
        with open(f"{path}/a") as file:
            assert file.read() == "here"
    assert not os.path.exists(path)


def test_literal_path_of_no_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="run"), literal_path(tmp_path / "run[1]"):
        pass


def test_a_folder_whose_path_is_not_utf_8_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"\\udcff' must have a path in UTF-8"):
        writable_folder(tmp_path / os.fsdecode(b"\xff"))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "a.json holds no JSON"),
        (b"\xff", "a.json holds no JSON"),
        (b"[1]", r"must hold a JSON object, but holds \[1\]"),
        (b'{"b": 1}', r"a.json must have the key `a`, but has \['b'\]"),
    ],
)
def test_damaged_objects_are_named(tmp_path, text, message):
    (tmp_path / "a.json").write_bytes(text)
    with pytest.raises(ValueError, match=message):
        read_object(tmp_path / "a.json", keys=("a",))


def test_json_lines_leave_out_a_torn_last_one(tmp_path):
    (tmp_path / "a").write_text('{"a": 1}\n{"a": 2}\n{"a"')
    assert list(read_json_lines(tmp_path / "a", keys=("a",))) == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{", "a, line 2, holds no JSON"),
        (b"\xff", "a, line 2, holds no JSON"),
        (b"3", "a, line 2, must be a JSON object with the keys step, but is 3"),
        (b"{}", "a, line 2, must be a JSON object with the keys step, but is {}"),
    ],
)
def test_damaged_json_lines_are_named(tmp_path, line, message):
    (tmp_path / "a").write_bytes(b'{"step": 1}\n' + line + b"\n")
    with pytest.raises(ValueError, match=message):
        list(read_json_lines(tmp_path / "a", keys=("step",)))
