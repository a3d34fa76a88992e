import numpy as np
import pytest
from ml_collections import ConfigDict

from qtf.configuration import config_dict, from_config
from qtf.dynamics.runs.assembly import load_data, make_task, run
from qtf.dynamics.runs.settings import DynamicsSettings
from qtf.dynamics.settings import ModelSettings
from qtf.physics import from_config as hamiltonian_from


def config(**changes):
    base = config_dict(DynamicsSettings())
    base.model.units, base.model.n_layers, base.model.n_max = 8, 1, 4
    base.data.source = "exact"
    base.data.n_sites = (2, 3)
    base.data.batch_size, base.data.window = 4, 6
    base.data.n_validation, base.data.rollout_steps = 5, 12
    base.training.n_epochs, base.training.steps_per_epoch = 2, 4
    base.update_from_flattened_dict(changes)
    return from_config(DynamicsSettings, base)


def task_and_law(settings, init_from=None):
    trajectories = load_data(settings)
    return make_task(settings, trajectories, init_from=init_from), trajectories.law


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run folder, not to be changed."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    run(config(), folder)
    return folder


@pytest.mark.long
def test_exact_source_trains_without_files(trained):
    rows = (trained / "metrics.jsonl").read_text().splitlines()
    assert len(rows) == 2
    assert (trained / "best.weights.h5").exists()


def test_validation_trajectories_obey_the_schroedinger_equation():
    task, law = task_and_law(config())
    for n_sites, psi in task.validation.items():
        assert psi.shape == (5, 13, 2**n_sites)
        hamiltonian = hamiltonian_from({**law.hamiltonian.as_mapping(), "n_sites": n_sites})
        slope = (psi[:, 2:] - psi[:, :-2]) / (2 * law.dt)
        np.testing.assert_allclose(1j * slope, hamiltonian.apply(psi[:, 1:-1]), atol=1e-3)


def test_exact_source_takes_any_hamiltonian():
    chain = ConfigDict({"name": "xxz", "anisotropy": 0.5})
    base = ConfigDict(
        {"data": {"source": "exact", "n_sites": (2,)}, "exact": {"hamiltonian": chain}}
    )
    base.data.update({"n_validation": 3, "rollout_steps": 5, "window": 6})
    task, law = task_and_law(from_config(DynamicsSettings, base))
    assert law.hamiltonian.as_mapping() == {"name": "xxz", "anisotropy": 0.5}
    operator = hamiltonian_from({"name": "xxz", "anisotropy": 0.5, "n_sites": 2})
    psi = task.validation[2]
    slope = (psi[:, 2:] - psi[:, :-2]) / (2 * law.dt)
    np.testing.assert_allclose(1j * slope, operator.apply(psi[:, 1:-1]), atol=1e-3)


def test_none_in_the_model_section_means_the_preset():
    task, _ = task_and_law(config(**{"model.preset": "paper"}))
    model = task.build().model
    assert (model.layer_norm, model.dropout, model.predicts) == (True, 0.005, "state")
    task, _ = task_and_law(config(**{"model.dropout": 0.25}))
    assert task.build().model.dropout == 0.25


@pytest.mark.parametrize("loss", ["mean_squared_error", "squared_distance"])
def test_loss_equals_numpy(loss):
    task, _ = task_and_law(config(loss=loss))
    training = task.build()
    model = training.model
    psi = np.random.default_rng(0).normal(size=(3, 5, 2, 8)).astype("float32")
    squared = (np.asarray(model(psi[:, :-1])) - psi[:, 1:]) ** 2
    scale = 1 if loss == "mean_squared_error" else 16
    found = float(training.loss({"psi": psi}))
    assert found == pytest.approx(scale * squared.mean(), rel=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data.n_sites": (2, 9)}, r"`data.n_sites` must be within 1..4 \(model.n_max\).* 9"),
        ({"data.n_sites": (0, 2)}, "`data.n_sites` .* must be positive, but one is 0"),
        ({"data.n_sites": ()}, r"`data.n_sites` must hold at least 1 value, but is \(\)"),
        ({"data.window": 1}, "`data.window` must be at least 2, but is 1"),
        ({"data.weights": (1.0, 2.0, 3.0)}, r"each entry of `data.n_sites` = \(2, 3\), but is \(1"),
        ({"data.weights": (1.0, -2.0)}, "`data.weights` .* must be positive, but one is -2.0"),
        ({"data.source": "cloud"}, '`data.source` must be one of .*, arrays, but is "cloud"'),
        ({"data.source": "arrays"}, '`data.source` must be "files" or "exact" here: only Python'),
        ({"data.source": "files"}, 'Flag --data_dir is needed when `data.source` is "files"'),
        ({"data.batch_size": 0}, "`data.batch_size` must be positive, but is 0"),
        ({"data.n_validation": 0}, "`data.n_validation` must be positive, but is 0"),
        ({"exact.dt": -0.1}, "`exact.dt` must be positive, but is -0.1"),
        ({"model.preset": "big"}, 'must be one of paper, increment, .*, but is "big"'),
        ({"loss": "mae"}, "`loss` must be one of mean_squared_error, squared_distance"),
        ({"training.monitor": "mree"}, "`training.monitor` must be one of loss, mre, loss_n2"),
        ({"training.n_epochs": 0}, "`training.n_epochs` must be positive, but is 0"),
    ],
)
def test_a_mistake_raises_one_clear_error(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        run(config(**changes), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_initial_weights_of_a_ground_state_are_an_error(tmp_path):
    (tmp_path / "config.json").write_text('{"wave_function": {}}')
    message = "--init_from must name a run of a model of dynamics, but .* holds a ground state"
    with pytest.raises(ValueError, match=message):
        task_and_law(config(), init_from=tmp_path)


@pytest.mark.long
def test_initial_weights_of_another_width_are_an_error(tmp_path, trained):
    with pytest.raises(ValueError, match="Weights .*best.weights.h5 do not fit the model"):
        run(config(**{"model.units": 12}), tmp_path / "wide", init_from=trained)
    assert not (tmp_path / "wide").exists()


@pytest.mark.long
def test_longer_chains_start_as_the_longest_of_the_initial_run(trained):
    longer = {"data.n_sites": (4,)}
    grown, _ = task_and_law(config(**longer), init_from=trained)
    plain, _ = task_and_law(config(**longer, **{"transfer.grow": False}), init_from=trained)
    assert (grown.grown_from, plain.grown_from) == (3, None)
    tables = [task.build().model.chain_encoding.embedding for task in (grown, plain)]
    np.testing.assert_array_equal(tables[0][3], tables[0][2])
    assert np.abs(tables[1][3] - tables[1][2]).max() > 1e-3


def test_init_from_a_folder_without_a_run_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no run"):
        run(config(), tmp_path / "run", init_from=tmp_path)


def test_unknown_keys_of_a_handwritten_config_are_errors():
    with pytest.raises(ValueError, match="unknown key.*unitz"):
        from_config(DynamicsSettings, ConfigDict({"model": {"unitz": 3}}))
    with pytest.raises(ValueError, match='`model.units` must be an integer, but is "wide"'):
        from_config(DynamicsSettings, ConfigDict({"model": {"units": "wide"}}))


def test_resolved_fills_in_the_defaults():
    full = from_config(DynamicsSettings, ConfigDict({"model": {"units": 64}}))
    assert full == DynamicsSettings(model=ModelSettings(units=64))
