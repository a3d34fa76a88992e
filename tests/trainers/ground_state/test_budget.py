import json
import math
import time

import pytest

from qtf.training.pace import PACE, Pace
from trainers.ground_state.growth.budget import Budget
from trainers.ground_state.growth.stages import make_stages

from .test_stages import configuration

# Two sizes of as many samples: the second is four times as expensive a step.
TWO = {
    "growth__sizes": (8, 16),
    "growth__n_steps": (300,),
    "growth__n_samples": (1024,),
    "growth__n_averages": (0,),
    "growth__n_evaluation": 1024,
    "sampling__n_validation": 1024,
}


def budget(workdir, clock=time.monotonic, **changes):
    settings = configuration("grow_chain", "desktop", **{**TWO, **changes})
    # 17:00 by the clock of the wall.
    now = time.mktime((2030, 5, 1, 17, 0, 0, 0, 0, -1))
    return Budget(make_stages(settings), settings.growth, workdir, clock=clock, now=lambda: now)


def use(workdir, name, seconds):
    (workdir / name).mkdir()
    (workdir / name / PACE).write_text(json.dumps({"seconds": seconds}))


def test_minutes_are_divided_as_steps_need_and_later_sizes_have_what_is_left(tmp_path):
    found = budget(tmp_path, growth__minutes=10.0)
    # 600 and 300 steps, and as much as 2 steps for validation and evaluation.
    needs = [602 * 8**2, 302 * 16**2]
    assert found.limit(0) == pytest.approx(600 * needs[0] / sum(needs))
    assert found.pace(0).is_limited
    use(tmp_path, "size-008", 200.0)
    assert found.limit(1) == pytest.approx(400.0)
    use(tmp_path, "size-016", 0.0)
    assert budget(tmp_path, growth__minutes=2.0).limit(1) == 0.0
    assert not budget(tmp_path).pace(1).is_limited


def test_shares_may_be_told_and_both_parts_of_a_size_divide_its_own(tmp_path):
    told = {"growth__shares": (1.0, 3.0), "growth__minutes": 4.0}
    assert budget(tmp_path, **told).limit(0) == pytest.approx(60.0)
    symmetric = {"symmetry__group": "lattice", "growth__n_symmetric_steps": (0, 100)}
    parts = budget(tmp_path, **told, **symmetric)
    assert [stage.name for stage in parts.stages] == ["size-008", "size-016", "size-016-symmetric"]
    assert parts.limit(0) == pytest.approx(60.0)
    # Averages over a reflection have two images, each evaluated from the start.
    needs = [302, (100 + 2) * 2 * 2]
    assert parts.weights[1:] == pytest.approx([3 * need / sum(needs) for need in needs])


def test_a_symmetric_average_is_part_of_what_a_size_needs(tmp_path):
    averaged = {"symmetry__group": "lattice", "growth__n_averages": (1024, 0)}
    found = budget(tmp_path, **averaged)
    assert found.weights[0] / found.weights[1] == pytest.approx((602 + 4) * 8**2 / (302 * 16**2))


def test_words_tell_size_minutes_and_the_end(tmp_path):
    seconds = [0.0]
    limited = budget(tmp_path, clock=lambda: seconds[0], growth__minutes=90.0)
    use(tmp_path, "size-008", 600.0)
    pace = limited.pace(1)
    seconds[0] = 300.0
    assert pace.tell() == "  size 16, 2 of 2, 15.0 of 90 min, ends about 18:15"
    overnight = budget(tmp_path, clock=lambda: seconds[0], growth__minutes=600.0)
    assert overnight.pace(1).tell().endswith("10.0 of 600 min, ends about May 02 02:50")


def test_without_minutes_the_end_is_that_of_all_steps(tmp_path):
    seconds = [0.0]
    free = budget(tmp_path, clock=lambda: seconds[0])
    pace = free.pace(0)
    assert pace.tell() == "  size 8, 1 of 2, 0.0 min"
    for taken in range(3):
        with pace.step(600 - taken - 1):
            seconds[0] += 1.0
    rest = 597 + 2 + 602 * 302 * 16**2 / (602 * 8**2)
    assert free.left(0, pace, 0.0) == pytest.approx(rest)
    minutes = math.floor(rest / 60)
    assert pace.tell().endswith(f"0.1 min, ends about 17:{minutes:02d}")


def test_a_pace_that_is_limited_reads_what_an_earlier_start_has_used(tmp_path):
    use(tmp_path, "size-008", 30.0)
    assert Pace(tmp_path / "size-008", limit=20.0).left == 0.0
