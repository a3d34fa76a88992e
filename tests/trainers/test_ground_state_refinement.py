import pytest

from qtf.ground_states.exact_sums import variational_energy
from qtf.training.logbook import read_metrics
from tests.trainers.test_ground_state import RECONFIGURATION, small
from trainers.ground_states import refinement
from trainers.ground_states.assembly import run

CHANGES = {
    **RECONFIGURATION,
    "training__n_epochs": 2,
    "refinement__n_epochs": 3,
    "refinement__learning_rate": 0.2,
    "training__log_every_steps": 1,
}


def test_refinement_goes_on_where_samples_stop(tmp_path):
    config = small(**CHANGES)
    task, model = run(config, tmp_path)
    average = variational_energy(task.symmetrized(model), task.hamiltonian)
    refined_task, refined = refinement.refine(config, tmp_path)
    rows = read_metrics(tmp_path / "refinement" / "metrics.jsonl", "training")
    # The first loss is the energy, summed over all configurations, of the weights it starts from.
    assert rows[0]["loss"] == pytest.approx(average, rel=1e-6)
    energy = variational_energy(refined, refined_task.hamiltonian)
    assert task.reference * (1 + 1e-6) < energy
    assert energy - task.reference < (average - task.reference) / 20


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"min_sr__diag_shift": None}, "min_sr.diag_shift.* must be a number for a refinement"),
        (
            {"physics__hamiltonian__n_sites": 18, "reference": -20.0},
            "every_configuration.* at most 16 sites, but there are 18",
        ),
        ({"refinement__diag_shift": -1.0}, "-1"),
        ({"refinement__steps_per_epoch": 0}, "steps_per_epoch.* 0"),
    ],
)
def test_mistakes_are_found_before_the_training(changes, message):
    with pytest.raises(ValueError, match=message):
        refinement.check(small(**{**CHANGES, **changes}))
