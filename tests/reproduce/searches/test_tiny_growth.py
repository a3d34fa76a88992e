"""A section of growths as a user runs it, on two machines one after the other."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from qtf.files import read_json
from reproduce.engine.sections import TINY
from reproduce.ground_state_table import read_table
from reproduce.searches.growths import change_flags
from reproduce.sections.squares.cases import GROWTHS

ROOT = Path(__file__).parents[3]


def run(*words):
    result = subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.long
def test_growth_goes_on_elsewhere_after_its_first_size(tmp_path):
    case, docs = GROWTHS[0].at(TINY), tmp_path / "docs"
    docs.mkdir()
    flags = change_flags(case.flags, ["--config.growth.sizes=(2,)"])
    run(
        "reproduce.grow",
        f"--config={case.config}",
        "--section=squares",
        f"--workdir={tmp_path / 'runs' / case.name}",
        f"--docs_dir={docs}",
        *(f"--trainer_flag={flag}" for flag in flags),
    )
    kept = tmp_path / "reproduce" / "weights" / "squares" / case.name
    first = (kept / "size-002" / "best.weights.h5").read_bytes()
    shutil.rmtree(tmp_path / "runs")
    again = [
        "reproduce",
        "squares",
        "--stages=heisenberg",
        "--budget=tiny",
        f"--out_dir={tmp_path}",
    ]
    said = run(*again)
    assert f"Sizes 2 are taken from {kept}." in said
    assert f"Sizes 4 are kept in {kept}." in said
    assert (kept / "size-002" / "best.weights.h5").read_bytes() == first
    numbers = read_json(docs / "squares_results.json")["growths"][case.name]["sizes"]
    assert [size["size"] for size in numbers] == [2, 4]
    # Validations of the second size are before its first step and after its last one.
    assert [point["step"] for point in numbers[1]["curve"]] == [0, 2]
    minutes = [point["minutes"] for point in numbers[1]["curve"]]
    assert 0 < minutes[0] < minutes[1] < 2
    assert (docs / "figures" / "squares_heisenberg_minutes.png").stat().st_size > 10_000
    rows = read_table(docs / "ground_states.csv")
    assert [(row["model"], row["n_sites"]) for row in rows] == [
        ("Heisenberg (S)", "4"),
        ("Heisenberg (S)", "16"),
    ]
    # Nothing is left to do.
    said = run(*again)
    assert "heisenberg: finished already" in said
