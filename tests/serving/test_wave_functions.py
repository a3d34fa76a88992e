"""The wave function of a run of `trainers.ground_state`, exported and served."""

import json
import os
import re
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from qtf.configuration import config_dict, from_config
from qtf.export.exporters import run
from qtf.export.settings import ExportSettings
from qtf.ground_states.local_energy import LocalEnergy
from qtf.ground_states.runs.assembly import make_wave_function
from qtf.ground_states.runs.facts import find_facts
from qtf.ground_states.runs.settings import GroundStateSettings, RunSettings, make_part
from qtf.physics import Chain, all_bits, heisenberg
from qtf.training.run_folder import RunFolder
from serving.client import Client, ServingError
from tests import preloaded
from tests.serving.running_server import RunningServer, error_of, model_config, write_text
from tests.without_progress import without_progress

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
EVERY = all_bits(4).astype(np.int32)
HAMILTONIAN = {"name": "heisenberg", "lattice": "chain", "n_sites": 4}
# Long enough that the requests of a test come together.
BATCHING = """
max_batch_size { value: 16 }
batch_timeout_micros { value: 300000 }
max_enqueued_batches { value: 8 }
num_batch_threads { value: 1 }
"""


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    """A run folder as the trainer leaves it."""
    config = config_dict(GroundStateSettings())
    with config.unlocked():
        config.physics.hamiltonian = HAMILTONIAN
    config.network.units = 6
    config.wave_function.marshall_sign = True
    config.wave_function.zero_magnetization = True
    config.symmetry.group = "lattice_and_flip"
    settings = make_part(RunSettings, from_config(GroundStateSettings, config))
    keras.utils.set_random_seed(3)
    psi = make_wave_function(settings, find_facts(settings))
    folder = RunFolder(tmp_path_factory.mktemp("runs") / "run")
    folder.open(settings.as_mapping())
    folder.save_model(psi)
    folder.save_best_weights(psi)
    folder.close()
    return folder.path


@pytest.fixture
def growth(workdir, tmp_path):
    """Folder of a growth whose last size has no weights yet."""
    folder = tmp_path / "growth"
    for name in ("size-004", "size-006"):
        shutil.copytree(workdir, folder / name)
    (folder / "size-006" / "best.weights.h5").unlink()
    (folder / "config.json").write_text(json.dumps({"wave_function": {}, "growth": {"sizes": [4]}}))
    return folder


def test_a_growth_is_exported_at_its_largest_size_with_weights_or_at_any(growth, tmp_path):
    versions = [run(path, tmp_path / "m") for path in (growth, growth / "size-004")]
    served = [tf.saved_model.load(str(version)).signatures["log_psi"] for version in versions]
    kept = tf.constant(EVERY[EVERY.sum(axis=1) == 2])
    found, expected = (log_psi(bits=kept)["log_modulus"] for log_psi in served)
    np.testing.assert_array_equal(found, expected)
    (growth / "size-004" / "best.weights.h5").unlink()
    with pytest.raises(FileNotFoundError, match="Growth .*growth has no weights yet; train it"):
        run(growth, tmp_path / "m")


@pytest.fixture(scope="module")
def psi(workdir):
    return RunFolder(workdir).load_model()


@pytest.fixture(scope="module")
def root(workdir, tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    assert run(workdir, root / "psi", ExportSettings(max_samples=100)) == root / "psi" / "1"
    return root


@pytest.fixture(scope="module")
def server(root, tmp_path_factory):
    """A server process with batching."""
    folder = tmp_path_factory.mktemp("server")
    (folder / "batching.config").write_text(BATCHING)
    flags = [
        f"--model_config_file={write_text(folder / 'models.config', [model_config(root, 'psi')])}",
        "--enable_batching",
        f"--batching_parameters_file={folder / 'batching.config'}",
    ]
    with RunningServer.started(flags, folder) as running:
        yield running


def outputs(answer):
    return {name: tf.make_ndarray(tensor) for name, tensor in answer.outputs.items()}


def posted(server, body):
    answer = server.post("psi:predict", body)
    assert answer.status == 200, answer.text
    return json.loads(answer.text)


def test_log_psi_is_the_models_over_both_protocols(server, psi):
    log_modulus, phase = map(np.asarray, psi(EVERY))
    over_grpc = outputs(server.predict("psi", {"bits": EVERY}))
    columns = posted(server, {"inputs": {"bits": EVERY.tolist()}})["outputs"]
    rows = posted(server, {"signature_name": "log_psi", "instances": EVERY.tolist()})
    by_row = {name: [row[name] for row in rows["predictions"]] for name in columns}
    for found in (over_grpc, columns, by_row):
        np.testing.assert_allclose(found["log_modulus"], log_modulus, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(found["phase"], phase, atol=1e-6)


def test_samples_and_observables_are_the_models_over_both_protocols(server, psi):
    seeds = np.arange(3, 15)
    drawn = outputs(server.predict("psi", {"seed": seeds}, signature="sample"))
    body = {"signature_name": "sample", "inputs": {"seed": seeds.tolist()}}
    assert posted(server, body)["outputs"]["bits"] == drawn["bits"].tolist()
    assert (drawn["bits"].sum(axis=1) == 2).all()
    np.testing.assert_allclose(drawn["log_modulus"], psi(drawn["bits"])[0], atol=1e-6)
    measured = outputs(server.predict("psi", {"seed": seeds}, signature="observables"))
    real, imaginary = LocalEnergy(heisenberg(Chain(4)))(psi, drawn["bits"])
    np.testing.assert_allclose(measured["local_energy_re"], real, atol=1e-5)
    np.testing.assert_allclose(measured["local_energy_im"], imaginary, atol=1e-5)
    np.testing.assert_array_equal(measured["abs_magnetization"], 0.0)


@pytest.mark.parametrize("scheme", ["", "http://"])
def test_the_client_measures_samples_and_evaluates(server, psi, scheme):
    address = f"{scheme}127.0.0.1:{server.rest_port if scheme else server.grpc_port}"
    with Client(address, model="psi", max_batch=7) as client:
        drawn = client.sample(20, seed=3)
        found = client.ground_state(20, seed=3)
        logs = client.log_psi(EVERY)
    assert drawn.values.shape == (20, 4)
    assert drawn.values.dtype == np.int32
    log_modulus, phase = map(np.asarray, psi(drawn.values))
    np.testing.assert_allclose(drawn.log_prob, 2 * log_modulus, atol=1e-5)
    np.testing.assert_allclose(np.exp(1j * drawn.phase), np.exp(1j * phase), atol=1e-5)
    real, imaginary = map(np.asarray, LocalEnergy(heisenberg(Chain(4)))(psi, drawn.values))
    assert found.energy.value == pytest.approx(real.mean(), rel=1e-5)
    assert found.energy.error == pytest.approx(real.std(ddof=1) / np.sqrt(20), rel=1e-4)
    variance = real.var() + imaginary.var()
    assert found.v_score == pytest.approx(4 * variance / real.mean() ** 2, rel=1e-4)
    assert found.n_samples == 20
    log_modulus, phase = map(np.asarray, psi(EVERY))
    np.testing.assert_allclose(logs, log_modulus + 1j * phase, rtol=1e-5, atol=1e-5)


def test_the_client_names_what_is_no_wave_function(server):
    with Client(f"127.0.0.1:{server.grpc_port}", model="psi") as client:
        with pytest.raises(ServingError, match="no signature `sample` with `outcomes`"):
            client.open_system()
        for n_samples in (1, 2.0, True):
            with pytest.raises(ValueError, match="`n_samples` must be an integer of at least 2"):
                client.ground_state(n_samples)
        for seed in (-1, 2**31, 0.5):
            with pytest.raises(ValueError, match="`seed` must be an integer from 0 to"):
                client.sample(4, seed=seed)
        for rows in ([0, 1], [[0.5, 1.0]], np.zeros((0, 4), int)):
            with pytest.raises(ValueError, match="`bits` must hold integers of shape"):
                client.log_psi(rows)


def test_predict_measures_samples(server):
    address = f"--address=http://127.0.0.1:{server.rest_port}"
    command = [sys.executable, "-m", "serving.predict", "--model_name=psi", address]
    done = preloaded.run([*command, "--n_samples=10"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    title, energy, *_, score = done.stdout.splitlines()
    assert title == "model psi, version 1, 10 samples"
    assert re.fullmatch(r"energy: -\d\.\d{6} \+- 0\.\d+", energy)
    assert "V-score: " in score
    done = preloaded.run([*command, "--n_samples=10", "--json"], capture_output=True, text=True)
    found = json.loads(done.stdout)
    assert energy.startswith(f"energy: {found['energy']['value']:.6f} ")
    assert found["n_samples"] == 10
    for flags in ([], ["--n_samples=10", "--state=up:4"]):
        done = preloaded.run([*command, *flags], capture_output=True, text=True)
        assert done.returncode == 2
        assert "state, n_samples" in done.stderr


def test_requests_that_are_joined_get_the_answers_that_they_get_alone(server):
    def ask(seeds):
        return outputs(server.predict("psi", {"seed": np.array(seeds)}, signature="sample"))

    requests = [[1], [2, 3], [2**40], [-5, 1]]
    before = _runs(server)
    with ThreadPoolExecutor(len(requests)) as pool:
        together = list(pool.map(ask, requests))
    assert _runs(server) - before < len(requests)
    for seeds, joined in zip(requests, together, strict=True):
        alone = ask(seeds)
        np.testing.assert_array_equal(joined["bits"], alone["bits"])
        np.testing.assert_allclose(joined["phase"], alone["phase"], atol=1e-6)


def _runs(server):
    text = server.rest("GET", "/monitoring/prometheus/metrics").text
    (count,) = re.findall(r"processed_batch_size_count\S* (\d+)", text) or [0]
    return int(count)


def test_bad_input_names_input_rule_and_value(server):
    code, details = error_of(server.predict, "psi", {"bits": EVERY[:, :3]})
    assert code == "INVALID_ARGUMENT"
    assert "[Input `bits` must be 4 wide, one for each site, but is] [3] [wide.]" in details
    answer = server.post("psi:predict", {"instances": [[0, 1, 2, 1]]})
    assert answer.status == 400
    assert "Input `bits` must be 0 or 1, but holds] [2]" in answer.text


def test_metadata_tells_types_and_number_of_sites(server):
    answer = server.rest("GET", "/v1/models/psi/metadata")
    signatures = json.loads(answer.text)["metadata"]["signature_def"]["signature_def"]
    assert set(signatures) >= {"serving_default", "log_psi", "sample", "observables"}
    assert signatures["sample"]["inputs"]["seed"]["dtype"] == "DT_INT64"
    bits = signatures["sample"]["outputs"]["bits"]["tensor_shape"]["dim"]
    assert [axis["size"] for axis in bits] == ["-1", "4"]


def test_page_can_explore_it_beside_the_exact_energy(server):
    (model,) = json.loads(server.rest("GET", "/page/models").text)["models"]
    assert (model["kind"], model["n_sites"], model["magnetization"]) == ("ground_state", 4, 0)
    assert (model["max_samples"], model["has_exact"]) == (100, True)
    exact = json.loads(server.rest("POST", "/page/exact_ground_state", {"model": "psi"}).text)
    assert exact["energy"] == pytest.approx(-1.616025404)


@pytest.mark.parametrize("scheme", ["", "http://"])
def test_predict_says_in_one_line_that_it_is_for_dynamics(server, scheme):
    port = server.rest_port if scheme else server.grpc_port
    done = _command(
        "serving.predict", "--state=up:4", "--model_name=psi", f"--address={scheme}127.0.0.1:{port}"
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "qtf-predict: error: Flag --model_name must name a model of dynamics, but psi has no"
        " signature `rollout`.\n"
    )


def test_command_exports_a_ground_state(workdir, tmp_path):
    done = _command("trainers.export", f"--workdir={workdir}", f"--model_dir={tmp_path}/m")
    assert done.stdout == f"SavedModel: {tmp_path}/m/1\n"
    assert without_progress(done.stderr) == ""
    config = json.loads((tmp_path / "m/1/assets/config.json").read_text())
    assert config["serving"] == {"max_samples": 4096}
    assert config["wave_function"]["marshall_sign"]


def test_exported_average_has_the_symmetries_of_the_run(workdir, psi, tmp_path):
    version = run(workdir, tmp_path / "m", ExportSettings(symmetrized=True))
    log_psi = tf.saved_model.load(str(version)).signatures["log_psi"]
    kept = EVERY[EVERY.sum(axis=1) == 2]
    found = np.exp(2 * log_psi(bits=tf.constant(kept))["log_modulus"].numpy())
    plain = np.exp(2 * np.array([psi(image)[0] for image in (kept, kept[:, ::-1])]))
    turned = np.exp(2 * np.array([psi(1 - image)[0] for image in (kept, kept[:, ::-1])]))
    np.testing.assert_allclose(found, (plain.sum(axis=0) + turned.sum(axis=0)) / 4, rtol=1e-5)
    assert "averaged over 4 symmetries" in (version / "assets/model_card.md").read_text()


def test_average_needs_symmetries(workdir, tmp_path):
    config = json.loads((workdir / "config.json").read_text())
    config["symmetry"]["group"] = "none"
    other = shutil.copytree(workdir, tmp_path / "other")
    (other / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match='average needs .* but it has "none"'):
        run(other, tmp_path / "m", ExportSettings(symmetrized=True))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_steps": 1}, "Flag --max_steps is for dynamics, but .* holds a ground state"),
        ({"xla_signature": True}, "Flag --xla_signature is for dynamics, but .* a ground state"),
        ({"n_sites": (4,)}, "Flag --n_sites is for dynamics, but .* holds a ground state"),
        ({"max_samples": 0}, "Setting `max_samples` must be positive, but is 0"),
    ],
)
def test_options_of_dynamics_are_refused(workdir, tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        run(workdir, tmp_path / "m", ExportSettings(**options))


def test_options_of_ground_states_are_refused_for_dynamics(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model": {}, "data": {"n_sites": [2]}}))
    with pytest.raises(ValueError, match="--max_samples is for ground states and .* dynamics"):
        run(tmp_path, tmp_path / "m", ExportSettings(max_samples=9))


def _command(module, *arguments):
    return preloaded.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
