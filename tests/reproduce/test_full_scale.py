import json
import sys

import pytest

from reproduce.fingerprints import fingerprint
from reproduce.full_scale import stages_of
from reproduce.full_scale_cases import CASES
from reproduce.full_scale_page import write_page
from reproduce.layout import Layout
from reproduce.start_and_resume import fresh, observed

# Takes steps from a first one on, and then waits to be stopped.
TRAINER = """
import json, pathlib, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
path = pathlib.Path(sys.argv[1]) / "metrics.jsonl"
path.parent.mkdir(exist_ok=True)
first, count, seconds = map(int, sys.argv[2:])
with path.open("a") as file:
    for step in range(first, first + count):
        print(json.dumps({"step": step, "kind": "training", "loss": 0.0}), file=file, flush=True)
time.sleep(seconds)
"""


def command(*arguments):
    return [sys.executable, "-c", TRAINER, *map(str, arguments)]


def test_steps_are_counted_from_the_start_on_and_the_training_is_stopped(tmp_path):
    run = fresh(tmp_path)
    for first in (1, 4):
        part = observed(command(run, first, 3, 60), run, 2)
        assert len(part.seconds) == 2
        assert part.values()["seconds_to_first_step"] < 30
        assert part.peak_bytes > 1e6
    assert len((run / "metrics.jsonl").read_text().splitlines()) == 6
    assert fresh(tmp_path) != run


def test_a_training_that_begins_again_has_not_been_resumed(tmp_path):
    observed(command(tmp_path, 1, 2, 60), tmp_path, 2)
    with pytest.raises(ValueError, match=r"go on after steps \[1, 2\], but has \[1, 2, 1, 2\]"):
        observed(command(tmp_path, 1, 2, 60), tmp_path, 2)


def test_a_training_that_ends_before_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="exit code 0 after [01] of 5 steps"):
        observed(command(tmp_path, 1, 1, 0), tmp_path, 5)


def test_every_configuration_exists(tmp_path):
    stages = stages_of(Layout(tmp_path))
    assert len({fingerprint(stage, tmp_path) for stage in stages}) == len(CASES)


def test_the_page_has_a_row_for_each_measurement(tmp_path):
    layout = Layout(tmp_path)
    assert [stage.name for stage in stages_of(layout)] == [case.name for case in CASES]
    part = {"n_steps": 3, "seconds_to_first_step": 71.6, "seconds_a_step": 9.5, "peak_gib": 2.25}
    single = {**part, "n_steps": 1, "seconds_a_step": None}
    for name, parts in (("ising_12", [part, {**part, "peak_gib": 3.0}]), ("square_30", [single])):
        path = layout.measurement(name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"parts": parts}))
    lines = list(write_page(layout, tmp_path))
    assert len(lines) == 3
    page = (tmp_path / "full_scale.md").read_text()
    assert "| Ising 12 x 12, field 3 | 3 | 72 | 9.5 | 3 | 3.0 |" in page
    assert "30 x 30 | 1 | 72 |  | not tried | 2.2 |" in page
    assert "--config=configs/ground_state/ising_square.py:12,3.0" in page
