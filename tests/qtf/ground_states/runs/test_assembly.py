import importlib
import json

import numpy as np
import pytest

from qtf.configuration import config_dict, from_config
from qtf.ground_states.exact_sums import state_vector, variational_energy
from qtf.ground_states.runs.assembly import make_task, run
from qtf.ground_states.runs.facts import find_facts
from qtf.ground_states.runs.report import Result, lines, measure, write_result
from qtf.ground_states.runs.settings import GroundStateSettings, RunSettings, make_part
from qtf.ground_states.task import BlurredSamples
from qtf.physics import HamiltonianSettings, find_ground_energy
from qtf.training.logbook import read_metrics
from qtf.training.run_folder import RunFolder


def small(hamiltonian=None, **changes):
    """Settings of a short run; names of changed ones have "__" for dots."""
    return make_part(RunSettings, small_command(hamiltonian, **changes))


def small_command(hamiltonian=None, **changes):
    config = config_dict(GroundStateSettings())
    config.physics.hamiltonian = hamiltonian or {
        "name": "ising",
        "lattice": "chain",
        "n_sites": 6,
        "transverse_field": 1.0,
        "longitudinal_field": 0.0,
    }
    config.network.units = 12
    config.sampling.n_samples = 64
    config.sampling.n_validation = 1000
    config.penalties.temperature = 0.5
    # Compiling would take longer than it saves.
    config.training.xla = False
    config.training.n_epochs = 4
    config.training.steps_per_epoch = 50
    config.training.optimizer.learning_rate = 1e-2
    config.training.optimizer.schedule = "constant"
    for key, value in changes.items():
        config.update_from_flattened_dict({key.replace("__", "."): value})
    return from_config(GroundStateSettings, config)


def task_of(settings):
    return make_task(settings, find_facts(settings))


def search(settings, folder):
    return run(settings, find_facts(settings), folder)


@pytest.mark.long
def test_training_approaches_the_exact_energy_from_above(tmp_path):
    training = search(small(training__xla=True), tmp_path / "run")
    task, model = training.task, training.model
    rows = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    errors = [row["relative_error"] for row in rows if row["kind"] == "validation"]
    assert errors[-1] < 5e-3
    sampled = training.samples.sample(1000)
    estimate = sampled.estimate
    assert sampled.bits.shape == (1000, 6)
    # The same state, once from samples and once from all configurations.
    energy = variational_energy(model, task.hamiltonian)
    assert task.reference < energy < task.reference * (1 - 5e-3)
    assert abs(estimate.energy - energy) < 4 * estimate.energy_error
    assert estimate.energy > task.reference - 4 * estimate.energy_error
    # <= <H^2> - <H>^2 bounds the distance to the nearest level.
    assert 0 < estimate.energy_variance < 1.0


RECONFIGURATION = {
    "training__optimizer__name": "sgd",
    "training__optimizer__learning_rate": 0.05,
    "training__optimizer__clip_norm": 0.0,
    "training__steps_per_epoch": 15,
    "min_sr__diag_shift": 1e-3,
    "symmetry__group": "flip",
}


@pytest.fixture(scope="module")
def reconfigured(tmp_path_factory):
    """Folder and result of a run by reconfiguration that nothing disturbed."""
    folder = tmp_path_factory.mktemp("reconfigured") / "run"
    return folder, search(small(**RECONFIGURATION), folder)


@pytest.mark.long
def test_interrupted_run_continues_to_the_same_metrics(tmp_path):
    short = {"training__steps_per_epoch": 4}
    whole = search(small(**short, training__n_epochs=2), tmp_path / "whole")
    search(small(**short, training__n_epochs=1), tmp_path / "parts")
    parts = search(small(**short, training__n_epochs=2), tmp_path / "parts")
    assert parts.estimate(100) == whole.estimate(100)


@pytest.mark.long
def test_interrupted_reconfiguration_continues_to_the_same_metrics(reconfigured, tmp_path):
    _, whole = reconfigured
    search(small(**RECONFIGURATION, training__n_epochs=1), tmp_path / "parts")
    parts = search(small(**RECONFIGURATION), tmp_path / "parts")
    assert parts.estimate(100) == whole.estimate(100)


@pytest.mark.long
def test_reconfiguration_needs_few_steps(reconfigured):
    folder, training = reconfigured
    task = training.task
    energy = variational_energy(training.model, task.hamiltonian)
    assert task.reference < energy < task.reference * (1 - 4e-3)
    result = measure(training, folder, None)
    write_result(result, folder)
    stored = json.loads((folder / "result.json").read_text())
    assert stored["energy_from_all_configurations"] == pytest.approx(energy, rel=1e-6)
    assert stored == result.to_mapping()
    said = list(lines(result, small().physics.hamiltonian))
    assert any(line.startswith("Averaged over 2 symmetries: -7.2") for line in said)
    assert "samples" in training.figures()


@pytest.fixture(scope="module")
def averaged(tmp_path_factory):
    """Folder and result of a short run whose wave function is averaged in the training."""
    built_in = {"symmetry__group": "flip", "symmetry__in_training": True}
    short = {"training__n_epochs": 2, "training__steps_per_epoch": 5}
    folder = tmp_path_factory.mktemp("averaged") / "run"
    return folder, search(small(**built_in, **short, sampling__n_prefixes=1), folder)


def test_result_and_load_model_are_about_the_same_weights(averaged):
    folder, training = averaged
    loaded = RunFolder(folder).load_model()
    for one, other in zip(loaded.get_weights(), training.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    step = RunFolder(folder).kept_step()
    assert measure(training, folder, None).weights_after_step == step
    rows = read_metrics(folder / "metrics.jsonl", "validation")
    (energy,) = [row["energy"] for row in rows if row["step"] == step]
    assert training.validate()["energy"] == pytest.approx(energy, abs=1e-5)


@pytest.mark.long
def test_reconfiguration_in_too_large_steps_is_damped(tmp_path):
    violent = {
        **RECONFIGURATION,
        "min_sr__diag_shift": 1e-6,
        "training__optimizer__learning_rate": 1.0,
        "training__n_epochs": 2,
    }
    training = search(small(**violent), tmp_path / "run")
    # Without damping a step leaves a single configuration, from where there is no way: -5.
    assert variational_energy(training.model, training.task.hamiltonian) < -5.5
    rows = read_metrics(tmp_path / "run/metrics.jsonl", "validation")
    assert all(np.isfinite(row["energy"]) for row in rows)


def test_hamiltonian_of_zero_has_energy_zero_and_no_relative_error(tmp_path):
    nothing = {"coupling": 0.0, "transverse_field": 0.0, "longitudinal_field": 0.0}
    settings = small({"name": "ising", "n_sites": 6, **nothing}, sampling__n_validation=64)
    task, reference = task_of(settings), find_facts(settings).reference
    result = measure(task.build(), tmp_path, reference)
    stored = result.to_mapping()
    assert (stored["energy"], stored["v_score"], stored["reference_energy"]) == (0.0, 0.0, 0.0)
    assert set(task.metric_names) <= set(stored)
    assert "relative_error" not in stored
    said = list(lines(result, settings.physics.hamiltonian))
    assert "Reference: 0 (exact: Lanczos)" in said
    assert "Relative error: none, as the reference is 0" in said
    assert "Energy from all configurations: 0" in said


def test_references_are_printed_with_error_kind_and_source():
    metrics = dict.fromkeys(("energy", "energy_error", "energy_variance", "v_score"), 0.1)
    square = HamiltonianSettings("heisenberg", {"lattice": "square"}).resized(10)
    result = Result(100, None, metrics, reference=find_ground_energy(square))
    said = list(lines(result, square))
    assert any(
        line.startswith("Reference: -62.8656 +- 0.0002 (Monte Carlo: quantum Monte Carlo, Liu")
        for line in said
    )
    assert any(line.startswith("NAQS: -0.628627 +- 1e-06 a site (variational: ") for line in said)


def test_chain_without_the_word_is_trained_as_one():
    task = task_of(small({"name": "xxz", "n_sites": 18}))
    assert (task.hamiltonian.n_sites, task.reference) == (18, None)


def test_mistake_leaves_no_run_folder(tmp_path):
    with pytest.raises(ValueError, match="symmetry.in_training"):
        search(small(symmetry__group="flip", symmetry__in_training=True), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def on_a_square(**changes):
    sizes = {"lattice": "square", "n_rows": 2, "n_columns": 3}
    return small({"name": "ising", **sizes, "longitudinal_field": 0.0}, **changes)


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [("lstm_2d", "raster", "snake"), ("gated_2d", "snake", "raster")],
)
def test_networks_of_squares_have_an_order_of_their_own(name, right, wrong):
    task_of(on_a_square(network__name=name, wave_function__order=right))
    with pytest.raises(ValueError, match=f'order.* "{right}" .* {name}, but is "{wrong}"'):
        on_a_square(network__name=name, wave_function__order=wrong)


@pytest.mark.long
def test_training_runs_with_a_network_along_a_zigzag_path(tmp_path):
    config = on_a_square(
        network__name="gated_2d",
        wave_function__order="snake",
        training__n_epochs=1,
        training__steps_per_epoch=3,
    )
    model = search(config, tmp_path / "run").model
    assert model.sites == (0, 1, 2, 5, 4, 3)
    assert np.sum(np.abs(state_vector(model)) ** 2) == pytest.approx(1.0, abs=1e-5)


def test_symmetries_in_the_training_make_the_magnetization_vanish(averaged):
    _, training = averaged
    probabilities = np.abs(state_vector(training.model, xla=False)) ** 2
    np.testing.assert_allclose(probabilities, probabilities[::-1], rtol=1e-4)


@pytest.mark.parametrize(
    ("name", "choice", "message"),
    [
        ("ising_square", "4", 'SIDE,FIELD, but is "4"'),
        ("ising_square", "four,3", 'SIDE,FIELD, but is "four,3"'),
        ("heisenberg_square", "4,signs", 'SIDE or SIDE,sign, but is "4,signs"'),
        ("heisenberg_square", "4,sign,sign", 'SIDE or SIDE,sign, but is "4,sign,sign"'),
        ("heisenberg_square", "four", 'SIDE or SIDE,sign, but is "four"'),
        ("j1j2_square", "4", 'SIDE,J2 or SIDE,J2,samples, but is "4"'),
        ("j1j2_square", "4,0.5,1", 'SIDE,J2 or SIDE,J2,samples, but is "4,0.5,1"'),
        ("heisenberg_chain", "", 'N, but is ""'),
    ],
)
def test_wrong_choices_of_a_configuration_are_named(name, choice, message):
    config = importlib.import_module(f"configs.ground_state.{name}")
    with pytest.raises(ValueError, match=message):
        config.get_config(choice)


def test_blurred_samples_take_one_more_random_number():
    task = task_of(small(sampling__blur=0.25))
    assert task.source.shape == (7, 64)
    configurations = task.configurations(None, task.local_energy, 64)
    assert isinstance(configurations, BlurredSamples)
    assert configurations.blur == 0.25


def test_signs_of_frustrated_squares_are_learned_from_samples_of_any_side():
    choices = {"4,0.5": True, "4,0.5,samples": False, "8,0.5,samples": False}
    for choice, every_configuration in choices.items():
        found = importlib.import_module("configs.ground_state.j1j2_square").get_config(choice)
        settings = from_config(GroundStateSettings, found)
        assert settings.sampling.every_configuration == every_configuration
        assert (settings.sampling.blur > 0.0) != every_configuration
        assert settings.wave_function.marshall_sign
        assert not settings.wave_function.positive


@pytest.mark.parametrize("choice", ["ising_square:12,3.0", "ising_square:21,3.0"])
def test_large_lattices_bound_their_memory(choice):
    name, arguments = choice.split(":")
    found = importlib.import_module(f"configs.ground_state.{name}").get_config(arguments)
    task = task_of(from_config(GroundStateSettings, found))
    assert task.local_energy.chunk <= 12
    assert task.local_energy.n_prefixes >= 12


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"network__name": "mlp"}, 'network.name.* "mlp"'),
        ({"network__name": "pixelcnn", "network__units": None}, "pixelcnn.* rows of sites"),
        ({"network__name": "lstm_2d"}, "lstm_2d.* rows of sites"),
        (
            {"network__name": "gated_2d", "wave_function__order": "snake"},
            "gated_2d.* rows of sites",
        ),
        ({"network__layer_norm": True}, "network.layer_norm.* gru"),
        ({"network__width": 3}, "network.width.* gru"),
        ({"sampling__n_samples": 1}, "n_samples.* 1"),
        ({"symmetry__group": "mirror"}, '"mirror"'),
        ({"sampling__grow_at": (0.5, 0.2), "sampling__grow_to": (2, 3)}, "grow_at` must ascend"),
        ({"sampling__grow_at": (0.5,)}, r"grow_to` must have as many values as .* = \(0.5,\)"),
        (
            {
                "sampling__every_configuration": True,
                "sampling__grow_at": (0.5,),
                "sampling__grow_to": (2,),
            },
            "grow_at` must be empty where `sampling.every_configuration`",
        ),
        (
            {"wave_function__phase": "sine_and_cosine", "wave_function__positive": True},
            '`wave_function.phase` must be "angle" if `positive`.* but is "sine_and_cosine"',
        ),
        ({"wave_function__phase": "vector"}, '`wave_function.phase` .* but is "vector"'),
        (
            {"symmetry__group": "flip", "symmetry__in_training": True},
            "n_prefixes.* 1 if .*in_training.* but is 4",
        ),
        (
            {"training__precision": "mixed_bfloat16"},
            'precision.* float32, float64 .*"mixed_bfloat16"',
        ),
        (
            {"symmetry__group": "flip", "physics__hamiltonian__longitudinal_field": 0.5},
            'symmetry.group.* one of the Hamiltonian, but "flip" changes',
        ),
        ({"symmetry__in_training": True}, "symmetry.group.* must not be .none."),
        ({"penalties__magnetization": -1.0}, "penalties.magnetization.* -1"),
        (
            {
                "min_sr__diag_shift": 0.1,
                "sampling__every_configuration": True,
                "training__strategy": "mirrored",
            },
            'strategy.* "one_device" .* over every configuration, but is "mirrored"',
        ),
        ({"sampling__blur": 1.0}, "sampling.blur.* below 1, but is 1"),
        (
            {"sampling__blur": 0.5, "sampling__every_configuration": True},
            "sampling.blur` must be 0 with `sampling.every_configuration`.* but is 0.5",
        ),
        (
            {
                "min_sr__diag_shift": 0.1,
                "sampling__blur": 0.3,
                "training__strategy": "mirrored",
            },
            'strategy.* "one_device" .* with `sampling.blur`, but is "mirrored"',
        ),
        ({"sampling__chunk": -1}, "chunk.* -1"),
        ({"wave_function__order": "spiral"}, '"spiral"'),
    ],
)
def test_mistakes_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        task_of(small(**changes)).build()
