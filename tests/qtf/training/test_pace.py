import contextlib
import json
import math

import pytest

from qtf.training.logbook import read_metrics
from qtf.training.loop import train
from qtf.training.pace import PACE, Pace, used_seconds
from qtf.training.step import TrainingStep

from .conftest import Regression
from .test_loop import Killed, config, settings

COMPILATION, STEP = 100.0, 1.0


class Clock:
    """Stands still but for the steps of a training, of which the first of a start is longer."""

    def __init__(self):
        self.now = 1e6

    def __call__(self):
        return self.now

    def patch(self, patch, *, kill_after=None):
        original, taken = TrainingStep.__call__, []

        def step(step, *arguments, **keywords):
            taken.append(None)
            result = original(step, *arguments, **keywords)
            self.now += COMPILATION if len(taken) == 1 else STEP
            if len(taken) == kill_after:
                raise Killed
            return result

        patch.setattr(TrainingStep, "__call__", step)


def run(workdir, clock, limit, *, n_after=0.0, said=None):
    changes = {
        "log_every_steps": 1,
        "n_epochs": 4,
        "optimizer": {"learning_rate": 0.02, "schedule": "cosine", "floor": 0.002},
    }
    tell = None if said is None else lambda pace: said.append(pace.left) or "of all sizes"
    pace = Pace(workdir, limit=limit, n_after=n_after, tell=tell, clock=clock)
    train(Regression(), settings(**changes), config(), workdir, pace=pace)
    return pace


def rates(workdir):
    return [row["learning_rate"] for row in read_metrics(workdir / "metrics.jsonl", "training")]


def cosine(fraction):
    return 0.002 + 0.018 * 0.5 * (1.0 + math.cos(math.pi * fraction))


@pytest.mark.parametrize(("limit", "n_steps"), [(COMPILATION + 25 * STEP, 26), (50.0, 1)])
def test_a_limited_training_takes_the_steps_that_fit_and_its_schedule_ends(
    tmp_path, monkeypatch, limit, n_steps
):
    clock = Clock()
    clock.patch(monkeypatch)
    pace = run(tmp_path, clock, limit)
    # 40 steps were planned. The first two begin where no time has been used but to compile.
    found = rates(tmp_path)
    assert len(found) == n_steps
    expected = [cosine(max(0, k - 1) / 25) for k in range(n_steps)]
    assert found == pytest.approx(expected, rel=1e-6)
    validated = [row["step"] for row in read_metrics(tmp_path / "metrics.jsonl", "validation")]
    assert validated == [step for step in (10, 20) if step < n_steps] + [n_steps]
    kept = json.loads((tmp_path / PACE).read_text())
    assert kept["finished"] is True
    assert used_seconds(tmp_path) == kept["seconds"] == COMPILATION + (n_steps - 1) * STEP
    assert pace.expected_steps(n_steps, 40) == n_steps


def test_time_is_left_for_what_comes_after_the_training(tmp_path, monkeypatch):
    clock = Clock()
    clock.patch(monkeypatch)
    pace = run(tmp_path, clock, COMPILATION + 25 * STEP, n_after=10.0)
    assert len(rates(tmp_path)) == 16
    assert pace.left == 10 * STEP


def test_what_was_used_before_a_kill_is_used(tmp_path, monkeypatch):
    clock = Clock()
    monkeypatch.setattr("qtf.training.pace.EVERY", 3 * STEP)
    with monkeypatch.context() as patch, contextlib.suppress(Killed):
        clock.patch(patch, kill_after=16)
        run(tmp_path, clock, 2 * COMPILATION + 30 * STEP)
    # Its file was written with the checkpoint of step 10, and 4 seconds later.
    assert used_seconds(tmp_path) == COMPILATION + 13 * STEP
    clock.now += 1e5
    with monkeypatch.context() as patch:
        clock.patch(patch)
        run(tmp_path, clock, 2 * COMPILATION + 30 * STEP)
        again = run(tmp_path, clock, 2 * COMPILATION + 30 * STEP)
    assert used_seconds(tmp_path) == pytest.approx(2 * COMPILATION + 30 * STEP)
    assert again.is_over
    # From the checkpoint after 10 steps, one with compilation and those of 17 seconds.
    found = rates(tmp_path)
    assert len(found) == 10 + 1 + 17
    # What the file had kept: 13 of 130 seconds, as nobody knew of another compilation.
    expected = [cosine(0.1 + 0.9 * max(0, k - 1) / 17) for k in range(18)]
    assert found[10:] == pytest.approx(expected, rel=1e-6)


def test_without_a_limit_steps_are_those_of_the_settings_and_time_is_told(tmp_path, monkeypatch):
    clock, said = Clock(), []
    clock.patch(monkeypatch)
    run(tmp_path, clock, None, n_after=5.0, said=said)
    assert used_seconds(tmp_path) == COMPILATION + 39 * STEP
    # Rows have the rate of the step to come.
    expected = [cosine((k + 1) / 40) for k in range(40)]
    assert rates(tmp_path) == pytest.approx(expected, rel=1e-6)
    # At the end what comes after the training is left; before a second step nobody knows.
    assert said[0] is None
    assert said[-1] == 5 * STEP


def test_expected_steps_are_those_at_the_speed_so_far():
    clock = Clock()
    pace = Pace(limit=COMPILATION + 50.0, clock=clock)
    for seconds in (COMPILATION, 2.0, 2.0):
        with pace.step(0):
            clock.now += seconds
    assert pace.fraction == pytest.approx(4 / 50)
    assert pace.expected_steps(3, 1000) == 3 + 23
    assert Pace().expected_steps(3, 1000) == 1000


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / PACE).write_text("{}")
    with pytest.raises(ValueError, match=r"pace\.json.*seconds"):
        Pace(tmp_path)
