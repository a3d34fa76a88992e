import numpy as np
import pytest
import tensorflow as tf

from configs.ground_state.heisenberg_square import get_config
from qtf.configuration import from_config
from qtf.export import exporters
from qtf.ground_states.exact_sums import variational_energy
from qtf.ground_states.last_part import last_part
from qtf.ground_states.runs.assembly import make_task
from qtf.ground_states.runs.facts import find_facts
from qtf.ground_states.runs.refinement import make_refinement, run_and_refine
from qtf.ground_states.runs.settings import GroundStateSettings, RunSettings, make_part
from qtf.physics import all_bits
from qtf.training.logbook import read_metrics
from trainers.compare_samplers.modes import compare_modes
from trainers.compare_samplers.settings import ModesSettings

from .test_assembly import RECONFIGURATION, search, small_command

CHANGES = {
    **RECONFIGURATION,
    "training__n_epochs": 2,
    "refinement__n_epochs": 3,
    "refinement__learning_rate": 0.2,
    "training__log_every_steps": 1,
}


@pytest.mark.long
def test_refinement_goes_on_where_samples_stop(tmp_path):
    settings = small_command(**CHANGES)
    plain = search(make_part(RunSettings, settings), tmp_path)
    task, model = plain.task, plain.model
    average = variational_energy(task.symmetrized(model), task.hamiltonian)
    # What is finished of a stopped command is not done again.
    training = run_and_refine(settings, find_facts(settings), tmp_path)
    refined_task, refined = training.task, training.model
    rows = read_metrics(tmp_path / "refinement" / "metrics.jsonl", "training")
    # The first loss is the energy, summed over all configurations, of the weights it starts from.
    assert rows[0]["loss"] == pytest.approx(average, rel=1e-6)
    energy = variational_energy(refined, refined_task.hamiltonian)
    assert task.reference * (1 + 1e-6) < energy
    assert energy - task.reference < (average - task.reference) / 20
    # The run is exported as refined.
    served = tf.saved_model.load(str(exporters.run(tmp_path, tmp_path / "model")))
    bits = all_bits(6).astype("int32")
    log_modulus = served.signatures["log_psi"](bits=tf.constant(bits))["log_modulus"]
    np.testing.assert_allclose(log_modulus, refined(bits)[0], atol=1e-5)
    # It is sampled as refined, too.
    assert (
        compare_modes(ModesSettings(str(tmp_path), n_kept=8))["summary"]["chains"]["acceptance"] > 0
    )
    # A longer training is not taken for refined.
    longer = small_command(**{**CHANGES, "training__n_epochs": 3})
    with pytest.raises(ValueError, match="`refinement.start` = 30, but 45 is asked"):
        run_and_refine(longer, find_facts(longer), tmp_path)
    # Nor is it exported as refined.
    assert last_part(tmp_path) == tmp_path


def test_all_steps_of_a_refinement_are_taken():
    changes = {**CHANGES, "training__stop_below": 9.0, "training__patience": 1}
    settings = make_refinement(small_command(**changes), start=7)
    assert (settings.training.stop_below, settings.training.patience) == (0.0, 0)
    assert settings.as_mapping()["refinement"] == {"start": 7}
    assert settings.sampling.n_prefixes == 1
    # Two images of each flip.
    assert settings.sampling.chunk == 56


def test_a_refinement_on_samples_has_symmetries_and_no_limit_of_sites():
    changes = {**CHANGES, "physics__hamiltonian__n_sites": 18, "reference": -20.0}
    of_samples = {"sampling__blur": 0.2, "refinement__n_samples": 5, "refinement__n_validation": 9}
    settings = make_refinement(small_command(**{**changes, **of_samples}), start=7)
    sampling = settings.sampling
    assert (sampling.every_configuration, sampling.n_samples) == (False, 5)
    assert (sampling.blur, sampling.n_validation, sampling.n_prefixes) == (0.2, 9, 1)
    assert settings.symmetry.in_training
    task = make_task(settings, find_facts(settings))
    # Of sites, image and flip.
    assert task.source.shape == (20, 5)
    # Sums over all configurations leave nothing to be met next to samples.
    exact = make_refinement(small_command(**{**CHANGES, "sampling__blur": 0.2}), start=7)
    assert (exact.sampling.every_configuration, exact.sampling.blur) == (True, 0.0)


def test_shipped_configurations_can_be_refined():
    for side, is_refined in ((4, True), (6, False)):
        settings = from_config(GroundStateSettings, get_config(str(side)))
        assert (settings.refinement.n_epochs > 0) == is_refined
        if is_refined:
            assert make_refinement(settings, start=0).training.n_steps == 50


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"min_sr__diag_shift": None}, "min_sr.diag_shift.* must be a number for a refinement"),
        (
            {"physics__hamiltonian__n_sites": 18, "reference": -20.0},
            "refinement.n_epochs.* 0 without .*n_samples. beyond 16 sites, but is 3 for 18",
        ),
        ({"refinement__n_samples": 1}, "refinement.n_samples.* 0 or at least 2, but is 1"),
        ({"refinement__n_validation": 1}, "refinement.n_validation.* 0 or at least 2, but is 1"),
        ({"refinement__n_epochs": -3}, "refinement.n_epochs.* not be negative, but is -3"),
        (
            {"training__strategy": "mirrored"},
            'strategy` must be "one_device" for a refinement.* but is "mirrored"',
        ),
        ({"refinement__diag_shift": -1.0}, "refinement.diag_shift.* positive, but is -1"),
        ({"refinement__learning_rate": 0.0}, "refinement.learning_rate.* positive, but is 0"),
        ({"refinement__steps_per_epoch": 0}, "refinement.steps_per_epoch.* positive, but is 0"),
    ],
)
def test_mistakes_are_found_before_the_training(changes, message):
    with pytest.raises(ValueError, match=message):
        small_command(**{**CHANGES, **changes})
