"""Exact values of wave functions, against dense matrices and closed forms."""

import json

import numpy as np
import pytest

from qtf.physics import HamiltonianSettings, all_spins, heisenberg_chain_ground_energy
from serving.page import Page, ServedModel
from serving.page.explorable import describe, read_model
from tests.serving.page.sampled_stub import GROUND_STATE
from tests.serving.page.stub_server import SERVED

CHAIN = {"name": "heisenberg", "lattice": "chain", "n_sites": 4}


def config(hamiltonian=CHAIN, **wave_function):
    return {"physics": {"hamiltonian": hamiltonian}, "wave_function": wave_function}


def chain(n_sites, **values):
    return {**CHAIN, "n_sites": n_sites, **values}


def levels(hamiltonian):
    matrix = HamiltonianSettings.from_mapping(hamiltonian).build().to_dense()
    return np.linalg.eigh(matrix)


def test_exact_values_are_those_of_the_dense_matrix():
    exact = read_model(GROUND_STATE).exact()
    energies, states = levels(GROUND_STATE["physics"]["hamiltonian"])
    weights, spins = np.abs(states[:, 0]) ** 2, all_spins(6)
    assert exact["energy"] == pytest.approx(energies[0], rel=1e-12)
    assert exact["gap"] == pytest.approx(energies[1] - energies[0], rel=1e-9)
    np.testing.assert_allclose(exact["z"], weights @ spins, atol=1e-10)
    expected = np.einsum("x,xi,xj->ij", weights, spins, spins)
    np.testing.assert_allclose(exact["zz"], expected, atol=1e-10)


@pytest.mark.parametrize("n_sites", [6, 8, 12])
def test_energies_of_chains_are_those_of_the_bethe_equations(n_sites):
    exact = read_model(config(chain(n_sites), zero_magnetization=True)).exact()
    assert exact["energy"] == pytest.approx(heisenberg_chain_ground_energy(n_sites), rel=1e-9)
    np.testing.assert_allclose(exact["z"], 0, atol=1e-9)
    assert describe(ServedModel("m", 1, config(chain(n_sites))))["has_exact"]


def test_levels_are_counted_within_the_sector():
    energies, states = levels(CHAIN)
    totals = (np.abs(states) ** 2).T @ all_spins(4).sum(axis=1)
    triplet = read_model(config(magnetization=2)).exact()
    assert triplet["energy"] == pytest.approx(min(energies[totals > 1.9]))
    above = read_model({**config(zero_magnetization=True), "orthogonal_to": ["RUN"]}).exact()
    assert above["energy"] == pytest.approx(triplet["energy"])
    assert above["z"] is not None


def test_level_of_several_states_has_no_means():
    exact = read_model(config(chain(3))).exact()
    assert exact["energy"] == pytest.approx(-1.0)
    assert (exact["gap"], exact["z"], exact["zz"]) == (pytest.approx(0.0), None, None)


def test_level_that_is_not_there_has_no_values():
    last = read_model({**config(chain(2), magnetization=2), "orthogonal_to": []}).exact()
    assert (last["energy"], last["gap"]) == (0.25, None)
    missing = read_model({**config(chain(2), magnetization=2), "orthogonal_to": ["RUN"]}).exact()
    assert set(missing.values()) == {None}


def test_no_hamiltonian_has_the_energy_0():
    exact = read_model(config(chain(8, coupling=0.0))).exact()
    assert (exact["energy"], exact["gap"], exact["z"]) == (0.0, 0.0, None)


def test_large_systems_have_no_exact_values():
    model = ServedModel("large", 1, config(chain(13)))
    assert not describe(model)["has_exact"]
    page = Page(lambda: [model])
    answer = page.answer("POST", "/page/exact_ground_state", b'{"model": "large"}')
    assert answer.status == 400
    assert json.loads(answer.body)["error"] == "There are no exact values of this model."


def test_description_has_what_the_page_draws():
    told = describe(ServedModel("psi", 2, GROUND_STATE))
    assert (told["kind"], told["n_sites"], told["max_samples"]) == ("ground_state", 6, 4096)
    assert told["positions"][4] == [1.0, 1.0]
    assert [0, 3] in told["bonds"]
    assert (told["level"], told["magnetization"]) == (0, None)
    assert told["hamiltonian_text"].endswith("open 2 × 3 square, g\u00a0=\u00a01.5")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({**config(), "wave_function": 3}, "Key `wave_function` must be a mapping, but is 3."),
        ({"wave_function": {}}, "Key `physics` must be a mapping, but is None."),
        (config({"name": "ising"}), "Key `physics.hamiltonian` must be valid, but: Argument `con"),
        (config(magnetization=0.5), "Key `wave_function.magnetization` must be an integer, but is"),
        ({**config(), "orthogonal_to": "RUN"}, "Key `orthogonal_to` must be a list, but is 'RUN'."),
        ({**config(), "serving": {"max_samples": 0}}, "Key `serving.max_samples` must be a positi"),
    ],
)
def test_unusable_configuration_is_explained(content, message):
    with pytest.raises(ValueError, match="^Key") as raised:
        read_model(content)
    assert message in str(raised.value)


def test_exact_values_of_another_kind_are_refused():
    page = Page(lambda: [*SERVED, ServedModel("psi", 1, GROUND_STATE)])
    answer = page.answer("POST", "/page/exact_ground_state", b'{"model": "ising"}')
    expected = "Model 'ising' must be of the kind ground_state, but is of the kind dynamics."
    assert (answer.status, json.loads(answer.body)["error"]) == (400, expected)
    answer = page.answer("POST", "/page/exact_ground_state", b'{"model": "psi"}')
    assert answer.status == 200
    assert len(json.loads(answer.body)["zz"]) == 6
