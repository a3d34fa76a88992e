"""The page on our server with exported models of every kind: its numbers are the client's."""

import base64
import contextlib
import io

import numpy as np
import pytest

from serving.client import Client
from tests.serving.page.acting import start, text, value
from tests.serving.page.test_browser_dynamics import KEEP_FILES
from tests.serving.running_server import RunningServer, model_config, write_text

pytestmark = pytest.mark.long

HAMILTONIAN = {"name": "heisenberg", "lattice": "chain", "n_sites": 6}
ISING = {"name": "ising", "transverse_field": -1.05}


def export_dynamics(folder):
    import keras

    from qtf.dynamics.transferable_sru import TransferableSRU
    from qtf.export.saved_model import export_dynamics
    from qtf.physics import Chain, ising

    keras.utils.set_random_seed(5)
    tiny = {"n_max": 3, "units": 8, "n_layers": 1, "decoder_initializer": "glorot_normal"}
    model = TransferableSRU.from_preset("increment", **tiny)
    config = {
        "physics": {"hamiltonian": ISING, "dt": 0.002, "initial_states": "paper"},
        "data": {"n_sites": [2, 3]},
    }
    by_n = {n: ising(Chain(n), transverse_field=-1.05) for n in (2, 3)}
    record = {"n_steps": 20, "relative_entropy": {"2": 0.01, "3": 0.02}}
    export_dynamics(model, folder, by_n, config, max_steps=40, validation=record)


def export_wave_function(folder):
    from qtf.configuration import config_dict, from_config
    from qtf.export.saved_model import export_wave_function
    from qtf.ground_states.runs.assembly import make_wave_function
    from qtf.ground_states.runs.facts import find_facts
    from qtf.ground_states.runs.settings import GroundStateSettings, RunSettings, make_part

    config = config_dict(GroundStateSettings())
    with config.unlocked():
        config.physics.hamiltonian = HAMILTONIAN
    config.network.units = 6
    config.wave_function.zero_magnetization = True
    settings = make_part(RunSettings, from_config(GroundStateSettings, config))
    psi = make_wave_function(settings, find_facts(settings))
    hamiltonian = settings.physics.hamiltonian.build()
    export_wave_function(psi, folder, hamiltonian, settings.as_mapping())


def export_outcomes(folder):
    from qtf.autoregressive import GRUNetwork
    from qtf.export.saved_model import export_outcomes
    from qtf.open_systems.outcome_distribution import OutcomeDistribution

    network = GRUNetwork(n_positions=3, units=4, local_dimension=4, heads=(4,))
    rng = np.random.default_rng(0)
    for variable in network.variables:
        variable.assign(variable + 0.4 * rng.standard_normal(variable.shape))
    config = {
        "physics": {"hamiltonian": {**ISING, "n_sites": 3}, "jumps": {"decay": 0.5}},
        "measurement": "tetrahedral",
        "start": "+x",
        "network": {"name": "gru", "units": 4},
    }
    export_outcomes(OutcomeDistribution(network=network), folder, config, time=0.25)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    exports = {"ising": export_dynamics, "psi": export_wave_function, "open": export_outcomes}
    for name, export in exports.items():
        export(root / name)
    folder = tmp_path_factory.mktemp("server")
    models = [model_config(root, name) for name in exports]
    flags = [f"--model_config_file={write_text(folder / 'models.config', models)}"]
    with RunningServer.started(flags, folder) as running:
        running.url = f"http://127.0.0.1:{running.rest_port}/"
        # The page asks for nothing that a stub would have to record.
        running.requests = []
        yield running


def check_means(browser, found, names):
    assert browser.evaluate(text("error")) == ""
    for name in names:
        mean = getattr(found, name)
        shown = browser.evaluate(value("measured", name, "measured"))
        assert shown == pytest.approx(mean.value, rel=1e-5, abs=1e-7), name
        cell = f"#measured [data-name={name}] data[data-name=error]"
        error = browser.evaluate(f"Number(document.querySelector({cell!r}).value)")
        assert error == pytest.approx(mean.error, rel=1e-4, abs=1e-9), name
    assert browser.complaints() == []


@pytest.mark.parametrize("scheme", ["", "http://"])
def test_numbers_of_samples_are_those_of_the_client(browser, server, scheme):
    port = server.rest_port if scheme else server.grpc_port
    calls = {
        "psi": ("ground_state", ("energy", "magnetization", "abs_magnetization")),
        "open": ("open_system", ("x", "y", "z", "xx", "yy", "zz")),
    }
    for model, (call, names) in calls.items():
        start(browser, server, f"model={model}&samples=1100&seed=4")
        with Client(f"{scheme}127.0.0.1:{port}", model=model) as client:
            found = getattr(client, call)(1100, seed=4)
        check_means(browser, found, names)
    assert "Lindblad" in browser.evaluate(text("about_exact"))


def test_trajectory_is_that_of_the_client_and_of_the_lines_of_python(browser, server):
    start(browser, server, "model=ising&n=3&state=bloch&steps=20&angles=10,20;80,0;120,-30")
    assert browser.evaluate(text("error")) == ""
    assert "in validation it was 0.0200 after 20 steps" in browser.evaluate(text("trust"))
    browser.evaluate(KEEP_FILES)
    browser.evaluate("document.getElementById('npz').click()")
    browser.wait_for("saved.length")
    archive = np.load(io.BytesIO(base64.b64decode(browser.evaluate("saved[0]"))))
    names = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(browser.evaluate(text("python")), names)
    np.testing.assert_allclose(names["psi"], archive["psi"], atol=1e-7)
    for name in ("norm", "energy", "magnetization_x", "magnetization_z"):
        np.testing.assert_allclose(getattr(names["values"], name), archive[name], atol=1e-5)
    assert browser.complaints() == []
