"""The seconds of the first successes are measured by a program and stated by another."""

import importlib.util
import json
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def example(name):
    """Returns a module of the examples."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


timing, writing = example("time_first_successes"), example("update_readme")


def test_every_block_of_the_readme_is_timed():
    found = timing.first_successes()
    assert (ROOT / "README.md").read_text().count("```python") == len(found) == 3
    names = ["A Hamiltonian from arrays", "A ground state", "A steady state with noise"]
    assert [name for name, _ in found] == names
    for _, program in found:
        compile(program, "README.md", "exec")


def test_a_program_is_timed_from_its_start_to_its_end():
    seconds, error = timing.run("import time\ntime.sleep(0.2)\n")
    assert (seconds > 0.2, error) == (True, "")
    assert "ZeroDivisionError" in timing.run("1 / 0\n")[1]
    assert timing.run("import sys\nsys.exit(3)\n")[1] == "it has failed"


@pytest.fixture
def pages(tmp_path):
    """The pages that lead with the first successes, in a folder of their own."""
    (tmp_path / "docs").mkdir()
    for page in writing.PAGES:
        shutil.copy(ROOT / page, tmp_path / page)
    return tmp_path


def time_and_write(pages, programs, monkeypatch):
    """Times some programs instead of those of the README and puts their seconds on the pages."""
    monkeypatch.setattr(timing, "first_successes", lambda: programs)
    out = pages / writing.SECONDS
    monkeypatch.setattr(sys, "argv", ["time", f"--out={out}", "--n_times=2"])
    code = timing.main()
    if code == 0:
        writing.write_seconds(pages)
    return code


def test_pages_state_what_was_measured(pages, monkeypatch, capsys):
    programs = [("Quick", "pass"), ("Slow", "import time\ntime.sleep(1.0)")]
    for _ in range(2):
        assert time_and_write(pages, programs, monkeypatch) == 0
        content = json.loads((pages / writing.SECONDS).read_text())
        quick, slow = content["first_successes"]
        assert quick["seconds"] < 1.0 <= slow["seconds"] == sum(slow["all"]) / 2
        stated = writing.sentence(pages)
        assert stated.startswith(f"They take 1 s and {int(slow['seconds']) + 1} s, each as")
        assert content["made"]["machine"] in stated
        for page in writing.PAGES:
            text = (pages / page).read_text()
            assert text.count(stated) == 1
            assert writing.NOT_MEASURED not in text
    assert "Slow: " in capsys.readouterr().out


def test_a_block_that_fails_leaves_the_numbers_as_they_were(pages, monkeypatch, capsys):
    before = (pages / "README.md").read_text()
    assert time_and_write(pages, [("Broken", "1 / 0")], monkeypatch) == 1
    assert "Broken: " in capsys.readouterr().err
    assert not (pages / writing.SECONDS).exists()
    assert (pages / "README.md").read_text() == before


def test_what_the_pages_state_is_what_is_stored():
    for page in writing.PAGES:
        _, rest = (ROOT / page).read_text().split(writing.BEGIN_SECONDS)
        assert rest.partition(writing.END_SECONDS)[0] == f"\n{writing.sentence(ROOT)}\n"


def test_seconds_that_were_never_measured_are_told(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(writing, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "argv", ["update_readme", "--seconds"])
    with pytest.raises(SystemExit):
        writing.main()
    assert "docs/first_successes.json must be there" in capsys.readouterr().err
