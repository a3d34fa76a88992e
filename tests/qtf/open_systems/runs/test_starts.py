"""Jumps and starts of open systems, from settings on."""

import dataclasses
import json
import re

import keras
import numpy as np
import pytest

from qtf.autoregressive.settings import NetworkSettings
from qtf.configuration import config_dict, from_config
from qtf.open_systems import fit
from qtf.open_systems.full_sums import log_table
from qtf.open_systems.runs import starts
from qtf.open_systems.runs.assembly import (
    make_distribution,
    make_generator,
    make_task,
    make_untrained,
)
from qtf.open_systems.runs.settings import OpenSystemSettings, PhysicsSettings
from qtf.open_systems.settings import ObjectiveSettings, SamplingSettings
from qtf.physics import (
    HamiltonianSettings,
    JumpSettings,
    Lindbladian,
    OutcomeGenerator,
    four_pauli,
    point_spins,
    tetrahedral,
)
from qtf.training.optimizers import OptimizerSettings
from qtf.training.run_folder import RunFolder
from qtf.training.settings import TrainingSettings

ISING = HamiltonianSettings("ising", {"n_sites": 2})
ANGLES = ((0.3, 0.1), (1.2, 2.0))
BELL = np.array([[1, 0, 0, 1j], [0, 0, 0, 0], [0, 0, 0, 0], [-1j, 0, 0, 1]]) / 2


def small(**changes):
    training = TrainingSettings(
        n_epochs=1, steps_per_epoch=2, xla=False, optimizer=OptimizerSettings(learning_rate=1e-3)
    )
    usual = OpenSystemSettings(
        physics=PhysicsSettings(hamiltonian=ISING),
        network=NetworkSettings(name="gru", units=16),
        training=training,
    )
    return dataclasses.replace(usual, **changes)


def table_of(settings):
    return np.exp(np.asarray(log_table(make_distribution(settings)), np.float64))


def recorded(settings):
    return json.loads(json.dumps(settings.as_mapping()))


def test_noise_of_the_settings_is_that_of_the_equation():
    noise = {
        "pump": 0.3,
        "dephasing": [0.5, 0.0],
        "own": {"matrix": [[0, "1j"], [2, 0]], "rate": 1},
    }
    settings = small(physics=PhysicsSettings(ISING, JumpSettings(noise)))
    expected = Lindbladian(ISING.build(), noise)
    rho = BELL + 0.1 * np.eye(4)
    found = make_generator(settings).lindbladian.apply(rho)
    np.testing.assert_allclose(found, expected.apply(rho), atol=1e-14)
    assert OpenSystemSettings.from_mapping(recorded(settings)) == settings
    assert settings.physics.describe() == (
        "Ising model, open chain of 2, with pump, dephasing and own"
    )


def test_decay_alone_is_recorded_by_its_older_name():
    older = PhysicsSettings.from_mapping({"decay_rate": 0.5})
    assert older == PhysicsSettings(jumps=JumpSettings({"decay": 0.5}))
    assert older.as_mapping()["decay_rate"] == 0.5
    assert "jumps" not in older.as_mapping()
    assert PhysicsSettings().as_mapping()["decay_rate"] == 1.0
    of_sites = PhysicsSettings(ISING, JumpSettings({"decay": [0.5, 1.0]}))
    assert of_sites.as_mapping()["jumps"] == {"decay": [0.5, 1.0]}
    assert PhysicsSettings(ISING, JumpSettings({})).describe().endswith(", no jumps")


def test_configurations_take_both_names_of_decay():
    config = config_dict(small())
    assert config.physics.jumps.to_dict() == {"decay": 1.0}
    config.physics.decay_rate = 0.5
    assert from_config(OpenSystemSettings, config).physics.jumps == JumpSettings({"decay": 0.5})
    config.physics.jumps.decay = 2.0
    with pytest.raises(
        ValueError, match=r"`physics.decay_rate` must be left out where `physics.ju"
    ):
        from_config(OpenSystemSettings, config)


def test_dephasing_that_keeps_something_has_no_exact_steady_state():
    # Without a field along X every product of Z stays as it is.
    still = HamiltonianSettings("ising", {"n_sites": 2, "transverse_field": 0.0})
    physics = PhysicsSettings(still, JumpSettings({"dephasing": 0.4}))
    settings = small(physics=physics)
    settings = dataclasses.replace(
        settings, steady_state=dataclasses.replace(settings.steady_state, n_epochs=1)
    )
    with pytest.raises(ValueError, match="Setting `exact` must be False, as the steady state is"):
        _ = make_task(settings).exact
    moved = dataclasses.replace(settings, physics=PhysicsSettings(ISING, physics.jumps))
    np.testing.assert_allclose(make_task(moved).exact, 0.0, atol=1e-8)


@pytest.mark.parametrize("strings", [0, 2])
def test_each_spin_starts_along_its_angles(strings):
    settings = small(start_angles=ANGLES, strings=strings, measurement="four_pauli")
    expected = four_pauli().product_probabilities(point_spins(ANGLES))
    np.testing.assert_allclose(table_of(settings), expected, atol=1e-7)
    task = make_task(settings)
    means = [four_pauli().pauli_values(pauli) for pauli in "XYZ"]
    sites = expected.reshape(4, 4)
    both = (sites.sum(axis=1) + sites.sum(axis=0)) / 2
    np.testing.assert_allclose(task.exact[0], [both @ values for values in means], atol=1e-12)
    assert OpenSystemSettings.from_mapping(recorded(settings)) == settings


def test_exact_values_from_angles_are_kept(tmp_path, monkeypatch):
    settings = small(start_angles=ANGLES)
    exact = make_task(settings, workdir=tmp_path).exact
    monkeypatch.delattr(OutcomeGenerator, "evolve")
    np.testing.assert_array_equal(make_task(settings, workdir=tmp_path).exact, exact)


def test_one_pair_of_angles_is_that_of_all_spins():
    settings = small(start_angles=ANGLES[0])
    assert settings.start_angles == ANGLES[:1]
    assert make_distribution(settings).offsets is None
    expected = tetrahedral().product_probabilities(point_spins([ANGLES[0]] * 2))
    np.testing.assert_allclose(table_of(settings), expected, atol=1e-7)


def test_samples_step_from_where_spins_differ():
    settings = small(
        start_angles=ANGLES,
        objective=ObjectiveSettings(every_outcome=False),
        sampling=SamplingSettings(n_samples=64, n_validation=64),
    )
    training = make_task(settings).build()
    every = np.array([[a, b] for a in range(4) for b in range(4)], "int32")
    old = training.outcomes._old(every)
    np.testing.assert_allclose(old, training.model(every), atol=1e-6)


@pytest.fixture
def former(tmp_path):
    """Folder of a run that has found a distribution like no other, and its settings."""
    keras.utils.set_random_seed(5)
    settings = small(start_angles=ANGLES)
    settings = dataclasses.replace(
        settings, steady_state=dataclasses.replace(settings.steady_state, n_epochs=1)
    )
    distribution = make_distribution(settings)
    for variable in distribution.trainable_variables:
        variable.assign(variable + 0.3 * keras.random.normal(variable.shape, seed=1))
    folder = RunFolder(tmp_path / "former")
    folder.open(recorded(settings), kind="open systems")
    folder.save_model(distribution)
    folder.save_best_weights(distribution)
    folder.close()
    return folder.path, settings, np.exp(np.asarray(log_table(distribution), np.float64))


def test_a_run_starts_where_another_has_ended(former):
    path, _, table = former
    settings = small(start=str(path))
    np.testing.assert_allclose(table_of(settings), table, atol=1e-7)
    task = make_task(settings)
    values = [tetrahedral().pauli_values(pauli) for pauli in "XYZ"]
    both = (table.reshape(4, 4).sum(axis=1) + table.reshape(4, 4).sum(axis=0)) / 2
    np.testing.assert_allclose(task.exact[0], [both @ row for row in values], atol=1e-6)


def test_a_density_matrix_is_fitted(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(fit, "N_GRADIENTS", 30)
    monkeypatch.setattr(fit, "MAX_STEPS", 15)
    np.savez(tmp_path / "bell.npz", rho=BELL)
    settings = small(start=str(tmp_path / "bell.npz"))
    task = make_task(settings)
    expected = tetrahedral().probabilities(BELL)
    first, second = (
        np.exp(np.asarray(log_table(task.make_distribution()), np.float64)) for _ in range(2)
    )
    np.testing.assert_allclose(first, expected, atol=2e-2)
    np.testing.assert_array_equal(first, second)
    (line,) = [row for row in capsys.readouterr().err.splitlines() if "off by" in row]
    told = float(re.search(r"off by (\S+) of all", line)[1])
    assert told == pytest.approx(np.abs(first - expected).sum() / 2, rel=0.1)
    np.testing.assert_allclose(task.exact[0], 0.0, atol=1e-12)


def test_recorded_starts_can_be_read_where_they_are_gone(tmp_path):
    settings = OpenSystemSettings.from_mapping({"start": str(tmp_path / "gone.npy")})
    assert settings.start == str(tmp_path / "gone.npy")


def refusal(settings):
    with pytest.raises((ValueError, OSError)) as refused:
        make_task(settings).build()
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_what_no_run_can_start_from_is_refused_in_one_line(tmp_path, former):
    path, _, _ = former
    assert "names" in refusal(small(start=str(tmp_path / "gone")))
    assert "holds no run" in refusal(small(start=str(tmp_path)))
    other = small(start=str(path), measurement="four_pauli")
    assert "Setting `measurement` must be that of the run it starts from, tetra" in refusal(other)
    other = small(start=str(path), network=NetworkSettings(name="gru", units=8))
    assert "Setting `network` must be that of the run it starts from" in refusal(other)
    three = PhysicsSettings(HamiltonianSettings("ising", {"n_sites": 3}))
    assert "must have the 2 sites of the run" in refusal(small(start=str(path), physics=three))
    for name, rho in {"trace.npy": np.eye(4), "sites.npy": np.eye(2) / 2}.items():
        np.save(tmp_path / name, rho)
        assert "Argument `start` must have" in refusal(small(start=str(tmp_path / name)))
    np.savez(tmp_path / "two.npz", a=BELL, b=BELL)
    assert "must hold one array, but holds a, b" in refusal(small(start=str(tmp_path / "two.npz")))
    (tmp_path / "text.npy").write_text("no array")
    assert "holds no array of NumPy" in refusal(small(start=str(tmp_path / "text.npy")))
    (tmp_path / "rho.txt").write_text("1 0 0 1")
    assert "is read from .npy or .npz" in refusal(small(start=str(tmp_path / "rho.txt")))
    ten = small(
        start=str(tmp_path / "trace.npy"),
        physics=PhysicsSettings(HamiltonianSettings("ising", {"n_sites": 10})),
        objective=ObjectiveSettings(every_outcome=False),
    )
    assert "at most 9 sites, but there are 10" in refusal(ten)


MISTAKES = [
    ({"start": "up"}, "`start` must be one of +x, -x, +y, -y, +z, -z, a run folder, or a file"),
    ({"start_angles": (0.3,)}, "`start_angles` must hold a pair of angles (theta, phi) in radians"),
    ({"start_angles": ((0.3, "a"), (1, 2))}, "`start_angles` must hold a pair of angles"),
    ({"start_angles": ((0.3, 0.1),) * 3}, "must hold one pair (theta, phi) or 2, one for each"),
    ({"start_angles": ANGLES, "start": "-z"}, "`start_angles` must be None where `start` is -z"),
]


@pytest.mark.parametrize(("changes", "message"), MISTAKES)
def test_mistakes_in_starts_are_named(changes, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        small(**changes)


def test_numbers_of_rates_are_checked_with_the_lattice():
    with pytest.raises(ValueError, match=r"`jumps.dephasing` must be one number or 2 numbers"):
        PhysicsSettings(ISING, JumpSettings({"dephasing": [0.1, 0.2, 0.3]}))


def test_untrained_distributions_take_no_start():
    assert make_untrained(small(start_angles=ANGLES)).offsets is None
    assert starts.make_start(small(), tetrahedral()).key == "+z"
