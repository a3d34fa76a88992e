"""Trajectories of another package go through every command, with a Hamiltonian and without."""

import json

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from data_gen.generation import generate
from data_gen.settings import settings_from_config
from qtf.data import write_trajectories
from qtf.dynamics.runs.assembly import run
from qtf.dynamics.runs.settings import DynamicsSettings
from qtf.export.exporters import run as export
from qtf.physics import Chain, sample_initial_states, xxz
from trainers.evaluate import evaluation

pytestmark = pytest.mark.long

DT, N_STEPS = 0.05, 12


def solved(n_sites):
    """Trajectories as an ODE solver of another package leaves them, complex (24, 13, 2**n)."""
    matrix = xxz(Chain(n_sites), anisotropy=0.5).to_dense()
    times = DT * np.arange(N_STEPS + 1)
    options = {"t_eval": times, "rtol": 1e-9, "atol": 1e-10}
    psi0 = sample_initial_states("haar", n_sites, 24, seed=3)
    solutions = [
        solve_ivp(lambda t, y: -1j * (matrix @ y), (0, times[-1]), psi, **options).y.T
        for psi in psi0
    ]
    return np.array(solutions)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Folders of the same trajectories, by whether their Hamiltonian is known."""
    psi = {n: solved(n) for n in (2, 3)}
    folder = tmp_path_factory.mktemp("given")
    for name, hamiltonian in (("known", {"name": "xxz", "anisotropy": 0.5}), ("unknown", None)):
        write_trajectories(folder / name, psi, dt=DT, hamiltonian=hamiltonian, dtype="float64")
    return folder


def settings(**sections):
    base = {
        "data": {
            "n_sites": (2, 3),
            "n_validation": 2,
            "n_rollouts": 2,
            "rollout_steps": N_STEPS,
            "window": 8,
            "batch_size": 4,
        },
        "training": {"n_epochs": 1, "steps_per_epoch": 2, "xla": False},
    }
    for name, values in sections.items():
        base[name] = {**base.get(name, {}), **values}
    return DynamicsSettings.from_mapping(base)


NETWORK = {"preset": "increment", "units": 8, "n_layers": 1, "n_max": 3}
FIT = {"n_trajectories": 16, "n_steps": N_STEPS}


def test_the_local_generator_learns_the_hamiltonian_of_given_trajectories(folders, tmp_path):
    generator = settings(model={"preset": "local_generator"}, fit=FIT)
    run(generator, tmp_path / "run", data_dir=folders / "unknown")
    learned = json.loads((tmp_path / "run" / "generator.json").read_text())
    assert "XXZ" in json.dumps(learned) or "xxz" in json.dumps(learned)
    _, evaluations = evaluation.run(
        tmp_path / "run", folders / "unknown", tmp_path / "report", n_steps=N_STEPS
    )
    for n in (2, 3):
        assert evaluations[n].summaries["amplitude_error"]["model"].mean.max() < 1e-6
    recorded = json.loads((tmp_path / "run" / "config.json").read_text())["physics"]
    assert (recorded["hamiltonian"], recorded["initial_states"]) == ({}, "given")


@pytest.fixture(scope="module")
def trained(folders):
    """Run folder of a network that has seen the trajectories without their Hamiltonian."""
    run(settings(model=NETWORK), folders / "run", data_dir=folders / "unknown")
    return folders / "run"


def test_a_network_trains_on_them_and_is_compared_with_them(folders, trained, tmp_path):
    page, evaluations = evaluation.run(
        trained, folders / "unknown", tmp_path / "report", n_steps=N_STEPS
    )
    assert evaluations[2].n_sequences == 2
    assert "energy_drift" not in evaluations[2].summaries
    assert "energy and exact evolution, as no Hamiltonian is known" in page.read_text()
    _, known = evaluation.run(trained, folders / "known", tmp_path / "report2", n_steps=N_STEPS + 8)
    assert "energy_drift" in known[3].summaries
    exact, given = known[3].exact[: N_STEPS + 1], evaluations[3].exact
    np.testing.assert_allclose(exact, given, atol=1e-6)
    with pytest.raises(ValueError, match=r"--n_steps must be at most 12, the steps of the given"):
        evaluation.run(trained, folders / "unknown", tmp_path / "r", n_steps=13)
    with pytest.raises(ValueError, match="--data_dir is needed: the run has learned from given"):
        evaluation.run(trained, None, tmp_path / "r", n_steps=5)


def test_its_export_tells_no_energy_where_none_is_known(trained, tmp_path):
    import tensorflow as tf

    version = export(trained, tmp_path / "models")
    served = tf.saved_model.load(str(version)).signatures["observables"]
    assert set(served.structured_outputs) == {"norm", *(f"magnetization_{a}" for a in "xyz")}
    card = (version / "assets" / "model_card.md").read_text()
    assert "| Hamiltonian | not known: the trajectories were given |" in card
    assert "-> norm, magnetization_x" in card


def test_driven_trajectories_train_networks_and_no_generator(tmp_path):
    pulse = {
        "term": "coupling",
        "times": [0.0, DT * N_STEPS],
        "values": [1.0, -1.0],
        "law": "linear",
    }
    driven = {
        "hamiltonian": {"name": "xxz"},
        "drive": [pulse],
        "n_sites": (2, 3),
        "dt": DT,
        "n_steps": N_STEPS,
        "n_trajectories": {"train": 8, "validation": 2, "test": 2},
        "min_shards": 1,
    }
    generate(settings_from_config(driven), tmp_path / "data", workers=1, progress=False)
    generator = settings(model={"preset": "local_generator"}, fit=FIT)
    with pytest.raises(ValueError, match='"local_generator" needs a Hamiltonian that does not dep'):
        run(generator, tmp_path / "run", data_dir=tmp_path / "data")
    run(settings(model=NETWORK), tmp_path / "run", data_dir=tmp_path / "data")
    page, evaluations = evaluation.run(
        tmp_path / "run", tmp_path / "data", tmp_path / "report", n_steps=N_STEPS
    )
    assert "energy, which a driven system does not conserve" in page.read_text()
    assert "energy_drift" not in evaluations[3].summaries
    assert evaluations[3].summaries["norm_error"]["straight line"].mean.max() > 0
    # Without files, states are drawn from the law, and driven as it says.
    _, drawn = evaluation.run(tmp_path / "run", None, tmp_path / "report2", n_steps=3, n_samples=4)
    assert drawn[2].n_sequences == 4
