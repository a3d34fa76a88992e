import json

import numpy as np
import pytest
import tensorflow as tf

from qtf.dynamics.rollout import Rollout
from qtf.export.saved_model import export_dynamics
from qtf.export.version_folder import next_version
from qtf.physics import energy, magnetization, sample_initial_states
from serving.models.loaded_version import LoadedVersion
from serving.status import Code, StatusError

from .conftest import CONFIG, MAX_STEPS
from .stock_session import SavedGraph, answers_in_stock_session

N_STEPS = 12


@pytest.fixture(scope="module")
def signatures(version):
    return tf.saved_model.load(str(version)).signatures


def request(psi0, n_steps=N_STEPS):
    return {
        "psi0_re": tf.constant(psi0.real, tf.float32),
        "psi0_im": tf.constant(psi0.imag, tf.float32),
        "n_steps": tf.fill([len(psi0)], n_steps),
    }


def states(n_sites, n_samples=3):
    return sample_initial_states("paper", n_sites, n_samples, seed=1)


@pytest.mark.parametrize("n_sites", [2, 4])
@pytest.mark.parametrize("name", ["rollout", "serving_default", "rollout_xla"])
def test_rollout_equals_the_model(signatures, model, n_sites, name):
    answer = signatures[name](**request(states(n_sites)))
    expected = Rollout(model)(states(n_sites), N_STEPS)
    np.testing.assert_allclose(answer["psi_re"], expected.real, atol=1e-5)
    np.testing.assert_allclose(answer["psi_im"], expected.imag, atol=1e-5)


@pytest.mark.parametrize("n_sites", [2, 3])
def test_observables_equal_those_of_the_rollout(signatures, model, hamiltonians, n_sites):
    answer = signatures["observables"](**request(states(n_sites)))
    psi = Rollout(model)(states(n_sites), N_STEPS).astype(np.complex128)
    expected = {f"magnetization_{axis}": magnetization(psi, axis) for axis in "xyz"}
    expected["energy"] = energy(hamiltonians[n_sites], psi)
    expected["norm"] = np.linalg.norm(psi, axis=-1)
    assert set(answer) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(answer[name], values, atol=2e-5, err_msg=name)


def test_steps_stream_the_rollout(signatures, model):
    psi0 = states(3)
    expected = signatures["rollout"](**request(psi0))
    psi = {"psi_re": psi0.real, "psi_im": psi0.imag, "cells": np.zeros((3, 2, 8))}
    for k in range(1, N_STEPS + 1):
        psi = signatures["step"](**{key: tf.constant(v, tf.float32) for key, v in psi.items()})
        np.testing.assert_allclose(psi["psi_re"], expected["psi_re"][:, k], atol=1e-6)
        np.testing.assert_allclose(psi["psi_im"], expected["psi_im"][:, k], atol=1e-6)


def test_joined_requests_of_different_length_get_the_longest(signatures):
    together = request(states(2))
    together["n_steps"] = tf.constant([2, 5, 3])
    answer = signatures["rollout"](**together)["psi_re"]
    alone = signatures["rollout"](**request(states(2)[:1], 2))["psi_re"]
    assert answer.shape == (3, 6, 4)
    np.testing.assert_allclose(answer[0, :3], alone[0], atol=1e-6)


@pytest.mark.parametrize("name", ["rollout", "rollout_xla"])
def test_states_of_nearly_norm_one_are_rolled_out_as_those_of_norm_one(signatures, model, name):
    """As in Python: normalised first, the norm given back."""
    psi0, norm = states(3), 0.9992
    answer = signatures[name](**request(norm * psi0, MAX_STEPS))
    found = np.asarray(answer["psi_re"]) + 1j * np.asarray(answer["psi_im"])
    expected = norm * Rollout(model)(psi0, MAX_STEPS)
    np.testing.assert_allclose(found, expected, atol=3e-6)
    measured = signatures["observables"](**request(norm * psi0, MAX_STEPS))
    norms = np.linalg.norm(expected, axis=-1)
    np.testing.assert_allclose(measured["norm"], norms, atol=3e-6)


def spoiled(n_sites=2, index=(0, 0), value=np.nan):
    psi = states(n_sites)
    psi[index] = value
    return psi


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (request(np.full((1, 6), 6**-0.5)), r"`psi0_re` must be 2\*\*n wide for n in 2, 3, 4.*6"),
        (request(np.full((1, 32), 32**-0.5)), r"`psi0_re` must be 2\*\*n wide.*32"),
        (request(1.5 * states(2)), r"`psi0` must be normalised to 1 within 0.001.*1\.5"),
        (request(spoiled()), r"`psi0_re` must be finite, but holds.*nan"),
        (request(spoiled(value=np.inf)), r"`psi0_re` must be finite, but holds.*inf"),
        (request(states(2), 0), r"`n_steps` must be within 1\.\.40, but holds.*0"),
        (request(states(2), MAX_STEPS + 1), r"`n_steps` must be within 1\.\.40, but holds.*41"),
        ({**request(states(2)), "n_steps": tf.constant([1])}, "one entry for each state"),
        (request(states(2)[:0]), "`psi0_re` must hold at least one state, but holds.*0"),
        ({**request(states(2)), "psi0_im": tf.zeros((3, 8))}, "`psi0_im` must have the shape"),
    ],
)
def test_bad_input_is_an_invalid_argument_and_the_next_request_is_served(
    signatures, inputs, message
):
    for name in ("rollout", "observables", "rollout_xla"):
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            signatures[name](**inputs)
        assert signatures[name](**request(states(2)))


def test_bad_cells_are_an_invalid_argument(signatures):
    psi = tf.constant(states(2).real, tf.float32), tf.constant(states(2).imag, tf.float32)
    with pytest.raises(tf.errors.InvalidArgumentError, match="`cells` must be .batch, 2, 8."):
        signatures["step"](psi_re=psi[0], psi_im=psi[1], cells=tf.zeros((2, 2, 8)))


ONE = {
    "psi0_re": np.float32([[1, 0, 0, 0]]),
    "psi0_im": np.zeros((1, 4), np.float32),
    "n_steps": np.int32([2]),
}
ONE_STEP = {
    "psi_re": ONE["psi0_re"],
    "psi_im": ONE["psi0_im"],
    "cells": np.zeros((1, 2, 8), np.float32),
}


@pytest.fixture(scope="module")
def served(version):
    """The version as a server runs it, which compares no shapes."""
    loaded = LoadedVersion("ising", 1, version)
    yield loaded
    loaded.close()


@pytest.mark.parametrize("change", ["flat", "scalar", "deep"])
@pytest.mark.parametrize("name", [*ONE, *ONE_STEP])
def test_wrong_number_of_axes_is_named_by_the_graph(served, name, change):
    signatures = ("step",) if name in ONE_STEP else ("rollout", "observables", "rollout_xla")
    request = ONE_STEP if name in ONE_STEP else ONE
    value = request[name]
    changed = {"flat": value[0], "scalar": value.flat[0], "deep": value[..., None]}[change]
    shape = {"n_steps": "(batch,)", "cells": "(batch, 2, 8)"}.get(name, "(batch, 2**n)")
    shown = " ".join(map(str, np.shape(changed)))
    expected = f"Input `{name}` must have the shape {shape}, but has] [{shown}]"
    for signature in signatures:
        wanted = tuple(served.signatures[signature].outputs)
        with pytest.raises(StatusError) as raised:
            served.run(signature, {**request, name: np.asarray(changed)}, wanted)
        assert raised.value.code is Code.INVALID_ARGUMENT
        assert expected in raised.value.message
        assert served.run(signature, request, wanted)


def test_square_of_numbers_is_no_batch_of_states(served):
    """Its second axis is as wide as a state of two spins."""
    square = np.zeros((1, 4, 4), np.float32)
    square[0, 0, 0] = 1
    inputs = {**ONE, "psi0_re": square, "psi0_im": 0 * square}
    with pytest.raises(StatusError, match=r"must have the shape \(batch, 2\*\*n\), but has"):
        served.run("rollout", inputs, ("psi_re",))


def test_default_signatures_hold_no_xla(version):
    graph = SavedGraph(version)
    for key in ("serving_default", "rollout", "observables", "step"):
        assert not graph.uses_xla(key)
    assert graph.uses_xla("rollout_xla")


@pytest.mark.long
def test_tf1_session_without_xla_and_without_qtf_serves_it(version, model, tmp_path):
    psi = states(4)
    inputs = {"psi0_re": psi.real, "psi0_im": psi.imag, "n_steps": [N_STEPS] * len(psi)}
    requests = [(key, inputs) for key in ("serving_default", "observables", "rollout_xla")]
    rollout, observables, refusal = answers_in_stock_session(version, requests, tmp_path)
    expected = Rollout(model)(psi, N_STEPS)
    np.testing.assert_allclose(rollout["psi_re"], expected.real, atol=1e-5)
    assert set(observables) >= {"norm", "energy"}
    # The switch is on: the XLA signature is refused, as stock servers do.
    assert "XLA compilation disabled" in refusal


def test_assets_hold_model_card_and_config(version):
    config = json.loads((version / "assets" / "config.json").read_text())
    assert config == {**CONFIG, "serving": {"max_steps": MAX_STEPS}}
    card = (version / "assets" / "model_card.md").read_text()
    assert "systems of 2, 3, 4\nspins" in card
    assert "| time step dt (hbar = 1) | 0.002 |" in card
    assert "(batch, 2, 8)" in card


def test_versions_count_up_and_ignore_other_names(tmp_path):
    assert next_version(tmp_path / "new").name == "1"
    for name in ("2", "010", "note", ".3.tmp"):
        (tmp_path / name).mkdir()
    assert next_version(tmp_path).name == "11"


def test_failed_export_leaves_nothing_behind(model, hamiltonians, tmp_path, monkeypatch):
    def full_disk(*args, **kwargs):
        raise tf.errors.ResourceExhaustedError(None, None, "x; No space left on device")

    monkeypatch.setattr(tf.saved_model, "save", full_disk)
    with pytest.raises(OSError, match="m/1 cannot be written: No space left on device"):
        export_dynamics(model, tmp_path / "m", hamiltonians, CONFIG)
    assert list((tmp_path / "m").iterdir()) == []


def test_export_without_a_hamiltonian_tells_no_energy(model, tmp_path):
    given = {"physics": {"hamiltonian": {}, "dt": 0.1, "initial_states": "given"}}
    version = export_dynamics(model, tmp_path, {2: None}, given, max_steps=3)
    served = tf.saved_model.load(str(version)).signatures["observables"]
    assert set(served.structured_outputs) == {"norm", *(f"magnetization_{a}" for a in "xyz")}
    card = (version / "assets" / "model_card.md").read_text()
    assert "| Hamiltonian | not known: the trajectories were given |" in card
    assert "-> norm, magnetization_x" in card


def test_export_raises_on_bad_max_steps(model, hamiltonians, tmp_path):
    with pytest.raises(ValueError, match="Argument `max_steps` must be positive, but is 0."):
        export_dynamics(model, tmp_path / "m", hamiltonians, CONFIG, max_steps=0)
