import numpy as np
import pytest
from scipy.linalg import expm

from qtf.physics import printed_state, sample_initial_states
from serving.page.dynamics import Dynamics
from serving.page.exact import INITIAL_STATES, exact_trajectory, initial_state
from serving.page.request_error import RequestError
from tests.serving.page.stub_server import CONFIG, DT

X, Y, Z = np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1, -1])
MODEL = Dynamics.from_config(CONFIG)


def on_site(matrix, site, n_sites):
    return np.kron(np.kron(np.eye(2**site), matrix), np.eye(2 ** (n_sites - site - 1)))


def ising_matrix(n_sites):
    fields = sum(
        1.05 * on_site(X, i, n_sites) - 0.5 * on_site(Z, i, n_sites) for i in range(n_sites)
    )
    bonds = (on_site(Z, i, n_sites) @ on_site(Z, i + 1, n_sites) for i in range(n_sites - 1))
    return fields - sum(bonds)


def expectation(matrix, psi):
    return np.einsum("tx,xy,ty->t", psi.conj(), matrix, psi).real


@pytest.mark.parametrize("n_sites", [2, 3, 4])
def test_trajectory_agrees_with_the_exponential_of_the_matrix(n_sites):
    psi0 = initial_state("haar", n_sites, 3)
    n_steps = 20
    answer = exact_trajectory(MODEL, n_sites, psi0, n_steps)
    propagator = expm(-1j * DT * ising_matrix(n_sites))
    expected = [psi0.astype(complex) / np.linalg.norm(psi0.astype(complex))]
    for _ in range(n_steps):
        expected.append(propagator @ expected[-1])
    psi = answer["psi_re"] + 1j * answer["psi_im"]
    np.testing.assert_allclose(psi, expected, atol=1e-13)
    np.testing.assert_allclose(answer["times"], DT * np.arange(n_steps + 1), atol=1e-15)
    np.testing.assert_allclose(
        answer["energy"], expectation(ising_matrix(n_sites), psi), atol=1e-12
    )
    for axis, matrix in {"x": X, "y": Y, "z": Z}.items():
        mean = sum(on_site(matrix, site, n_sites) for site in range(n_sites)) / n_sites
        found = answer[f"magnetization_{axis}"]
        np.testing.assert_allclose(found, expectation(mean, psi), atol=1e-12)


def test_terms_add_up_to_the_hamiltonian():
    paulis = {"X": X, "Y": Y, "Z": Z}
    total = np.zeros((8, 8), complex)
    for term in exact_trajectory(MODEL, 3, initial_state("up", 3, 0), 1)["terms"]:
        product = term["coefficient"] * np.eye(8)
        for site, letter in zip(term["sites"], term["paulis"], strict=True):
            product = product @ on_site(paulis[letter], site, 3)
        total += product
    np.testing.assert_allclose(total, ising_matrix(3), atol=1e-15)


@pytest.mark.parametrize(
    ("name", "n_sites", "index"),
    [
        ("up", 3, 0b000),
        ("down", 3, 0b111),
        ("neel", 4, 0b0101),
        ("neel", 5, 0b01010),
        ("domain_wall", 4, 0b0011),
        ("domain_wall", 5, 0b00011),
        ("domain_wall", 1, 0b0),
    ],
)
def test_basis_states(name, n_sites, index):
    psi = initial_state(name, n_sites, 0)
    assert psi[index] == 1
    assert np.count_nonzero(psi) == 1


def test_plus_is_an_eigenstate_of_every_x():
    psi = initial_state("plus", 3, 0)
    for site in range(3):
        np.testing.assert_allclose(on_site(X, site, 3) @ psi, psi, atol=1e-7)


@pytest.mark.parametrize(("name", "law"), [("haar", "haar"), ("random", "paper")])
def test_random_states_are_the_laws_and_depend_on_the_seed(name, law):
    expected = sample_initial_states(law, 3, 1, seed=7)[0]
    np.testing.assert_allclose(initial_state(name, 3, 7), expected, atol=1e-7)
    assert not np.allclose(initial_state(name, 3, 8), expected)


def test_paper_is_the_printed_state():
    np.testing.assert_allclose(initial_state("paper", 7, 0), printed_state(7), atol=1e-7)


@pytest.mark.parametrize("n_sites", [1, 8])
def test_paper_prints_no_state_of_other_sizes(n_sites):
    with pytest.raises(RequestError, match=f"from 2 to 7 for the state `paper`, but is {n_sites}"):
        initial_state("paper", n_sites, 0)


@pytest.mark.parametrize("name", INITIAL_STATES)
@pytest.mark.parametrize("n_sites", [2, 7])
def test_every_state_is_single_precision_and_normalised(name, n_sites):
    psi = initial_state(name, n_sites, 2**53 - 1)
    assert psi.dtype == np.complex64
    assert psi.shape == (2**n_sites,)
    assert abs(np.linalg.norm(psi.astype(complex)) - 1) < 1e-6
