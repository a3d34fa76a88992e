import json
import os
import subprocess
import sys

import pytest

from reproduce.engine.fingerprints import fingerprint
from reproduce.engine.layout import Layout
from reproduce.engine.pages import write_page
from reproduce.sections.full_scale import stages_of
from reproduce.sections.full_scale.cases import CASES, measurement
from reproduce.sections.full_scale.page import PAGE
from reproduce.sections.full_scale.start_and_resume import clear_unfinished, observe

# Takes steps from a first one on, by default the next, and then waits to be stopped.
TRAINER = """
import json, pathlib, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
flags = dict(word[2:].split("=", 1) for word in sys.argv[1:])
path = pathlib.Path(flags["workdir"]) / "metrics.jsonl"
path.parent.mkdir(exist_ok=True)
path.touch()
first = int(flags.get("first", 1 + len(path.read_text().splitlines())))
with path.open("a") as file:
    for step in range(first, first + int(flags["config"])):
        print(json.dumps({"step": step, "kind": "training", "loss": 0.0}), file=file, flush=True)
time.sleep(int(flags["seconds"]))
"""


def command(workdir, first, n_steps, seconds):
    flags = [f"--workdir={workdir}", f"--first={first}", f"--config={n_steps}"]
    return [sys.executable, "-c", TRAINER, *flags, f"--seconds={seconds}"]


def test_steps_are_counted_from_the_start_on_and_the_training_is_stopped(tmp_path):
    run = clear_unfinished(tmp_path)
    for first in (1, 4):
        part = observe(command(run, first, 3, 60), run, 2)
        assert len(part.seconds) == 2
        assert part.values()["seconds_to_first_step"] < 30
        assert part.peak_bytes > 1e6
    assert len((run / "metrics.jsonl").read_text().splitlines()) == 6


@pytest.fixture
def try_it(tmp_path):
    """Returns the exit code of one try and the names in its folder of tries."""
    (tmp_path / "trainer.py").write_text(TRAINER)

    def run(n_steps, seconds):
        words = [
            "reproduce.sections.full_scale.start_and_resume",
            "--module=trainer",
            f"--config={n_steps}",
        ]
        words += [f"--workdir={tmp_path / 'tries'}", f"--out_file={tmp_path / 'out.json'}"]
        path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
        done = subprocess.run(
            [sys.executable, "-m", *words, f"--trainer_flag=--seconds={seconds}"],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
        )
        found = (entry.name for entry in (tmp_path / "tries").iterdir())
        return done.returncode, sorted(name for name in found if not name.startswith("."))

    return run


def test_what_an_unfinished_try_has_left_is_removed_by_the_next_one(try_it, tmp_path):
    (tmp_path / "tries" / "mine").mkdir(parents=True)
    assert try_it(1, 0) == (1, ["mine", "try-unfinished"])
    # It does not go on from there.
    assert try_it(2, 60) == (0, ["mine", "try-1"])
    assert len((tmp_path / "tries" / "try-1" / "metrics.jsonl").read_text().splitlines()) == 4
    assert len(json.loads((tmp_path / "out.json").read_text())["parts"]) == 2
    # What is finished stays.
    assert try_it(2, 60) == (0, ["mine", "try-1", "try-2"])


def test_a_training_that_begins_again_has_not_been_resumed(tmp_path):
    observe(command(tmp_path, 1, 2, 60), tmp_path, 2)
    with pytest.raises(ValueError, match=r"go on after steps \[1, 2\], but has \[1, 2, 1, 2\]"):
        observe(command(tmp_path, 1, 2, 60), tmp_path, 2)


def test_a_training_that_ends_before_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="exit code 0 after [01] of 5 steps"):
        observe(command(tmp_path, 1, 1, 0), tmp_path, 5)


def test_every_configuration_exists(tmp_path):
    stages = stages_of(Layout(tmp_path))
    assert len({fingerprint(stage, tmp_path) for stage in stages}) == len(CASES)


def test_the_page_has_a_row_for_each_measurement(tmp_path):
    layout = Layout(tmp_path, tmp_path)
    assert [stage.name for stage in stages_of(layout)] == [case.name for case in CASES]
    part = {"n_steps": 3, "seconds_to_first_step": 71.6, "seconds_a_step": 9.5, "peak_gib": 2.25}
    single = {**part, "n_steps": 1, "seconds_a_step": None}
    cases = {case.name: case for case in CASES}
    for name, parts in (("ising_12", [part, {**part, "peak_gib": 3.0}]), ("square_30", [single])):
        path = measurement(layout, cases[name])
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"parts": parts}))
    lines = list(write_page(PAGE, layout))
    assert len(lines) == 3
    page = (tmp_path / "full_scale.md").read_text()
    assert "| Ising 12 x 12, field 3 | 3 | 72 | 9.5 | 3 | 3.0 |" in page
    assert "30 x 30 | 1 | 72 |  | not tried | 2.2 |" in page
    assert "--config=configs/ground_state/ising_square.py:12,3.0" in page
    assert f"2 of {len(CASES)} have been tried" in page
    assert "Not tried yet: Ising 21 x 21, field 3; Heisenberg 10 x 10, sign rule;" in page
