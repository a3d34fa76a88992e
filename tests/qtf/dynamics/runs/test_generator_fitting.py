import json

import numpy as np
import pytest
from ml_collections import ConfigDict

from data_gen.generation import generate
from data_gen.settings import settings_from_config
from qtf.configuration import config_dict, from_config
from qtf.dynamics.generator_file import fit_facts
from qtf.dynamics.rollout import Rollout
from qtf.dynamics.runs.assembly import run
from qtf.dynamics.runs.generator_fitting import summary, training_trajectories
from qtf.dynamics.runs.settings import DynamicsSettings
from qtf.physics import Chain, evolve, ising, sample_initial_states
from qtf.physics import from_config as hamiltonian_from
from qtf.training.run_folder import RunFolder

DT = 0.01
ISING = {"Z_i Z_{i+1}": -1.0, "X_i": 1.05, "Z_i": -0.5}


def config(hamiltonian=None, **changes):
    base = config_dict(DynamicsSettings())
    base.model.preset = "local_generator"
    base.data.source = "exact"
    base.data.n_sites = (2, 3)
    base.data.window = 10
    base.data.n_validation, base.data.rollout_steps = 4, 12
    base.exact.dt = DT
    base.training.xla = False
    base.fit.n_trajectories, base.fit.n_steps = 20, 20
    if hamiltonian is not None:
        base.exact.hamiltonian = ConfigDict(hamiltonian)
    base.update_from_flattened_dict(changes)
    return from_config(DynamicsSettings, base)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A run folder, not to be changed, and what is said of it."""
    workdir = tmp_path_factory.mktemp("plain") / "run"
    return workdir, summary(run(config(), workdir))


@pytest.fixture(scope="module")
def noisy(tmp_path_factory):
    """The same with noise."""
    workdir = tmp_path_factory.mktemp("noisy") / "run"
    return workdir, summary(run(config(**{"fit.noise": 1e-3}), workdir))


def learned(workdir):
    """Name -> value and error of `generator.json`."""
    content = json.loads((workdir / "generator.json").read_text())
    return {row["name"]: (row["value"], row["error"]) for row in content["coefficients"]}


def test_run_folder_holds_the_model_and_says_which_hamiltonian_it_is(plain):
    workdir, out = plain
    for name, (value, _) in learned(workdir).items():
        assert value == pytest.approx(ISING.get(name, 0.0), abs=1e-12)
    content = json.loads((workdir / "generator.json").read_text())
    assert content["hamiltonian"]["name"] == "ising"
    assert content["seconds"] < 60
    assert "* X_i " in out
    assert "Ising chain with coupling 1.000" in out
    model = RunFolder(workdir).load_model()
    psi0 = sample_initial_states("paper", 4, 3, seed=9)
    exact = evolve(ising(Chain(4)), psi0, DT * np.arange(21))
    np.testing.assert_allclose(Rollout(model, xla=False)(psi0, 20), exact, atol=1e-12)
    rows = [json.loads(row) for row in (workdir / "metrics.jsonl").read_text().splitlines()]
    assert [row["lag"] for row in rows if row["kind"] == "training"] == [1, 4, 13]
    assert rows[-1]["kind"] == "validation"
    assert rows[-1]["loss"] < 1e-28


@pytest.mark.long
def test_the_same_command_gives_the_same_folder(tmp_path):
    for _ in range(2):
        run(config(**{"fit.noise": 1e-3}), tmp_path / "run")
        metrics = (tmp_path / "run" / "metrics.jsonl").read_text()
        found = learned(tmp_path / "run")
    assert metrics.count("validation") == 1
    run(config(**{"fit.noise": 1e-3}), tmp_path / "other")
    assert learned(tmp_path / "other") == found


def test_noise_is_added_and_found(noisy):
    workdir, out = noisy
    content = json.loads((workdir / "generator.json").read_text())
    assert content["noise"] == pytest.approx(1e-3, rel=0.05)
    for name, (value, error) in learned(workdir).items():
        assert abs(value - ISING.get(name, 0.0)) < 5 * error
    assert "noise 0.001 on every part" in out


def test_other_couplings_need_only_the_configuration(tmp_path):
    changes = {
        "exact.hamiltonian.transverse_field": 0.4,
        "exact.hamiltonian.longitudinal_field": -1.3,
    }
    run(config(**changes), tmp_path / "run")
    found = learned(tmp_path / "run")
    assert found["X_i"][0] == pytest.approx(-0.4, abs=1e-12)
    assert found["Z_i"][0] == pytest.approx(1.3, abs=1e-12)


def test_fields_of_every_site_are_learned_from_that_chain(tmp_path):
    g = [0.3, -0.8, 1.4]
    chain = {"name": "ising", "transverse_field": g}
    run(config(chain, **{"data.n_sites": (3,), "model.site_dependent": True}), tmp_path / "run")
    content = json.loads((tmp_path / "run" / "generator.json").read_text())
    found = content["hamiltonian"]["parameters"]["transverse_field"]
    np.testing.assert_allclose(found, g, atol=1e-12)


def test_given_fields_are_learned_in_their_form(tmp_path):
    fields = (0.5, -1.0, 2.0, 0.2)
    chain = {"name": "ising", "longitudinal_field": (0.1 + 0.7 * np.array(fields)).tolist()}
    run(config(chain, **{"data.n_sites": (4,), "model.fields": fields}), tmp_path / "run")
    found = learned(tmp_path / "run")
    assert found["f_i Z_i"][0] == pytest.approx(-0.7, abs=1e-12)
    assert found["Z_i"][0] == pytest.approx(-0.1, abs=1e-12)


def test_a_chain_that_is_not_local_is_told(tmp_path):
    chain = {"name": "j1j2", "next_nearest_coupling": 0.5}
    result = run(config(chain, **{"data.n_sites": (3, 4)}), tmp_path / "run")
    out = summary(result)
    assert "No such generator explains the data" in out
    assert "Nothing was identified: no such generator explains the data (p" in out


def test_a_fit_starts_from_another_run(tmp_path, plain):
    run(config(), tmp_path / "second", init_from=plain[0])
    found = learned(tmp_path / "second")
    assert found["X_i"][0] == pytest.approx(1.05, abs=1e-12)


def test_the_common_loop_trains_a_generator(tmp_path):
    changes = {
        "training.method": "loop",
        "training.n_epochs": 4,
        "training.steps_per_epoch": 50,
        "training.optimizer.learning_rate": 0.05,
        "training.optimizer.epsilon": 1e-12,
        "loss": "squared_distance",
    }
    run(config(**changes), tmp_path / "run")
    rows = [json.loads(row) for row in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    losses = [row["loss"] for row in rows if row["kind"] == "validation"]
    assert losses[-1] < losses[0] / 20
    assert not (tmp_path / "run" / "generator.json").exists()
    recorded = RunFolder(tmp_path / "run").load_config()
    assert "fit" not in recorded
    assert recorded["training"]["method"] == "loop"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "ising"
    settings = {
        "hamiltonian": {"name": "ising"},
        "n_sites": (2, 3),
        "initial_states": "paper",
        "dt": DT,
        "n_steps": 25,
        "n_trajectories": {"train": (20,), "validation": (4,)},
        "min_shards": 1,
    }
    generate(settings_from_config(settings), folder, workers=1, progress=False)
    return folder


def test_files_of_single_precision_are_enough(tmp_path, files):
    run(config(**{"data.source": "files"}), tmp_path / "run", data_dir=files)
    for name, (value, _) in learned(tmp_path / "run").items():
        assert value == pytest.approx(ISING.get(name, 0.0), abs=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fit.n_trajectories": 0}, "`fit.n_trajectories` must be positive, but is 0"),
        ({"fit.n_steps": 0}, "`fit.n_steps` must be positive, but is 0"),
        ({"fit.n_trajectories": -3}, "`fit.n_trajectories` must be positive, but is -3"),
        ({"fit.noise": -1.0}, "`fit.noise` must not be negative, but is -1.0"),
        ({"fit.noise": float("inf")}, "`fit.noise` must be finite, but is inf"),
        ({"fit.noise": float("nan")}, "`fit.noise` must be finite, but is nan"),
        ({"fit.last_lag": -1}, "`fit.last_lag` must not be negative, but is -1"),
        ({"fit.last_lag": 21}, "`fit.last_lag` must be at most `fit.n_steps` = 20, but is 21"),
    ],
)
def test_a_setting_out_of_range_is_an_error(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        run(config(**changes), tmp_path / "run")
    assert not (tmp_path / "run" / "best.weights.h5").exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"fit.n_trajectories": 1, "fit.last_lag": 1},
        {"fit.n_steps": 1},
        {"fit.last_lag": 20, "fit.noise": 1.0},
    ],
)
def test_ends_of_the_ranges_are_allowed(tmp_path, changes):
    run(config(**changes), tmp_path / "run")
    assert (tmp_path / "run" / "generator.json").exists()


def test_report_and_folder_tell_the_p_value(tmp_path, noisy):
    workdir, out = noisy
    content = json.loads((workdir / "generator.json").read_text())
    assert content["explains_the_data"] is True
    assert 1e-3 < content["p_value"] <= 1
    facts = fit_facts(workdir)
    assert facts["fit"] == content["sentence"]
    assert f"p = {content['p_value']:.2g}" in facts["fit"]
    assert facts["fitted_hamiltonian"].startswith("Ising chain with coupling")
    assert facts["fit"] in out
    assert facts["fitted_hamiltonian"] in out
    assert fit_facts(tmp_path) == {}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fit.n_trajectories": 21}, "`fit.n_trajectories` must be at most 20, .* n = 2 have, but"),
        ({"fit.n_steps": 26}, "`fit.n_steps` must be at most 25, what the training files"),
    ],
)
def test_more_than_the_files_have_is_an_error(tmp_path, files, changes, message):
    with pytest.raises(ValueError, match=message):
        run(config(**{"data.source": "files", **changes}), tmp_path / "run", data_dir=files)


def test_trajectories_of_the_fit_obey_the_schroedinger_equation():
    law = config().exact.law
    trajectories = training_trajectories(config().fit, law, (2, 3), seed=0)
    for n_sites, psi in trajectories.items():
        operator = hamiltonian_from({**law.hamiltonian.as_mapping(), "n_sites": n_sites})
        slope = (psi[:, 2:] - psi[:, :-2]) / (2 * DT)
        np.testing.assert_allclose(1j * slope, operator.apply(psi[:, 1:-1]), atol=5e-3)
