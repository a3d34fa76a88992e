"""Exact values of open systems, against closed forms and the exponential of a dense matrix."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy.linalg import expm

from qtf.physics import HamiltonianSettings
from serving.page import Page, ServedModel, open_systems
from serving.page.explorable import describe, read_model
from tests.serving.page.sampled_stub import AT_REST, OPEN_PHYSICS, OPEN_SYSTEM

ISING = {"name": "ising", "lattice": "chain", "n_sites": 2}
PAULIS = {
    "x": np.array([[0, 1], [1, 0]]),
    "y": np.array([[0, -1j], [1j, 0]]),
    "z": np.diag([1, -1]),
}


def config(hamiltonian=ISING, *, jumps=None, time=1.5, start="+z", **further):
    return {
        "measurement": "tetrahedral",
        "start": start,
        "physics": {"hamiltonian": hamiltonian, "jumps": jumps or {"decay": 0.7}},
        "serving": {"time": time},
        **further,
    }


def free(n_sites=2):
    coefficients = ("coupling", "transverse_field", "longitudinal_field")
    return {**ISING, "n_sites": n_sites, **dict.fromkeys(coefficients, 0.0)}


@pytest.mark.parametrize(("start", "z0"), [("+z", 1.0), ("-z", -1.0), ("+y", 0.0)])
def test_free_spins_decay_exponentially(start, z0):
    exact = read_model(config(free(), start=start)).exact()
    times, means = exact["times"], exact["means"]
    assert (times[0], times[-1]) == (0.0, 1.5)
    z = (z0 + 1) * np.exp(-0.7 * times) - 1
    np.testing.assert_allclose(means["z"], z, atol=1e-9)
    np.testing.assert_allclose(means["zz"], z**2, atol=1e-9)
    y = (start == "+y") * np.exp(-0.35 * times)
    np.testing.assert_allclose(means["y"], y, atol=1e-9)
    np.testing.assert_allclose(exact["sites"]["z"], z[[-1, -1]], atol=1e-9)


def dense_state(physics, angles, time):
    """rho at a time, by the exponential of the whole Liouvillian in column order."""
    settings = HamiltonianSettings.from_mapping(physics["hamiltonian"])
    matrix, n_sites = settings.build().to_dense(), settings.lattice.n_sites
    identity = np.eye(2**n_sites)
    generator = -1j * (np.kron(identity, matrix) - np.kron(matrix.T, identity))
    for site in range(n_sites):
        jump = on_site(np.array([[0, 0], [1, 0]]), site, n_sites)
        lost = jump.conj().T @ jump
        change = np.kron(jump.conj(), jump)
        change -= (np.kron(identity, lost) + np.kron(lost.T, identity)) / 2
        generator = generator + physics["jumps"]["decay"] * change
    psi = np.ones(1)
    for theta, phi in angles:
        psi = np.kron(psi, [np.cos(theta / 2), np.exp(1j * phi) * np.sin(theta / 2)])
    rho = np.outer(psi, psi.conj())
    return (expm(time * generator) @ rho.reshape(-1, order="F")).reshape(rho.shape, order="F")


def on_site(matrix, site, n_sites):
    return np.kron(np.kron(np.eye(2**site), matrix), np.eye(2 ** (n_sites - 1 - site)))


def test_exact_values_are_those_of_the_dense_exponential():
    angles = [(0.3, 0.1), (1.2, -0.4), (2.5, 2.0)]
    exact = read_model({**OPEN_SYSTEM, "start": "+z", "start_angles": angles}).exact()
    rho = dense_state(OPEN_PHYSICS, angles, 0.7)
    for axis, pauli in PAULIS.items():
        singles = [on_site(pauli, site, 3) for site in range(3)]
        sites = [np.trace(rho @ single).real for single in singles]
        np.testing.assert_allclose(exact["sites"][axis], sites, atol=1e-9)
        pairs = [[np.trace(rho @ a @ b).real for b in singles] for a in singles]
        np.testing.assert_allclose(exact["pairs"][axis], pairs, atol=1e-9)
        assert exact["means"][axis][-1] == pytest.approx(np.mean(sites), abs=1e-9)
        neighbours = (pairs[0][1] + pairs[1][2]) / 2
        assert exact["means"][2 * axis][-1] == pytest.approx(neighbours, abs=1e-9)


def test_at_rest_is_what_stays_after_long_times():
    exact = read_model(AT_REST).exact()
    rho = dense_state(OPEN_PHYSICS, [(0.0, 0.0)] * 3, 60.0)
    expected = [np.trace(rho @ on_site(PAULIS["z"], site, 3)).real for site in range(3)]
    np.testing.assert_allclose(exact["sites"]["z"], expected, atol=1e-8)
    assert exact["times"].tolist() == [0.0]


def test_one_pair_of_angles_is_that_of_every_spin():
    exact = read_model(config(free(), start_angles=[[np.pi / 2, 0.0]], time=0.0)).exact()
    assert exact["means"]["x"] == pytest.approx([1.0])
    np.testing.assert_allclose(exact["sites"]["x"], [1.0, 1.0])


def test_one_spin_has_no_correlators():
    exact = read_model(config(free(1))).exact()
    assert set(exact["means"]) == {"x", "y", "z"}


def ask(model, path="/page/exact_open_system"):
    answer = Page(lambda: [model]).answer("POST", path, json.dumps({"model": model.name}).encode())
    return answer.status, json.loads(answer.body)


def test_several_states_at_rest_are_told():
    status, content = ask(ServedModel("m", 1, config(free(), jumps={"dephasing": 1.0}, time=None)))
    assert status == 400
    assert content["error"] == (
        "There are no exact values of this model: More than one state stays as it is."
    )


def test_others_are_answered_while_values_are_computed(monkeypatch):
    known, other = ServedModel("known", 1, config(time=0.3)), ServedModel("m", 1, config(time=0.4))
    assert ask(known)[0] == 200
    started, go_on = threading.Event(), threading.Event()
    compute = open_systems._exact

    def slowly(values):
        started.set()
        assert go_on.wait(30)
        return compute(values)

    monkeypatch.setattr(open_systems, "_exact", slowly)
    monkeypatch.setattr(open_systems, "PATIENCE_SECONDS", 0.01)
    with ThreadPoolExecutor(1) as pool:
        computing = pool.submit(ask, other)
        assert started.wait(30)
        assert ask(known)[0] == 200
        status, content = ask(ServedModel("third", 1, config(time=0.5)))
        go_on.set()
        assert computing.result()[0] == 200
    assert (status, content["error"]) == (
        503,
        "Exact values of a model are being computed; ask again in a while.",
    )


def test_values_are_computed_once_and_the_oldest_are_forgotten(monkeypatch):
    computed = []
    monkeypatch.setattr(
        open_systems, "_exact", lambda values: computed.append(values["time"]) or {}
    )
    kept = open_systems._KeptValues()
    times = [*range(17), 16, 1, 0]
    for time in times:
        kept.find(json.dumps({"time": time}))
    assert computed == [*range(17), 0]


def test_answer_is_json():
    status, content = ask(ServedModel("m", 1, OPEN_SYSTEM))
    assert status == 200
    assert len(content["means"]["zz"]) == len(content["times"]) == 41
    assert np.shape(content["pairs"]["y"]) == (3, 3)


@pytest.mark.parametrize(
    ("content", "has_exact"),
    [
        (config({**ISING, "n_sites": 8}), True),
        (config({**ISING, "n_sites": 9}), False),
        # What another run has reached is not known here.
        (config(start="/runs/first"), False),
        (config(start="/runs/first", time=None), True),
    ],
)
def test_description_tells_whether_there_are_exact_values(content, has_exact):
    told = describe(ServedModel("m", 1, content))
    assert told["has_exact"] == has_exact
    assert told["kind"] == "open_system"
    if not has_exact:
        assert ask(ServedModel("m", 1, content))[0] == 400


def test_description_has_what_the_page_draws():
    told = describe(ServedModel("m", 1, {**OPEN_SYSTEM, "measurement": "four_pauli"}))
    assert (told["time"], told["jumps_text"], told["n_sites"]) == (0.7, "decay", 3)
    assert np.shape(list(told["pauli_values"].values())) == (3, 4)
    older = {**OPEN_PHYSICS, "jumps": {"decay": 1.0}, "decay_rate": 2.0}
    model = read_model({**OPEN_SYSTEM, "physics": older})
    assert model.jumps.as_mapping() == {"decay": 2.0}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({**OPEN_SYSTEM, "measurement": "all"}, "Key `measurement` must be one of tetrahedral, "),
        ({**OPEN_SYSTEM, "serving": {"time": -1}}, "Key `serving.time` must be a time or null, bu"),
        ({**OPEN_SYSTEM, "serving": 3}, "Key `serving` must be a mapping, but is 3."),
        (config(jumps={"decay": -1.0}), "Key `physics.jumps` must be valid, but: "),
        (
            config(start_angles=[[0.0, 0.0]] * 3),
            "Key `start_angles` must have a pair for each of 2",
        ),
        (config(start_angles=[["a", 0.0]]), "Key `start_angles` must be valid, but: "),
    ],
)
def test_unusable_configuration_is_explained(content, message):
    with pytest.raises(ValueError, match="^Key") as raised:
        read_model(content)
    assert message in str(raised.value)
