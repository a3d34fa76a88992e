import numpy as np
import pytest
from ml_collections import ConfigDict

from qtf.physics import from_config
from trainers import base_config
from trainers.dynamics.assembly import make_task, run


def config(**changes):
    base = base_config.default()
    base.model.units, base.model.n_layers, base.model.n_max = 8, 1, 4
    base.data.source = "exact"
    base.data.n_sites = (2, 3)
    base.data.batch_size, base.data.window = 4, 6
    base.data.n_validation, base.data.rollout_steps = 5, 12
    base.training.n_epochs, base.training.steps_per_epoch = 2, 4
    base.update_from_flattened_dict(changes)
    return base_config.resolved(base)


@pytest.mark.long
def test_exact_source_trains_without_files(tmp_path):
    run(config(), tmp_path / "run")
    rows = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    assert len(rows) == 2
    assert (tmp_path / "run" / "best.weights.h5").exists()


def test_validation_trajectories_obey_the_schroedinger_equation():
    task, physics = make_task(config())
    for n_sites, psi in task.validation.items():
        assert psi.shape == (5, 13, 2**n_sites)
        hamiltonian = from_config({**physics["hamiltonian"], "n_sites": n_sites})
        slope = (psi[:, 2:] - psi[:, :-2]) / (2 * physics["dt"])
        np.testing.assert_allclose(1j * slope, hamiltonian.apply(psi[:, 1:-1]), atol=1e-3)


def test_exact_source_takes_any_hamiltonian():
    chain = ConfigDict({"name": "xxz", "anisotropy": 0.5})
    base = ConfigDict(
        {"data": {"source": "exact", "n_sites": (2,)}, "exact": {"hamiltonian": chain}}
    )
    base.data.update({"n_validation": 3, "rollout_steps": 5, "window": 6})
    task, physics = make_task(base_config.resolved(base))
    assert physics["hamiltonian"] == {"name": "xxz", "anisotropy": 0.5}
    operator = from_config({"name": "xxz", "anisotropy": 0.5, "n_sites": 2})
    psi = task.validation[2]
    slope = (psi[:, 2:] - psi[:, :-2]) / (2 * physics["dt"])
    np.testing.assert_allclose(1j * slope, operator.apply(psi[:, 1:-1]), atol=1e-3)


def test_none_in_the_model_section_means_the_preset():
    task, _ = make_task(config(**{"model.preset": "paper"}))
    model = task.build_model()
    assert (model.layer_norm, model.dropout, model.predicts) == (True, 0.005, "state")
    task, _ = make_task(config(**{"model.dropout": 0.25}))
    assert task.build_model().dropout == 0.25


@pytest.mark.parametrize("loss", ["mean_squared_error", "squared_distance"])
def test_loss_equals_numpy(loss):
    task, _ = make_task(config(loss=loss))
    model = task.build_model()
    psi = np.random.default_rng(0).normal(size=(3, 5, 2, 8)).astype("float32")
    squared = (np.asarray(model(psi[:, :-1])) - psi[:, 1:]) ** 2
    scale = 1 if loss == "mean_squared_error" else 16
    found = float(task.loss(model, {"psi": psi}, False))
    assert found == pytest.approx(scale * squared.mean(), rel=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data.n_sites": (2, 9)}, r"`data.n_sites` must be within 1..4 \(model.n_max\).* 9"),
        ({"data.n_sites": (0, 2)}, "`data.n_sites` .* must be positive, but one is 0"),
        ({"data.n_sites": ()}, "`data.n_sites` must name at least one n, but is empty"),
        ({"data.window": 1}, "`data.window` must be at least 2, but is 1"),
        ({"data.weights": (1.0, 2.0, 3.0)}, r"each entry of `data.n_sites` = \(2, 3\), but is \(1"),
        ({"data.weights": (1.0, -2.0)}, "`data.weights` .* must be positive, but one is -2.0"),
        ({"data.source": "cloud"}, '`data.source` must be "files" or "exact", but is "cloud"'),
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
        make_task(config(), init_from=tmp_path)


@pytest.mark.long
def test_initial_weights_of_another_width_are_an_error(tmp_path):
    run(config(), tmp_path / "narrow")
    with pytest.raises(ValueError, match="Weights .*best.weights.h5 do not fit the model"):
        run(config(**{"model.units": 12}), tmp_path / "wide", init_from=tmp_path / "narrow")
    assert not (tmp_path / "wide").exists()


@pytest.mark.long
def test_longer_chains_start_as_the_longest_of_the_initial_run(tmp_path):
    run(config(), tmp_path / "short")
    longer = {"data.n_sites": (4,)}
    grown, _ = make_task(config(**longer), init_from=tmp_path / "short")
    plain, _ = make_task(config(**longer, **{"transfer.grow": False}), init_from=tmp_path / "short")
    assert (grown.grown_from, plain.grown_from) == (3, None)
    tables = [task.build_model().chain_encoding.embedding for task in (grown, plain)]
    np.testing.assert_array_equal(tables[0][3], tables[0][2])
    assert np.abs(tables[1][3] - tables[1][2]).max() > 1e-3


def test_init_from_a_folder_without_a_run_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no run"):
        run(config(), tmp_path / "run", init_from=tmp_path)


def test_unknown_keys_of_a_handwritten_config_are_errors():
    with pytest.raises(ValueError, match="unknown key.*unitz"):
        base_config.resolved(ConfigDict({"model": {"unitz": 3}}))
    with pytest.raises(ValueError, match='`model.units` must be an integer, but is "wide"'):
        base_config.resolved(ConfigDict({"model": {"units": "wide"}}))


def test_resolved_fills_in_the_defaults():
    full = base_config.resolved(ConfigDict({"model": {"units": 64}}))
    assert full["model"]["units"] == 64
    assert full["training"] == base_config.default().training.to_dict()
