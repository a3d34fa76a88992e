"""What the client sends and returns, over both transports."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from qtf.physics import Chain, energy, evolve, ising, magnetization, printed_state
from serving.client import Client, Code, ServingError, TensorSpec, VersionStatus
from tests.serving.client.fakes import DT, N_LAYERS, UNITS, VERSION

ROOT = Path(__file__).parents[3]
TOLERANCE = 1e-6


def _states(n_states, n_sites=3):
    return np.stack([np.roll(printed_state(n_sites), k) for k in range(n_states)])


def _exact(psi0, n_steps):
    psi0 = np.asarray(psi0, np.complex64)
    n_sites = psi0.shape[-1].bit_length() - 1
    return evolve(ising(Chain(n_sites)), psi0, DT * np.arange(n_steps + 1))


def _predictions(model):
    return [seen for seen in model.seen if seen.method == "predict"]


def test_rollout_of_one_state(client, served):
    found = client.rollout(printed_state(3), 5)
    assert found.psi.dtype == np.complex64
    assert found.psi.shape == (6, 8)
    np.testing.assert_allclose(found.psi, _exact(printed_state(3), 5), atol=TOLERANCE)
    assert found.version == (VERSION if served[0] == "grpc" else None)


def test_rollout_of_a_batch(client):
    found = client.rollout(_states(3), 4)
    np.testing.assert_allclose(found.psi, _exact(_states(3), 4), atol=TOLERANCE)


def test_rollout_sends_float32_parts_and_steps(client, served):
    client.rollout(_states(2), np.int64(4))
    (seen,) = _predictions(served[2])
    assert seen.signature == "rollout"
    assert set(seen.inputs) == {"psi0_re", "psi0_im", "n_steps"}
    np.testing.assert_array_equal(seen.inputs["n_steps"], [4, 4])
    sent = np.asarray(seen.inputs["psi0_re"], np.float32)
    np.testing.assert_array_equal(sent, _states(2).real.astype(np.float32))


@pytest.mark.parametrize("psi0", [[1, 0, 0, 0], [0.5, 0.5, 0.5, 0.5], [0, 0, 1j, 0]])
def test_any_numbers_are_states(client, psi0):
    np.testing.assert_allclose(client.rollout(psi0, 1).psi, _exact(psi0, 1), atol=TOLERANCE)


def test_observables_of_one_state(client):
    psi0, hamiltonian = printed_state(3), ising(Chain(3))
    found, exact = client.observables(psi0, 5), _exact(psi0, 5)
    assert found.energy.dtype == np.float32
    np.testing.assert_allclose(found.norm, np.ones(6), atol=TOLERANCE)
    np.testing.assert_allclose(found.energy, energy(hamiltonian, exact), atol=1e-5)
    for axis in "xyz":
        values = getattr(found, f"magnetization_{axis}")
        np.testing.assert_allclose(values, magnetization(exact, axis), atol=TOLERANCE)


def test_energies_may_be_missing(client, served):
    served[2].spoil = lambda outputs: {k: v for k, v in outputs.items() if k != "energy"}
    told = client.observables(printed_state(3), 5)
    assert told.energy is None
    assert told.norm.shape == (6,)


def test_observables_of_a_batch(client):
    found = client.observables(_states(3), 5)
    expected = magnetization(_exact(_states(3), 5), "y")
    np.testing.assert_allclose(found.magnetization_y, expected, atol=TOLERANCE)


@pytest.mark.parametrize("shape", [(8,), (2, 8)])
def test_stream_equals_rollout(client, served, shape):
    psi0 = _states(2).reshape(-1, 8)[: shape[0]] if len(shape) > 1 else printed_state(3)
    streamed = list(client.stream(psi0, 4))
    assert all(psi.dtype == np.complex64 and psi.shape == shape for psi in streamed)
    np.testing.assert_allclose(
        np.stack(streamed, axis=-2), client.rollout(psi0, 4).psi, atol=TOLERANCE
    )
    steps = [seen for seen in _predictions(served[2]) if seen.signature == "step"]
    # The fake counts steps in the cells, so they must have travelled.
    assert [float(np.asarray(seen.inputs["cells"]).max()) for seen in steps] == [0, 1, 2, 3]
    assert all(np.shape(s.inputs["cells"])[1:] == (N_LAYERS, UNITS) for s in steps)


def test_stream_stays_with_the_version_that_began(client, served):
    stream = client.stream(printed_state(3))
    next(stream), next(stream)
    served[2].version = VERSION + 1
    with pytest.raises(ServingError, match=r"NOT_FOUND: .*Specific\(ising, 7\)"):
        next(stream)
    assert [seen.version for seen in _predictions(served[2])] == [VERSION, VERSION]


def test_longer_answers_are_cut(client, served):
    # Stock batching joins requests of different lengths and answers with the longest.
    served[2].extra_steps = 3
    psi0 = _states(2)
    np.testing.assert_allclose(client.rollout(psi0, 2).psi, _exact(psi0, 2), atol=TOLERANCE)
    assert client.observables(psi0, 2).norm.shape == (2, 3)


def test_long_batch_is_sent_whole_by_default(client, served):
    client.rollout(_states(5), 1)
    assert [len(seen.inputs["n_steps"]) for seen in _predictions(served[2])] == [5]


def test_long_batch_is_split_on_request_and_bound_to_one_version(served):
    with Client(served[1], max_batch=2) as client:
        found = client.rollout(_states(5), 3)
    np.testing.assert_allclose(found.psi, _exact(_states(5), 3), atol=TOLERANCE)
    sent = _predictions(served[2])
    assert [len(seen.inputs["n_steps"]) for seen in sent] == [2, 2, 1]
    assert {seen.version for seen in sent} == {VERSION}
    assert found.version == VERSION


def test_status_lists_versions(client):
    assert client.status() == [
        VersionStatus(VERSION + 1, "END", "INTERNAL", "no variables"),
        VersionStatus(VERSION, "AVAILABLE", "OK", ""),
    ]


def test_metadata_tells_version_and_signatures(client):
    found = client.metadata()
    assert (found.name, found.version) == ("ising", VERSION)
    assert set(found.signatures) == {"rollout", "observables", "step"}
    step = found.signatures["step"]
    assert step.inputs["cells"] == TensorSpec("DT_FLOAT", (None, N_LAYERS, UNITS))
    assert set(step.outputs) == {"psi_re", "psi_im", "cells"}
    assert found.signatures["rollout"].inputs["n_steps"].dtype == "DT_INT32"


@pytest.mark.parametrize(
    ("chosen", "version", "label"),
    [({}, None, None), ({"version": 7}, 7, None), ({"label": "stable"}, None, "stable")],
)
def test_version_and_label_reach_the_server(served, chosen, version, label):
    with Client(served[1], **chosen) as client:
        client.rollout(printed_state(2), 1)
        client.metadata()
        client.status()
    predicted, described, status = served[2].seen
    assert (predicted.version, predicted.label) == (version, label)
    assert (described.version, described.label) == (version, label)
    assert (status.version, status.label) == (version, None)


@pytest.mark.parametrize(
    ("chosen", "code", "text"),
    [
        ({"model": "ising2"}, Code.NOT_FOUND, "Servable not found for request: Latest(ising2)"),
        ({"version": 3}, Code.NOT_FOUND, "Servable not found for request: Specific(ising, 3)"),
        ({"label": "x"}, Code.INVALID_ARGUMENT, "Unrecognized servable version label: x"),
    ],
)
def test_what_is_not_served_is_one_error(served, chosen, code, text):
    with Client(served[1], **chosen) as client, pytest.raises(ServingError) as caught:
        client.rollout(printed_state(2), 1)
    assert (caught.value.code, caught.value.message) == (code, text)
    assert str(caught.value) == f"{code.name}: {text}"
    assert len(served[2].seen) == 1


def test_servers_message_comes_through_without_the_graph(client, served):
    with pytest.raises(ServingError) as caught:
        client.rollout(2 * printed_state(2), 1)
    assert caught.value.code == Code.INVALID_ARGUMENT
    assert caught.value.message == (
        "Input `psi0` must be normalised to 1 within 0.001, but a state has the norm 2"
    )


def test_one_client_serves_many_threads(client):
    states = _states(8)
    expected = _exact(states, 3)

    def ask(k):
        return np.abs(client.rollout(states[k % 8], 3).psi - expected[k % 8]).max()

    with ThreadPoolExecutor(16) as pool:
        assert max(pool.map(ask, range(64))) < TOLERANCE


@pytest.mark.parametrize(
    ("psi0", "text"),
    [
        (["up"], "Argument `psi0` must hold numbers, but has dtype <U2."),
        ([[[1.0]]], r"must have shape \(2\*\*n,\) or \(batch, 2\*\*n\), but has \(1, 1, 1\)."),
        (1.0, r"must have shape .* but has \(\)."),
        ([], r"Argument `psi0` must not be empty, but has shape \(0,\)."),
        (np.empty((0, 4)), r"must not be empty, but has shape \(0, 4\)."),
    ],
)
def test_states_that_cannot_be_sent_are_refused_here(client, served, psi0, text):
    for call in (client.rollout, client.observables):
        with pytest.raises(ValueError, match=text):
            call(psi0, 1)
    with pytest.raises(ValueError, match=text):
        client.stream(psi0)
    assert not served[2].seen


@pytest.mark.parametrize("n_steps", [1.0, "3", True, None, 2**31])
def test_steps_that_cannot_be_sent_are_refused_here(client, served, n_steps):
    with pytest.raises(ValueError, match="Argument `n_steps` must be an integer of 32 bits, but"):
        client.rollout([1.0, 0.0], n_steps)
    assert not served[2].seen


@pytest.mark.parametrize(
    ("keywords", "text"),
    [
        ({"model": ""}, "Argument `model` must be the name of a model, but is ''."),
        ({"version": -1}, "Argument `version` must be an integer of at least 0, but is -1."),
        ({"version": 1, "label": "a"}, "Argument `label` must be None when `version` is given"),
        ({"label": ""}, "Argument `label` must be a text, but is ''."),
        ({"timeout": 0}, "Argument `timeout` must be positive and finite, but is 0."),
        ({"timeout": float("nan")}, "Argument `timeout` must be positive and finite, but is nan."),
        ({"max_batch": 0}, "Argument `max_batch` must be an integer of at least 1, but is 0."),
        ({"certificate": "x.pem"}, "Argument `certificate` needs an address with TLS"),
    ],
)
def test_wrong_arguments_are_named(keywords, text):
    with pytest.raises(ValueError, match=text):
        Client("http://127.0.0.1:1", **keywords)


def test_closed_client_says_so(served):
    client = Client(served[1])
    client.close()
    with pytest.raises(ValueError, match="The client is closed."):
        client.status()


def _without(name):
    return lambda outputs: {k: v for k, v in outputs.items() if k != name}


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (_without("psi_im"), "output `psi_im` is not among"),
        (lambda o: {k: v[:, :2] for k, v in o.items()}, r"output `psi_re` has shape \(1, 2, 4\)"),
        (lambda o: {k: v[:, :, 0] for k, v in o.items()}, r"output `psi_re` has shape \(1, 4\)"),
    ],
)
def test_unusable_answers_are_named(client, served, spoil, text):
    served[2].spoil = spoil
    with pytest.raises(ServingError, match=f"INTERNAL: The server's answer cannot be used: {text}"):
        client.rollout(printed_state(2), 3)


def test_step_checks_the_cells_that_come_back(client, served):
    served[2].spoil = lambda outputs: outputs | {"cells": outputs["cells"][:, :1]}
    with pytest.raises(ServingError, match=r"output `cells` has shape \(1, 1, 3\)"):
        client.step(client.start(printed_state(2)))


def test_rest_imports_neither_tensorflow_nor_grpc():
    code = (
        "import sys, serving.client as c; c.Client('http://127.0.0.1:1').close();"
        "heavy = {'tensorflow', 'keras', 'grpc', 'scipy', 'matplotlib'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
    assert done.stderr == ""
