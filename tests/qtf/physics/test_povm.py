import itertools
import re

import numpy as np
import pytest

from qtf.physics import (
    Chain,
    Lindbladian,
    OutcomeGenerator,
    PauliSum,
    PauliTerm,
    Povm,
    Square,
    decay,
    four_pauli,
    tetrahedral,
)
from qtf.physics.pauli_matrices import PAULI_MATRICES

POVMS = {"tetrahedral": tetrahedral(), "four-pauli": four_pauli()}
LATTICES = [
    Chain(1),
    Chain(2),
    Chain(2, periodic=True),
    Chain(3, periodic=True),
    Chain(4),
    Square(2, 2),
    Square(2, 2, periodic=True),
]


@pytest.fixture(params=POVMS, ids=str)
def povm(request):
    return POVMS[request.param]


def random_density_matrix(n_sites, seed=0):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(2, 2**n_sites, 2**n_sites))
    root = root[0] + 1j * root[1]
    rho = root @ root.conj().T
    return rho / np.trace(rho)


def general_lindbladian(lattice):
    """Every kind of term, no two coefficients equal, three kinds of jumps."""
    n, rng = lattice.n_sites, np.random.default_rng(1)
    pairs = ("XX", "YY", "ZZ", "XY", "ZX")
    terms = [PauliTerm(rng.normal(), b, pair) for b in lattice.bonds() for pair in pairs]
    terms += [PauliTerm(rng.normal(), (i,), pauli) for i in range(n) for pauli in "XYZ"]
    # Also a pair that descends, and the identity.
    terms += [PauliTerm(0.6, (j, i), "YZ") for i, j in lattice.bonds()]
    terms += [PauliTerm(0.3, (), "")]
    jumps = [*decay(n, rng.uniform(0.5, 2.0, n)), (0, rng.normal(size=(2, 2)), 0.4)]
    jumps += [(n - 1, rng.normal(size=(2, 2)) + 1j * rng.normal(size=(2, 2)), 0.7)]
    return Lindbladian(PauliSum(n, terms), jumps)


def strings_of(matrices, n_sites):
    """Tensor products of four one-spin matrices for all strings, written out."""
    for string in itertools.product(range(4), repeat=n_sites):
        product = np.eye(1)
        for outcome in string:
            product = np.kron(product, matrices[outcome])
        yield product


def test_effects_add_up_to_one_and_are_positive(povm):
    np.testing.assert_allclose(povm.effects.sum(axis=0), np.eye(2), atol=1e-15)
    assert np.linalg.eigvalsh(povm.effects).min() > -1e-15


def test_overlap_of_the_tetrahedron_is_the_symmetric_one():
    expected = (np.ones((4, 4)) + 2 * np.eye(4)) / 12
    np.testing.assert_allclose(tetrahedral().overlap, expected, atol=1e-15)


def test_overlap_of_the_four_pauli_measurement_has_a_third_on_pure_effects():
    overlap = four_pauli().overlap
    np.testing.assert_allclose(np.diag(overlap), [1 / 9, 1 / 9, 1 / 9, 2 / 3], atol=1e-15)
    np.testing.assert_allclose(overlap.sum(axis=1), [1 / 3, 1 / 3, 1 / 3, 1.0], atol=1e-15)


def test_duals_are_dual_to_the_effects(povm):
    products = np.einsum("aij,bji->ab", povm.effects, povm.duals)
    np.testing.assert_allclose(products, np.eye(4), atol=1e-14)
    np.testing.assert_allclose(np.trace(povm.duals, axis1=1, axis2=2), 1, atol=1e-14)


def test_pauli_values_times_probabilities_are_expectations(povm):
    rho = random_density_matrix(1)
    for pauli, matrix in PAULI_MATRICES.items():
        mean = povm.probabilities(rho) @ povm.pauli_values(pauli)
        assert mean == pytest.approx(np.trace(rho @ matrix).real, abs=1e-14)


@pytest.mark.parametrize("n_sites", [1, 2, 3])
def test_probabilities_are_traces_with_products_of_effects(povm, n_sites):
    rho = random_density_matrix(n_sites)
    expected = [np.trace(rho @ effect).real for effect in strings_of(povm.effects, n_sites)]
    p = povm.probabilities(rho)
    np.testing.assert_allclose(p, expected, atol=1e-15)
    assert p.min() > 0
    assert p.sum() == pytest.approx(1, abs=1e-14)


def test_density_matrix_is_the_sum_of_products_of_duals(povm):
    p = np.random.default_rng(0).dirichlet(np.ones(64))
    duals = strings_of(povm.duals, 3)
    expected = sum(weight * dual for weight, dual in zip(p, duals, strict=True))
    np.testing.assert_allclose(povm.density_matrix(p), expected, atol=1e-13)


def test_round_trips_give_density_matrices_back_also_in_batches(povm):
    rho = np.array([[random_density_matrix(4, seed) for seed in range(3)]] * 2)
    p = povm.probabilities(rho)
    assert p.shape == (2, 3, 256)
    np.testing.assert_allclose(povm.density_matrix(p), rho, atol=1e-13)
    np.testing.assert_allclose(povm.probabilities(povm.density_matrix(p)), p, atol=1e-14)


def test_product_probabilities_are_those_of_the_product_state(povm):
    states = np.array([[1, 0], [1 / np.sqrt(2), -1j / np.sqrt(2)], [0.6, 0.8j]])
    psi = np.kron(np.kron(states[0], states[1]), states[2])
    expected = povm.probabilities(np.outer(psi, psi.conj()))
    np.testing.assert_allclose(povm.product_probabilities(states), expected, atol=1e-15)


def test_expectation_of_pauli_strings_is_that_of_the_density_matrix(povm):
    rho = np.array([random_density_matrix(3, seed) for seed in (0, 1)])
    terms = [((0, 2), "XY"), ((1,), "Z"), ((2, 1, 0), "ZXY"), ((), "")]
    operator = PauliSum(3, [PauliTerm(0.5 + k, *term) for k, term in enumerate(terms)])
    expected = np.einsum("tij,ji->t", rho, operator.to_dense()).real
    found = povm.expectation(operator, povm.probabilities(rho))
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("lattice", LATTICES, ids=str)
def test_generator_is_the_measured_lindblad_equation(povm, lattice):
    lindbladian, n = general_lindbladian(lattice), lattice.n_sites
    generator = OutcomeGenerator(lindbladian, povm)
    rho = random_density_matrix(n)
    change = povm.probabilities(lindbladian.apply(rho))
    found = generator.apply(povm.probabilities(rho))
    np.testing.assert_allclose(found, change, atol=1e-13)
    # Not only on density matrices.
    p = np.random.default_rng(0).normal(size=4**n)
    change = povm.probabilities(lindbladian.apply(povm.density_matrix(p)))
    np.testing.assert_allclose(generator.apply(p), change, atol=1e-10)


@pytest.mark.parametrize("lattice", LATTICES, ids=str)
def test_columns_of_the_generator_add_up_to_zero(povm, lattice):
    sums = OutcomeGenerator(general_lindbladian(lattice), povm).column_sums()
    assert np.abs(sums).max() < 1e-12


def test_measured_lindblad_equation_is_real(povm):
    lindbladian = general_lindbladian(Chain(2))
    change = lindbladian.apply(povm.density_matrix(np.eye(16)))
    entries = [
        [np.trace(effect @ image) for image in change] for effect in strings_of(povm.effects, 2)
    ]
    assert np.abs(np.imag(entries)).max() < 1e-13
    matrix = OutcomeGenerator(lindbladian, povm).matrices[0]
    np.testing.assert_allclose(matrix, np.real(entries), atol=1e-13)


def test_generator_of_forty_spins_holds_local_matrices_only():
    lindbladian = general_lindbladian(Chain(40, periodic=True))
    generator = OutcomeGenerator(lindbladian, tetrahedral())
    assert generator.matrices.shape == (40, 16, 16)
    assert generator.bonds[[0, 1, -1]].tolist() == [[0, 1], [0, 39], [38, 39]]


def test_site_without_bonds_has_a_part_of_its_own():
    ends = PauliSum(3, [PauliTerm(1.0, (0, 2), "ZZ"), PauliTerm(0.5, (1,), "X")])
    for n_sites, lone in ((3, [1]), (4, [1, 3])):
        hamiltonian = PauliSum(n_sites, ends.terms)
        lindbladian, povm = Lindbladian(hamiltonian, decay(n_sites)), tetrahedral()
        generator = OutcomeGenerator(lindbladian, povm)
        assert generator.bonds.tolist() == [[0, 2]]
        assert generator.sites.tolist() == lone
        rho = random_density_matrix(n_sites)
        change = povm.probabilities(lindbladian.apply(rho))
        np.testing.assert_allclose(generator.apply(povm.probabilities(rho)), change, atol=1e-13)


def test_bonds_that_a_small_periodic_lattice_has_twice_add_up():
    once, twice = (
        Lindbladian(PauliSum(2, [PauliTerm(1.0, bond, "XX") for bond in lattice.bonds()]), [])
        for lattice in (Chain(2), Chain(2, periodic=True))
    )
    single, double = (OutcomeGenerator(part, tetrahedral()) for part in (once, twice))
    assert double.bonds.tolist() == [[0, 1]]
    np.testing.assert_allclose(double.matrices, 2 * single.matrices)


@pytest.mark.parametrize(
    ("effects", "message"),
    [
        (np.zeros((3, 2, 2)), "Argument `effects` must have shape (4, 2, 2), but has (3, 2, 2)."),
        (
            np.array([[[1, 1], [0, 1]]] * 4) / 4,
            "Argument `effects` must be Hermitian without negative eigenvalues, but is",
        ),
        (np.array([np.eye(2)] * 4), "Argument `effects` must add up to 1, but add up to"),
        (np.array([np.eye(2)] * 4) / 4, "Argument `effects` must be linearly independent, but is"),
    ],
)
def test_effects_that_are_no_complete_measurement_are_refused(effects, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Povm(effects)


def call_with(method, argument):
    return lambda: getattr(tetrahedral(), method)(argument)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            call_with("probabilities", np.eye(2)[0]),
            "Argument `rho` must hold square matrices, but has shape (2,).",
        ),
        (
            call_with("density_matrix", np.ones(8)),
            "Argument `probabilities` must have 4**n entries on its last axis, but has shape (8,).",
        ),
        (
            call_with("product_probabilities", [1, 0]),
            "Argument `states` must have shape (n, 2), but has (2,).",
        ),
        (
            call_with("product_probabilities", [[1, 1]]),
            "Argument `states` must have norm 1, but has norms [1.41421356].",
        ),
        (
            call_with("pauli_values", "W"),
            "Argument `pauli` must be one of X, Y, Z, but is 'W'.",
        ),
        (
            lambda: OutcomeGenerator(general_lindbladian(Chain(2)), tetrahedral()).apply([1.0]),
            "Argument `probabilities` must have shape (16,), but has (1,).",
        ),
        (
            lambda: OutcomeGenerator(general_lindbladian(Chain(2)), tetrahedral()).apply([1j]),
            "Argument `probabilities` must be real and finite, but is [1j].",
        ),
        (
            lambda: OutcomeGenerator(
                Lindbladian(PauliSum(13, []), []), four_pauli()
            ).steady_state(),
            "Argument `n_sites` must be an integer from 1 to 12, but is 13.",
        ),
        (
            lambda: tetrahedral().expectation(PauliSum(1, []), [0.5, 0.5j, 0.0, 0.0]),
            "Argument `probabilities` must be real and finite, but is [0.5, 0.5j, 0.0, 0.0].",
        ),
        (
            lambda: tetrahedral().density_matrix([0.5, np.nan, 0.0, 0.0]),
            "Argument `probabilities` must be real and finite, but is [0.5, nan, 0.0, 0.0].",
        ),
        (
            lambda: tetrahedral().density_matrix(0.5),
            "Argument `probabilities` must have 4**n entries on its last axis, but has shape ().",
        ),
        (
            lambda: tetrahedral().probabilities([[np.inf, 0.0], [0.0, 0.0]]),
            "Argument `rho` must hold finite numbers, but is [[inf, 0.0], [0.0, 0.0]].",
        ),
        (
            lambda: tetrahedral().site_probabilities([[np.nan, 0.0]]),
            "Argument `states` must be finite, but contains nan.",
        ),
        (
            lambda: tetrahedral().site_probabilities([["up", "down"]]),
            "Argument `states` must hold numbers, but has dtype <U4.",
        ),
        (
            lambda: tetrahedral().expectation(PauliSum(2, []), np.ones(4)),
            "Argument `probabilities` must have 16 entries on its last axis, but has shape (4,).",
        ),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
