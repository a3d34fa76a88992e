"""The example of docs/measurements.md is run, its file is read, its words are known."""

import re
from pathlib import Path

import pytest

from qtf.measurements import read_experiments
from qtf.measurements.words import JUMPS, local_words

PAGE = (Path(__file__).parents[2] / "docs" / "measurements.md").read_text()


def test_the_example_learns_what_was_simulated(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.S):
        exec(compile(block, "docs/measurements.md", "exec"), names)
    learned = names["learned"]
    assert learned.explains_the_data
    assert learned["ZZ"] == pytest.approx(1.0, abs=5 * learned.errors[0])
    assert {"ZZ@1", "ZZ@2"} < set(names["selection"].kept)
    assert "X@3" in capsys.readouterr().out


def test_the_file_on_the_page_is_read(tmp_path):
    (table,) = re.findall(r"```\n(setting,.*?)```", PAGE, re.S)
    path = tmp_path / "shots.csv"
    path.write_text(table)
    experiments = read_experiments(path)
    assert experiments.counts == ({"000": 61, "011": 39}, {"110": 50})


def test_words_on_the_page_are_known():
    assert all(f"`{word}`" in PAGE for word in (*JUMPS, "e01", "e10"))
    assert local_words(1)[3] == "XX"
