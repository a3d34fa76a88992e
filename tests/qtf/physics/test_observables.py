import numpy as np
import pytest
from scipy.linalg import logm

from qtf.physics import (
    Chain,
    Square,
    correlation,
    custom,
    energy,
    entanglement_entropy,
    expectation,
    fidelity,
    heisenberg,
    ising,
    local_magnetization,
    magnetization,
    observable_operators,
    sample_initial_states,
)


def sandwich(matrix, psi):
    norms = np.einsum("bx,bx->b", psi.conj(), psi)
    return (np.einsum("bx,xy,by->b", psi.conj(), matrix, psi) / norms).real


@pytest.mark.parametrize("axis", ["x", "y", "z"])
@pytest.mark.parametrize("n_sites", [1, 2, 4])
def test_magnetizations_equal_kronecker_products(n_sites, axis, kronecker, random_states):
    psi = random_states(5, 2**n_sites)
    matrices = [kronecker(n_sites, {i: axis.upper()}) for i in range(n_sites)]
    expected = np.stack([sandwich(matrix, psi) for matrix in matrices], axis=-1)
    np.testing.assert_allclose(local_magnetization(psi, axis), expected, atol=1e-13)
    np.testing.assert_allclose(magnetization(psi, axis), expected.mean(axis=-1), atol=1e-13)


@pytest.mark.parametrize(("axis", "down"), [("x", 1), ("y", 1j), ("z", 0)])
def test_spin_along_an_axis_has_magnetization_one(axis, down):
    spin = np.array([1, down])
    assert magnetization(np.kron(spin, spin), axis) == pytest.approx(1)


@pytest.mark.parametrize("axes", ["xx", "xy", "yx", "yz", "zx", "zz"])
@pytest.mark.parametrize("sites", [(0, 1), (2, 0)])
def test_correlation_equals_kronecker_products(sites, axes, kronecker, random_states):
    psi = random_states(5, 8)
    letters = dict(zip(sites, axes.upper(), strict=True))
    expected = sandwich(kronecker(3, letters), psi)
    np.testing.assert_allclose(correlation(psi, *sites, axes), expected, atol=1e-13)


@pytest.mark.parametrize(
    "hamiltonian", [ising(Chain(3)), heisenberg(Square(1, 3)), custom(3, [(0.4, (2, 0), "YZ")])]
)
def test_expectation_and_energy_equal_matrix_products(hamiltonian, random_states):
    psi = random_states(5, 8)
    expected = sandwich(hamiltonian.to_dense(), psi)
    np.testing.assert_allclose(expectation(hamiltonian, psi), expected, atol=1e-13)
    np.testing.assert_allclose(energy(hamiltonian, psi), expected, atol=1e-13)


def test_fidelity_equals_squared_overlap_of_normalised_states(random_states):
    psi, phi = random_states(5, 8, seed=1), random_states(5, 8, seed=2)
    overlaps = [abs(np.vdot(a, b)) ** 2 for a, b in zip(psi, phi, strict=True)]
    norms = np.linalg.norm(psi, axis=-1) * np.linalg.norm(phi, axis=-1)
    np.testing.assert_allclose(fidelity(psi, phi), overlaps / norms**2, atol=1e-14)


def test_fidelity_is_one_up_to_phase_and_norm_and_broadcasts(random_states):
    psi = random_states(5, 8)
    np.testing.assert_allclose(fidelity(psi, 3j * psi), 1, atol=1e-14)
    assert fidelity(psi[:, None], psi[None]).shape == (5, 5)


@pytest.mark.parametrize("n_left", [1, 2, 3])
def test_entropy_equals_that_of_the_reduced_density_matrix(n_left, random_states):
    psi = random_states(4, 16)
    expected = []
    for state in psi / np.linalg.norm(psi, axis=-1, keepdims=True):
        # The smaller side, whose density matrix has full rank.
        matrix = state.reshape(2**n_left, -1)
        matrix = matrix if n_left <= 2 else matrix.T
        rho = matrix @ matrix.conj().T
        expected.append(-np.trace(rho @ logm(rho)).real)
    np.testing.assert_allclose(entanglement_entropy(psi, n_left), expected, atol=1e-12)


def test_entropy_of_product_is_zero_and_of_pairs_counts_them():
    assert entanglement_entropy(sample_initial_states("product", 3, 1, seed=0), 1)[0] < 1e-13
    pair = np.array([1.0, 0.0, 0.0, 1.0])
    crossing = np.kron(pair, pair).reshape((2,) * 4).transpose(0, 2, 1, 3).reshape(-1)
    assert entanglement_entropy(crossing, 2) == pytest.approx(2 * np.log(2))
    assert entanglement_entropy(np.kron(pair, pair), 2) == 0


def observable_calls(psi):
    return {
        "expectation": lambda: expectation(ising(Chain(2)), psi),
        "energy": lambda: energy(ising(Chain(2)), psi),
        "local_magnetization": lambda: local_magnetization(psi),
        "magnetization": lambda: magnetization(psi),
        "correlation": lambda: correlation(psi, 0, 1),
        "fidelity": lambda: fidelity(psi, psi),
        "entanglement_entropy": lambda: entanglement_entropy(psi, 1),
    }


EVERY = pytest.mark.parametrize("name", observable_calls(None))


@EVERY
def test_batches_keep_their_shape(name, random_states):
    psi = random_states(6, 4).reshape(2, 3, 4)
    together = observable_calls(psi)[name]()
    assert together.shape[:2] == (2, 3)
    np.testing.assert_allclose(observable_calls(psi[1, 2])[name](), together[1, 2], atol=1e-14)


@EVERY
def test_norm_of_the_state_does_not_matter(name, random_states):
    psi = random_states(3, 4)
    scaled = observable_calls(5j * psi)[name]()
    np.testing.assert_allclose(scaled, observable_calls(psi)[name](), atol=1e-13)


@EVERY
def test_single_precision_is_computed_in_double(name, random_states):
    psi = random_states(3, 4).astype(np.complex64)
    found = observable_calls(psi)[name]()
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, observable_calls(psi.astype(np.complex128))[name]())


@EVERY
def test_zero_state_is_refused(name):
    message = r"`psi` must not be zero, but contains a state of norm 0\.0\."
    with pytest.raises(ValueError, match=message):
        observable_calls(np.array([[1.0, 0, 0, 0], [0, 0, 0, 0]]))[name]()


@EVERY
def test_state_not_finite_is_refused(name):
    with pytest.raises(ValueError, match=r"`psi` must be finite, but contains nan\."):
        observable_calls(np.array([1.0, np.nan, 0, 0]))[name]()


@EVERY
def test_state_of_wrong_dimension_is_refused(name):
    message = r"(`dimension` must be a power of two|must have 4 amplitudes).* (3|\(3,\))\."
    with pytest.raises(ValueError, match=message):
        observable_calls(np.ones(3))[name]()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda psi: magnetization(psi, "w"), r"`axis` must be one of x, y, z, but is 'w'\."),
        (lambda psi: local_magnetization(psi, "Z"), r"`axis` must be one of x, y, z, but is 'Z'"),
        (lambda psi: correlation(psi, 0, 2), r"`site_j` must be an integer from 0 to 1, but is 2"),
        (lambda psi: correlation(psi, -1, 0), r"`site_i` must be an integer from 0 to 1, but is"),
        (lambda psi: correlation(psi, 1, 1), r"`sites` must not repeat a site, but is \(1, 1\)\."),
        (lambda psi: correlation(psi, 0, 1, "z"), r"`axes` must be one of xx, .*, but is 'z'\."),
        (lambda psi: entanglement_entropy(psi, 0), r"`n_left` must be an integer from 1 to 1"),
        (lambda psi: entanglement_entropy(psi, 2), r"`n_left` .* from 1 to 1, but is 2\."),
        (lambda psi: fidelity(psi, np.ones(8)), r"`phi` must have 4 amplitudes .* \(8,\)\."),
        (lambda psi: fidelity(psi, np.zeros(4)), r"`phi` must not be zero"),
    ],
)
def test_observable_with_wrong_argument_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.ones(4))


def test_scalar_in_place_of_a_state_is_refused():
    with pytest.raises(ValueError, match=r"`dimension` must be an integer of at least 2, but is 1"):
        magnetization(3.0)


def test_bounds_hold_to_the_last_digit(random_states):
    for psi in random_states(500, 8):
        assert fidelity(psi, psi) <= 1.0
        assert fidelity(psi, 1e-3j * psi) <= 1.0
    up = random_states(500, 1) * np.eye(8)[0]
    assert np.abs(local_magnetization(up)).max() <= 1.0
    assert correlation(up, 0, 2).max() <= 1.0


@EVERY
@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e155, 1e300])
def test_observables_do_not_depend_on_the_norm(name, scale, random_states):
    psi = random_states(1, 4)[0]
    expected = observable_calls(psi)[name]()
    np.testing.assert_allclose(observable_calls(scale * psi)[name](), expected, rtol=1e-12)


def test_states_of_a_batch_are_scaled_one_by_one(random_states):
    psi = random_states(3, 8)
    scaled = psi * np.array([[1e-200], [1.0], [1e200]])
    np.testing.assert_allclose(magnetization(scaled), magnetization(psi), rtol=1e-12)
    np.testing.assert_allclose(fidelity(scaled, psi), 1.0, rtol=1e-14)
    with pytest.raises(ValueError, match="`psi` must not be zero"):
        magnetization(scaled * np.array([[1.0], [0.0], [1.0]]))


def test_operators_of_the_table_measure_what_their_names_say():
    hamiltonian = ising(Chain(4))
    psi = sample_initial_states("haar", 4, 3, seed=0)
    operators = observable_operators(hamiltonian)
    expected = {f"magnetization_{axis}": magnetization(psi, axis) for axis in "xyz"}
    expected["energy"] = energy(hamiltonian, psi)
    assert operators.keys() == expected.keys()
    for name, operator in operators.items():
        np.testing.assert_allclose(expectation(operator, psi), expected[name], atol=1e-13)
