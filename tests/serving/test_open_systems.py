"""The distribution of a run of `trainers.open_system`, exported and served."""

import itertools
import json
import shutil

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from qtf.configuration import config_dict, from_config
from qtf.export.exporters import run
from qtf.export.settings import ExportSettings
from qtf.open_systems.observables import PauliObservables
from qtf.open_systems.runs.assembly import run as train
from qtf.open_systems.runs.distributions import load_distribution
from qtf.open_systems.runs.settings import OpenSystemSettings
from qtf.physics import tetrahedral
from qtf.training.run_folder import RunFolder
from serving.client import Client
from tests.serving.running_server import RunningServer, error_of, model_config, write_text

pytestmark = pytest.mark.long

N_SAMPLES = 4096
EVERY = np.array(list(itertools.product(range(4), repeat=3)), np.int32)


def settings(seed=0, n_epochs=2, n_steady=0):
    config = config_dict(OpenSystemSettings())
    with config.unlocked():
        config.physics.hamiltonian = {"name": "ising", "lattice": "chain", "n_sites": 3}
    config.start = "+x"
    config.network.units, config.network.n_layers = 8, 1
    config.strings = 2
    config.dynamics.tau = 0.05
    config.steady_state.n_epochs = n_steady
    config.exact = False
    config.training.n_epochs = n_epochs
    config.training.steps_per_epoch = 3
    config.training.xla = False
    config.training.seed = seed
    return from_config(OpenSystemSettings, config)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Function of settings: the run folder and the last distribution."""
    folder = tmp_path_factory.mktemp("runs")

    def make(name, **asked):
        return folder / name, train(settings(**asked), folder / name).model

    return make


@pytest.fixture(scope="module")
def one(trained):
    return trained("one")


@pytest.fixture(scope="module")
def other(trained):
    return trained("other", seed=1)


@pytest.fixture(scope="module")
def root(one, other, tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    assert run(one[0], root / "one") == root / "one" / "1"
    assert (
        run(one[0], root / "mean", ExportSettings(average_with=(other[0],))) == root / "mean" / "1"
    )
    return root


@pytest.fixture(scope="module")
def server(root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    models = [model_config(root, name) for name in ("one", "mean")]
    flags = [f"--model_config_file={write_text(folder / 'models.config', models)}"]
    with RunningServer.started(flags, folder) as running:
        yield running


def outputs(answer):
    return {name: tf.make_ndarray(tensor) for name, tensor in answer.outputs.items()}


def probabilities(server, model):
    served = outputs(server.predict(model, {"outcomes": EVERY}))["log_prob"]
    return np.exp(served.astype(np.float64))


def test_probabilities_are_those_at_the_last_time_over_both_protocols(server, one):
    expected = np.exp(one[1](EVERY))
    np.testing.assert_allclose(probabilities(server, "one"), expected, rtol=1e-5)
    body = {"signature_name": "log_prob", "instances": EVERY.tolist()}
    answer = server.post("one:predict", body)
    assert answer.status == 200, answer.text
    found = np.exp(json.loads(answer.text)["predictions"])
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_served_mean_is_the_mean_of_both_runs(server, one, other):
    each = np.exp([one[1](EVERY), other[1](EVERY)])
    assert np.abs(each[0] / each[1] - 1).max() > 1e-3
    np.testing.assert_allclose(probabilities(server, "mean"), each.mean(axis=0), rtol=1e-5)


@pytest.mark.parametrize("model", ["one", "mean"])
def test_served_samples_follow_the_served_probabilities(server, model):
    drawn = outputs(server.predict(model, {"seed": np.arange(N_SAMPLES)}, signature="sample"))
    expected = probabilities(server, model)
    numbers = drawn["outcomes"] @ [16, 4, 1]
    np.testing.assert_allclose(np.exp(drawn["log_prob"]), expected[numbers], rtol=1e-4)
    wanted = N_SAMPLES * expected / expected.sum()
    assert wanted.min() > 5
    counts = np.bincount(numbers, minlength=64)
    assert scipy.stats.chisquare(counts, wanted).pvalue > 1e-3


@pytest.mark.parametrize("model", ["one", "mean"])
def test_served_observables_agree_with_sums_over_all_outcomes(server, model):
    seeds = {"seed": np.arange(N_SAMPLES)}
    found = outputs(server.predict(model, seeds, signature="observables"))
    observables = PauliObservables([tetrahedral().pauli_values(name) for name in "XYZ"])
    table = probabilities(server, model)
    exact = observables.exact_means(table)
    for name in "xyz":
        pairs = [
            observables.exact_correlator(table, bond, (name, name)) for bond in ((0, 1), (1, 2))
        ]
        exact[2 * name] = np.mean(pairs)
    assert set(found) == set(exact)
    for name, values in found.items():
        error = values.std(ddof=1) / np.sqrt(N_SAMPLES)
        assert abs(values.mean() - exact[name]) < 4 * error, name


@pytest.mark.parametrize("scheme", ["", "http://"])
def test_the_client_measures_samples_and_evaluates(server, one, scheme):
    address = f"{scheme}127.0.0.1:{server.rest_port if scheme else server.grpc_port}"
    with Client(address, model="one", max_batch=300) as client:
        drawn = client.sample(1000, seed=1)
        found = client.open_system(1000, seed=1)
        logs = client.log_prob(EVERY)
    np.testing.assert_allclose(logs, one[1](EVERY), rtol=1e-5)
    np.testing.assert_allclose(drawn.log_prob, one[1](drawn.values), rtol=1e-4)
    assert drawn.phase is None
    observables = PauliObservables([tetrahedral().pauli_values(name) for name in "XYZ"])
    exact = observables.exact_means(np.exp(np.asarray(one[1](EVERY), np.float64)))
    for name in "xyz":
        mean = getattr(found, name)
        assert abs(mean.value - exact[name]) < 4.5 * mean.error
    assert found.zz is not None
    assert found.n_samples == 1000


def test_bad_input_names_input_rule_and_value(server):
    code, details = error_of(server.predict, "one", {"outcomes": EVERY[:, :2]})
    assert code == "INVALID_ARGUMENT"
    assert "[Input `outcomes` must be 3 wide, one for each site, but is] [2] [wide.]" in details
    answer = server.post("one:predict", {"instances": [[0, 1, 4]]})
    assert answer.status == 400
    assert "Input `outcomes` must be from 0 to 3, but holds] [4]" in answer.text


def test_metadata_tells_types_and_number_of_sites(server):
    answer = server.rest("GET", "/v1/models/one/metadata")
    signatures = json.loads(answer.text)["metadata"]["signature_def"]["signature_def"]
    assert set(signatures) >= {"serving_default", "log_prob", "sample", "observables"}
    shape = signatures["sample"]["outputs"]["outcomes"]["tensor_shape"]["dim"]
    assert [axis["size"] for axis in shape] == ["-1", "3"]


def test_page_can_explore_it_beside_exact_values(server):
    models = json.loads(server.rest("GET", "/page/models").text)["models"]
    assert [(m["name"], m["kind"], m["time"]) for m in models] == [
        ("mean", "open_system", 0.2),
        ("one", "open_system", 0.2),
    ]
    exact = json.loads(server.rest("POST", "/page/exact_open_system", {"model": "one"}).text)
    assert exact["means"]["x"][0] == pytest.approx(1.0)
    assert exact["times"][-1] == pytest.approx(0.2)


def test_assets_hold_measurement_strings_and_time(root):
    config = json.loads((root / "mean/1/assets/config.json").read_text())
    assert (config["measurement"], config["strings"]) == ("tetrahedral", 2)
    # Two steps of 2 tau.
    assert config["serving"] == {"max_samples": 4096, "time": 0.2}
    assert "runs that are averaged | 2 |" in (root / "mean/1/assets/model_card.md").read_text()


def test_a_run_in_time_has_its_last_weights_and_a_steady_state_its_best(one, trained, tmp_path):
    folder, last = one
    _spoil_best(folder, tmp_path / "followed")
    found, time = load_distribution(RunFolder(tmp_path / "followed"))
    np.testing.assert_array_equal(found(EVERY), last(EVERY))
    assert time == 0.2
    folder, _ = trained("steady", n_steady=2)
    best = _spoil_best(folder, tmp_path / "steady")
    found, time = load_distribution(RunFolder(tmp_path / "steady"))
    np.testing.assert_array_equal(found(EVERY), best(EVERY))
    assert time is None


def _spoil_best(folder, copy):
    """Makes a run whose best weights are not its last ones; returns those."""
    shutil.copytree(folder, copy)
    model = RunFolder(copy).load_model()
    for variable in model.variables:
        variable.assign(variable + 0.1)
    RunFolder(copy).save_best_weights(model)
    return model


def test_a_run_without_the_end_of_an_epoch_is_not_exported(one, tmp_path):
    copy = shutil.copytree(one[0], tmp_path / "copy")
    shutil.rmtree(copy / "checkpoints")
    with pytest.raises(FileNotFoundError, match="no checkpoint of the end of an epoch; continue"):
        run(copy, tmp_path / "m")


def test_runs_of_other_systems_or_times_are_not_averaged(one, tmp_path):
    folder = one[0]

    def changed(name, change):
        copy = shutil.copytree(folder, tmp_path / name)
        config = json.loads((copy / "config.json").read_text())
        change(config)
        (copy / "config.json").write_text(json.dumps(config))
        return copy

    start = changed("start", lambda config: config.update(start="-x"))
    with pytest.raises(ValueError, match="must have the same `start`, but it is '-x' in .*'.x' in"):
        run(folder, tmp_path / "m", ExportSettings(average_with=(start,)))
    longer = changed("longer", lambda config: config["dynamics"].update(tau=0.1))
    with pytest.raises(ValueError, match=r"must be of one time, but are of \(0.2, 0.4\)"):
        run(folder, tmp_path / "m", ExportSettings(average_with=(longer,)))
    steady = changed("steady", lambda config: config["steady_state"].update(n_epochs=1))
    with pytest.raises(ValueError, match="the same `start`, but it is 'steady state' in"):
        run(folder, tmp_path / "m", ExportSettings(average_with=(steady,)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_steps": 9}, "Flag --max_steps is for dynamics, but .* holds an open system"),
        ({"symmetrized": True}, "--symmetrized is for ground states, but .* holds an open system"),
        ({"max_samples": 0}, "Setting `max_samples` must be positive, but is 0"),
    ],
)
def test_options_of_other_runs_are_refused(one, tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        run(one[0], tmp_path / "m", ExportSettings(**options))


def test_averages_are_for_open_systems(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"wave_function": {}}))
    with pytest.raises(ValueError, match="--average_with is for open systems, but .* ground state"):
        run(tmp_path, tmp_path / "m", ExportSettings(average_with=(tmp_path,)))
