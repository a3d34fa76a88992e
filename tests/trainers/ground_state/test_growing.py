"""Growths of two sizes in this process, by a clock that only steps of the training move."""

import contextlib

import numpy as np
import pytest
import tensorflow as tf

from qtf.files import read_object
from qtf.ground_states.exact_sums import variational_energy
from qtf.ground_states.last_part import last_part
from qtf.training.checkpoint_files import last_step
from qtf.training.logbook import read_metrics
from qtf.training.pace import used_seconds
from qtf.training.run_folder import RunFolder
from qtf.training.step import TrainingStep
from trainers.ground_state.growth.budget import Budget
from trainers.ground_state.growth.grow import grow
from trainers.ground_state.growth.stages import find_all_facts, make_stages

from .test_stages import configuration

TINY = {
    "network__units": 4,
    "sampling__n_samples": 16,
    "sampling__n_validation": 16,
    "sampling__n_prefixes": 1,
    "symmetry__group": "lattice",
    "training__xla": False,
    "training__n_epochs": 1,
    "training__steps_per_epoch": 4,
    "growth__sizes": (4, 6),
    "growth__n_steps": (4,),
    "growth__n_samples": (),
    "growth__steps_per_epoch": 4,
    "growth__log_every_steps": 1,
    "growth__n_symmetric_steps": (4, 0),
    "growth__n_evaluation": 64,
    "growth__n_averages": (64, 0),
}
NAMES = ("size-004", "size-004-symmetric", "size-006")


class Killed(BaseException):
    """Stands for kill -9."""


class Clock:
    """Stands still but for the steps of trainings."""

    def __init__(self, patch, *, kill_after=None):
        self.now = self.n_steps = 0
        self.kill_after = kill_after
        original = TrainingStep.__call__

        def step(step, *arguments, **keywords):
            result = original(step, *arguments, **keywords)
            self.now += 1
            self.n_steps += 1
            if self.n_steps == self.kill_after:
                raise Killed
            return result

        patch.setattr(TrainingStep, "__call__", step)

    def __call__(self):
        return float(self.now)


def run(workdir, clock, **changes):
    settings = configuration("grow_chain", "desktop", **{**TINY, **changes})
    facts = find_all_facts(make_stages(settings))
    return list(grow(settings, facts, workdir, clock=clock)), settings


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    folder = tmp_path_factory.mktemp("growth") / "W"
    with pytest.MonkeyPatch.context() as patch:
        growths, _ = run(folder, Clock(patch))
    return folder, growths


def state(folder, step):
    """What a checkpoint has of the weights, of the optimiser and of stochastic reconfiguration."""
    reader = tf.train.load_checkpoint(str(folder / "checkpoints" / f"ckpt-{step}"))
    names = reader.get_variable_to_shape_map()
    kept = ("optimizer/_trainable_variables/", "optimizer/_iterations", "task_state/")
    return {name: reader.get_tensor(name) for name in sorted(names) if name.startswith(kept)}


@pytest.mark.long
def test_each_part_starts_with_all_that_the_part_before_it_ended_with(grown):
    folder, _ = grown
    for before, after in zip(NAMES, NAMES[1:], strict=False):
        last = state(folder / before, last_step(folder / before / "checkpoints"))
        first = state(folder / after, 0)
        assert first.keys() == last.keys()
        for name, value in last.items():
            np.testing.assert_array_equal(first[name], value, err_msg=name)
        # The direction of the last step, which momentum goes on with.
        assert np.any(first["task_state/0/.ATTRIBUTES/VARIABLE_VALUE"])


@pytest.mark.long
def test_a_size_that_ends_on_the_average_has_its_energy_in_its_row(grown):
    folder, growths = grown
    first, second = growths[-1].rows
    assert [growth.rows[-1].size for growth in growths] == [4, 6]
    assert (first.n_steps, first.n_symmetric_steps, first.n_samples) == (4, 4, 16)
    assert (second.n_steps, second.n_symmetric_steps) == (4, 0)
    assert (first.seconds, second.seconds) == (8.0, 4.0)
    result = read_object(folder / NAMES[1] / "result.json")
    assert first.energy_with_symmetries == result["energy"]
    assert first.v_score_with_symmetries == result["v_score"]
    psi = RunFolder(folder / NAMES[1]).load_model()
    settings = configuration("grow_chain", "desktop", **TINY)
    hamiltonian = settings.physics.hamiltonian.resized(4).build()
    exact = variational_energy(psi, hamiltonian)
    assert psi.n_symmetries == 2
    distance = first.energy_with_symmetries - exact
    assert abs(distance) < 5 * first.energy_error_with_symmetries + 1e-6
    # Not asked for.
    assert second.energy_with_symmetries is None


def test_the_last_part_of_a_growth_may_be_the_trained_average(tmp_path):
    for name in NAMES[:2]:
        (tmp_path / name).mkdir()
        (tmp_path / name / "best.weights.h5").write_bytes(b"")
    (tmp_path / "config.json").write_text('{"growth": {"sizes": [4, 6]}}')
    assert last_part(tmp_path).name == "size-004-symmetric"


def test_minutes_are_kept_over_a_kill_and_every_schedule_ends(tmp_path, monkeypatch):
    monkeypatch.setattr("qtf.training.pace.EVERY", 0.0)
    changes = {
        "growth__minutes": 0.5,
        "symmetry__group": "none",
        "min_sr__diag_shift": None,
        "growth__n_symmetric_steps": (),
        "growth__n_evaluation": 2,
        "growth__n_averages": (0,),
        "sampling__n_validation": 2,
        "growth__shares": (1.0, 2.0),
        "growth__schedule": "cosine",
        "growth__learning_rates": (0.1,),
        "growth__floor": 0.001,
    }
    with monkeypatch.context() as patch, contextlib.suppress(Killed):
        run(tmp_path, Clock(patch, kill_after=15), **changes)
    # A third of 30 seconds, but the quarter of a step that validation and evaluation are taken for.
    assert used_seconds(tmp_path / "size-004") == 10.0
    assert (tmp_path / "size-004" / "result.json").exists()
    assert used_seconds(tmp_path / "size-006") == 4.0
    with monkeypatch.context() as patch:
        clock = Clock(patch)
        growths, settings = run(tmp_path, clock, **changes)
    # The fifth step of this size was not finished; that after the checkpoint of the fourth is.
    assert clock.n_steps == 16
    assert [row.seconds for row in growths[-1].rows] == [10.0, 20.0]
    stages = make_stages(settings)
    assert Budget(stages, settings.growth, tmp_path).limit(1) == 20.0
    rows = read_metrics(tmp_path / "size-006" / "metrics.jsonl", "training")
    rates = [row["learning_rate"] for row in rows]
    assert len(rates) == 20
    assert rates[0] == pytest.approx(0.1)
    assert all(one >= other for one, other in zip(rates, rates[1:], strict=False))
    assert rates[-1] < 0.003
