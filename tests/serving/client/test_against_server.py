"""The client and `qtf-predict` against our server, run with the files of deploy/.

gRPC is encrypted by the certificates of make_certificates.sh, batching is on.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from qtf.physics import printed_state, sample_initial_states
from serving.client import Client, Code, ServingError
from tests import preloaded

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
READY = re.compile(r"qtf-serve: ready, gRPC \S+:(\d+), REST (\S+)")
MAX_STEPS = 40
TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def base_path(tmp_path_factory):
    """Folder with one version of a small untrained model for 2 to 4 spins."""
    import keras

    from qtf.dynamics.transferable_sru import TransferableSRU
    from qtf.export.saved_model import export_dynamics
    from qtf.physics import Chain, ising

    keras.utils.set_random_seed(5)
    tiny = {"n_max": 4, "units": 8, "n_layers": 2, "decoder_initializer": "glorot_normal"}
    model = TransferableSRU.from_preset("increment", **tiny)
    hamiltonian = {"name": "ising", "transverse_field": -1.05}
    config = {"physics": {"hamiltonian": hamiltonian, "dt": 0.002, "initial_states": "paper"}}
    folder = tmp_path_factory.mktemp("models") / "ising"
    by_n = {n: ising(Chain(n)) for n in (2, 3, 4)}
    export_dynamics(model, folder, by_n, config, max_steps=MAX_STEPS)
    return folder


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    if not shutil.which("openssl"):
        pytest.skip("no openssl on PATH")
    folder = tmp_path_factory.mktemp("tls") / "tls"
    script = str(DEPLOY / "make_certificates.sh")
    subprocess.run([script, str(folder)], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def addresses(base_path, tls, tmp_path_factory):
    """Addresses of a running server, which SIGTERM ends with 0 after the tests."""
    folder = tmp_path_factory.mktemp("server")
    text = (DEPLOY / "models.config").read_text().replace("/models/ising", str(base_path))
    (folder / "models.config").write_text(text)
    flags = (
        f"--model_config_file={folder / 'models.config'}",
        "--allow_version_labels_for_unavailable_models=true",
        f"--monitoring_config_file={DEPLOY / 'monitoring.config'}",
        "--enable_batching",
        f"--batching_parameters_file={DEPLOY / 'batching.config'}",
        f"--ssl_config_file={tls / 'ssl.config'}",
    )
    command = [sys.executable, "-m", "serving.server", "--port=0", "--rest_api_port=0", *flags]
    with (folder / "log").open("w") as log:
        process = preloaded.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        found = READY.search(process.stdout.readline())
        assert found, (folder / "log").read_text()
        yield {"grpc": f"grpcs://localhost:{found[1]}", "rest": found[2]}
    finally:
        process.terminate()
        process.stdout.close()
        assert process.wait(timeout=60) == 0


@pytest.fixture(params=["grpc", "rest"])
def client(request, addresses, tls):
    certificate = tls / "authority.pem" if request.param == "grpc" else None
    with Client(addresses[request.param], certificate=certificate) as client:
        yield client


@pytest.fixture(scope="module")
def signatures(base_path):
    import tensorflow as tf

    return tf.saved_model.load(str(base_path / "1")).signatures


def _direct(signature, psi0, n_steps):
    import tensorflow as tf

    psi0 = np.atleast_2d(psi0)
    return signature(
        psi0_re=tf.constant(psi0.real, tf.float32),
        psi0_im=tf.constant(psi0.imag, tf.float32),
        n_steps=tf.constant([n_steps] * len(psi0)),
    )


def test_rollout_equals_the_saved_model(client, signatures):
    psi0 = sample_initial_states("haar", 3, 5, seed=1)
    found = client.rollout(psi0, 20)
    direct = _direct(signatures["rollout"], psi0, 20)
    expected = direct["psi_re"].numpy() + 1j * direct["psi_im"].numpy()
    np.testing.assert_allclose(found.psi, expected, atol=TOLERANCE)
    assert found.version in (1, None)


def test_observables_equal_the_saved_model(client, signatures):
    psi0 = printed_state(4)
    found = client.observables(psi0, MAX_STEPS)
    for name, values in _direct(signatures["observables"], psi0, MAX_STEPS).items():
        np.testing.assert_allclose(getattr(found, name), values[0], atol=TOLERANCE)


def test_stream_equals_rollout(client):
    psi0 = sample_initial_states("paper", 2, 3, seed=2)
    streamed = np.stack(list(client.stream(psi0, 6)), axis=1)
    np.testing.assert_allclose(streamed, client.rollout(psi0, 6).psi, atol=TOLERANCE)


def test_requests_that_could_share_a_batch_stay_apart(client):
    states = {n: printed_state(n) for n in (2, 3, 4)}
    alone = {(n, steps): client.rollout(states[n], steps).psi for n in states for steps in (3, 9)}
    with ThreadPoolExecutor(12) as pool:
        jobs = [
            (key, pool.submit(client.rollout, states[key[0]], key[1]))
            for key in alone
            for _ in "12"
        ]
        for key, job in jobs:
            np.testing.assert_allclose(job.result().psi, alone[key], atol=TOLERANCE)


@pytest.mark.parametrize(
    ("psi0", "n_steps", "text"),
    [
        ([1.0, 1.0, 0.0, 0.0], 3, "must be normalised to 1 within 0.001, but a state has the norm"),
        ([1.0, 0.0, 0.0], 3, r"must be 2\*\*n wide for n in 2, 3, 4, but is 3 wide."),
        ([1.0, 0.0, 0.0, 0.0], 41, r"`n_steps` must be within 1..40, but holds 41$"),
        ([1.0, np.nan, 0.0, 0.0], 3, "must be finite, but holds"),
    ],
)
def test_servers_checks_come_through(client, psi0, n_steps, text):
    with pytest.raises(ServingError, match=text) as caught:
        client.rollout(psi0, n_steps)
    assert caught.value.code == Code.INVALID_ARGUMENT


def test_label_status_and_metadata(addresses, client):
    with Client(addresses["rest"], label="stable") as by_label:
        assert by_label.wait_until_ready(5.0) == 1
        assert by_label.rollout(printed_state(2), 1).psi.shape == (2, 4)
    (status,) = client.status()
    assert (status.version, status.state, status.error_code) == (1, "AVAILABLE", "OK")
    assert client.metadata().signatures["step"].inputs["cells"].shape == (None, 2, 8)


def test_deadline_reaches_the_server(addresses, tls):
    psi0 = sample_initial_states("haar", 4, 64, seed=3)
    with Client(addresses["grpc"], certificate=tls / "authority.pem", timeout=0.002) as client:
        start = time.monotonic()
        with pytest.raises(ServingError, match="DEADLINE_EXCEEDED"):
            client.rollout(psi0, MAX_STEPS)
        assert time.monotonic() - start < 0.5


def test_unknown_label_is_named(addresses):
    with (
        Client(addresses["rest"], label="canary") as client,
        pytest.raises(ServingError, match="INVALID_ARGUMENT: .*label: canary"),
    ):
        client.rollout(printed_state(2), 1)


def test_command_predicts_over_tls_with_the_models_own_config(addresses, tls, base_path):
    config = base_path / "1" / "assets" / "config.json"
    done = preloaded.run(
        [
            *(sys.executable, "-m", "serving.predict", "--state=paper:3", "--n_steps=5", "--exact"),
            *(f"--address={addresses['grpc']}", f"--certificate={tls / 'authority.pem'}"),
            *(f"--config={config}", "--json"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert (found["model"], found["version"], found["n_steps"]) == ("ising", 1, 5)
    assert len(found["infidelity"]) == len(found["energy"]) == 6
    assert found["infidelity"][0] < 1e-12


def test_health_check_of_compose_passes(addresses):
    import yaml

    service = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["serving"]
    script = service["healthcheck"]["test"][-1].replace(
        "/8501", f"/{addresses['rest'].rpartition(':')[2]}"
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, timeout=10, check=False)
    assert done.returncode == 0, done.stderr
