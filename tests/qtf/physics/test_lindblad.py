import json
import re
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg

from qtf.physics import (
    Chain,
    JumpOperator,
    Lindbladian,
    OutcomeGenerator,
    PauliSum,
    PauliTerm,
    SeveralSteadyStates,
    Square,
    decay,
    four_pauli,
    ising,
    tetrahedral,
    xyz,
)
from qtf.physics._arnoldi import exponential_evolve

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "open_systems.json").read_text())
DEPHASING = np.diag([1, -1])
LEFT = np.array([1, -1j]) / np.sqrt(2)


def driven_spin(drive, detuning, rate):
    terms = [PauliTerm(drive / 2, (0,), "X"), PauliTerm(detuning / 2, (0,), "Z")]
    return Lindbladian(PauliSum(1, terms), decay(1, rate))


def stiff_chain(n_sites=3):
    """Couplings that do not commute, jumps of three kinds."""
    hamiltonian = xyz(Chain(n_sites), coupling_x=2.0, coupling_y=0.5, field=1.0)
    jumps = [*decay(n_sites, 0.7), (1, DEPHASING, 0.4), (2, [[0.1, 1j], [0.5, -0.2]], 0.9)]
    return Lindbladian(hamiltonian, jumps)


def mean(pauli, n_sites):
    return PauliSum(n_sites, [PauliTerm(1 / n_sites, (site,), pauli) for site in range(n_sites)])


def expectation(operator, rho):
    return np.einsum("...ij,ji->...", rho, operator.to_dense()).real


def random_density_matrix(n_sites, random_states):
    root = random_states(2**n_sites, 2**n_sites)
    rho = root @ root.conj().T
    return rho / np.trace(rho)


def chain_of_the_paper(n_sites):
    hamiltonian = xyz(
        Chain(n_sites, periodic=True), coupling_x=2.0, coupling_y=0.0, coupling_z=1.0, field=1.0
    )
    return Lindbladian(hamiltonian, decay(n_sites))


def ising_of_the_paper(n_sites, g):
    hamiltonian = ising(
        Chain(n_sites, periodic=True),
        coupling=-0.5,
        transverse_field=-g / 2,
        longitudinal_field=0.0,
    )
    return Lindbladian(hamiltonian, decay(n_sites))


def test_lindblad_equation_equals_its_formula_written_out(kronecker, random_states):
    rho = random_density_matrix(3, random_states)
    h = sum(2.0 * kronecker(3, {i: "X", i + 1: "X"}) for i in (0, 1))
    h = h + sum(0.5 * kronecker(3, {i: "Y", i + 1: "Y"}) for i in (0, 1))
    h = h + sum(kronecker(3, {i: "Z", i + 1: "Z"}) for i in (0, 1))
    h = h + sum(kronecker(3, {i: "Z"}) for i in range(3))
    lowering = [(kronecker(3, {i: "X"}) - 1j * kronecker(3, {i: "Y"})) / 2 for i in range(3)]
    jumps = [(g, 0.7) for g in lowering] + [(kronecker(3, {1: "Z"}), 0.4)]
    jumps.append((np.kron(np.eye(4), [[0.1, 1j], [0.5, -0.2]]), 0.9))
    expected = -1j * (h @ rho - rho @ h)
    for g, rate in jumps:
        dagger = g.conj().T
        expected += rate / 2 * (2 * g @ rho @ dagger - dagger @ g @ rho - rho @ dagger @ g)
    np.testing.assert_allclose(stiff_chain().apply(rho), expected, atol=1e-14)
    product = stiff_chain().liouvillian @ rho.reshape(-1)
    np.testing.assert_allclose(product.reshape(8, 8), expected, atol=1e-14)


def test_parts_add_up_to_the_whole(random_states):
    lindbladian = stiff_chain()
    rho = random_density_matrix(3, random_states)
    total = np.zeros_like(rho)
    for (i, j), part in lindbladian.local_parts():
        assert (i, j) in ((0, 1), (1, 2))
        moved = rho.reshape([2] * 6)
        axes = (i, j, 3 + i, 3 + j)
        tensor = part.liouvillian.toarray().reshape([2] * 8)
        image = np.tensordot(tensor, moved, axes=((4, 5, 6, 7), axes))
        total += np.moveaxis(image, (0, 1, 2, 3), axes).reshape(8, 8)
    np.testing.assert_allclose(total, lindbladian.apply(rho), atol=1e-14)


def test_spin_that_decays_follows_the_closed_form():
    rate, frequency, times = 0.8, 1.7, np.array([2.0, 0.0, 0.3, 5.0])
    spin = Lindbladian(PauliSum(1, [PauliTerm(frequency / 2, (0,), "Z")]), decay(1, rate))
    rho = spin.evolve(np.full((2, 2), 0.5), times)
    np.testing.assert_allclose(rho[:, 0, 0], 0.5 * np.exp(-rate * times), atol=1e-10)
    coherence = 0.5 * np.exp(-(rate / 2 + 1j * frequency) * times)
    np.testing.assert_allclose(rho[:, 0, 1], coherence, atol=1e-10)


def test_dephasing_keeps_populations_and_halves_coherences():
    spin = Lindbladian(PauliSum(1, []), [(0, DEPHASING, 0.5)])
    rho = spin.evolve([[0.3, 0.2j], [-0.2j, 0.7]], [np.log(2)])[0]
    np.testing.assert_allclose(rho, [[0.3, 0.1j], [-0.1j, 0.7]], atol=1e-12)


def test_driven_spin_has_the_steady_state_of_the_optical_bloch_equations():
    drive, detuning, rate = 1.3, 0.6, 0.9
    excited = drive**2 / 4 / (detuning**2 + rate**2 / 4 + drive**2 / 2)
    y = 2 * rate * excited / drive
    expected = [-2 * detuning * y / rate, y, 2 * excited - 1]
    spin = driven_spin(drive, detuning, rate)
    rho = spin.steady_state()
    p = OutcomeGenerator(spin, four_pauli()).steady_state()
    for pauli, value in zip("XYZ", expected, strict=True):
        assert expectation(mean(pauli, 1), rho) == pytest.approx(value, abs=1e-9)
        found = four_pauli().expectation(mean(pauli, 1), p)
        assert found == pytest.approx(value, abs=1e-9)


def test_evolution_equals_the_exponential_of_the_dense_liouvillian(random_states):
    lindbladian, rho0 = stiff_chain(), random_density_matrix(3, random_states)
    times = [3.0, 0.1, 1.0]
    dense = lindbladian.liouvillian.toarray()
    expected = [(scipy.linalg.expm(t * dense) @ rho0.reshape(-1)).reshape(8, 8) for t in times]
    np.testing.assert_allclose(lindbladian.evolve(rho0, times), expected, atol=1e-10)


def test_evolution_conserves_trace_hermiticity_and_positivity():
    up = np.zeros((8, 8))
    up[0, 0] = 1
    rho = stiff_chain().evolve(up, np.linspace(0, 4, 9))
    np.testing.assert_allclose(np.trace(rho, axis1=1, axis2=2), 1, atol=1e-10)
    np.testing.assert_allclose(rho, rho.conj().transpose(0, 2, 1), atol=1e-10)
    assert np.linalg.eigvalsh(rho).min() > -1e-10


def test_error_of_the_evolution_stays_below_the_tolerance(random_states):
    lindbladian, rho0 = stiff_chain(4), random_density_matrix(4, random_states)
    exact = lindbladian.evolve(rho0, [4.0], tolerance=1e-13)
    errors = [
        np.linalg.norm(lindbladian.evolve(rho0, [4.0], tolerance=tolerance) - exact)
        for tolerance in (1e-4, 1e-7, 1e-10)
    ]
    assert errors[0] < 1e-4
    assert errors[1] < 1e-7
    assert errors[2] < 1e-10


@pytest.mark.parametrize("povm", [tetrahedral(), four_pauli()], ids=["tetrahedral", "four-pauli"])
@pytest.mark.parametrize("lattice", [Chain(3), Square(2, 2, periodic=True)], ids=str)
def test_probabilities_evolve_as_the_density_matrix_does(povm, lattice):
    n_sites = lattice.n_sites
    hamiltonian = xyz(lattice, coupling_x=0.9, coupling_y=1.8, field=0.3)
    lindbladian = Lindbladian(hamiltonian, decay(n_sites))
    p0 = povm.product_probabilities([LEFT] * n_sites)
    rho = lindbladian.evolve(povm.density_matrix(p0), [0.5, 2.0])
    p = OutcomeGenerator(lindbladian, povm).evolve(p0, [0.5, 2.0])
    np.testing.assert_allclose(p, povm.probabilities(rho), atol=1e-9)
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-12)
    assert p.min() > -1e-12


def test_chain_of_the_paper_has_the_printed_magnetization():
    lindbladian, povm = chain_of_the_paper(4), tetrahedral()
    generator = OutcomeGenerator(lindbladian, povm)
    p = generator.evolve(povm.product_probabilities([LEFT] * 4), [0.5, 1, 2, 3, 5])
    expected = [-0.4112, -0.3217, -0.3703, -0.3777, -0.3739]
    np.testing.assert_allclose(povm.expectation(mean("Z", 4), p), expected, atol=5e-5)
    steady = povm.expectation(mean("Z", 4), generator.steady_state())
    assert steady == pytest.approx(-0.3734, abs=5e-5)
    rho = lindbladian.steady_state()
    assert expectation(mean("Z", 4), rho) == pytest.approx(steady, abs=1e-9)


def test_steady_states_of_the_ising_chain_equal_the_golden_values():
    for golden in GOLDEN["ising_chain_6"]:
        rho = ising_of_the_paper(6, golden["g"]).steady_state()
        found = [expectation(mean(pauli, 6), rho) for pauli in "XYZ"]
        np.testing.assert_allclose(found, golden["steady_xyz"], atol=1e-7)
        if golden["g"] == 2:
            np.testing.assert_allclose(found, [0.247, 0.381, -0.238], atol=5e-4)


def test_steady_state_is_a_density_matrix_that_stays():
    lindbladian = stiff_chain()
    rho = lindbladian.steady_state()
    assert np.linalg.norm(lindbladian.apply(rho)) < 1e-10
    assert np.trace(rho) == pytest.approx(1, abs=1e-12)
    assert np.linalg.eigvalsh(rho).min() > 0


def test_evolution_reaches_the_steady_state():
    lindbladian = stiff_chain()
    rho = lindbladian.evolve(np.eye(8) / 8, [60.0])[0]
    np.testing.assert_allclose(rho, lindbladian.steady_state(), atol=1e-9)


def test_terms_of_three_spins_evolve_as_schroedingers_equation_tells(random_states):
    rho = random_density_matrix(3, random_states)
    energies, basis = np.linalg.eigh(THREE_SPINS.to_dense())
    propagator = basis * np.exp(-0.8j * energies) @ basis.conj().T
    expected = propagator @ rho @ propagator.conj().T
    evolved = Lindbladian(THREE_SPINS, []).evolve(rho, [0.8])[0]
    np.testing.assert_allclose(evolved, expected, atol=1e-9)


def test_krylov_space_of_an_eigenvector_ends_early():
    matrix = np.diag([-1.0, -2.0])
    evolved = exponential_evolve(lambda v: matrix @ v, np.array([1.0, 0.0]), np.array([3.0]), 1e-10)
    np.testing.assert_allclose(evolved, [[np.exp(-3), 0]], atol=1e-15)


def test_steady_state_out_of_reach_is_refused():
    message = "Argument `tolerance` must be within reach, but is 1e-25 and the steady state is left"
    with pytest.raises(ValueError, match=message):
        driven_spin(1.3, 0.6, 0.9).steady_state(tolerance=1e-25)


SEVERAL = {
    "nothing decays": Lindbladian(xyz(Chain(3)), decay(3, 0.0)),
    "no jumps": Lindbladian(xyz(Chain(3)), []),
    "a spin without bond or decay": Lindbladian(
        ising(Chain(3), coupling=[1.0, 0.0]), decay(3, [1.0, 1.0, 0.0])
    ),
    "magnetization is kept": Lindbladian(
        xyz(Chain(3)), [(site, DEPHASING, 0.5) for site in range(3)]
    ),
    "two spins in eigenstates of Z": Lindbladian(
        ising(Chain(4), transverse_field=0.0), decay(4, [1.0, 0.0, 0.0, 1.0])
    ),
}


@pytest.mark.parametrize("name", SEVERAL)
def test_several_steady_states_are_not_taken_for_one(name):
    lindbladian = SEVERAL[name]
    generator = OutcomeGenerator(lindbladian, tetrahedral())
    for solver in (lindbladian, generator):
        with pytest.raises(SeveralSteadyStates, match="Argument `unique` must be False where"):
            solver.steady_state()
    rho = lindbladian.steady_state(unique=False)
    assert np.linalg.norm(lindbladian.apply(rho)) < 1e-10
    assert np.trace(rho) == pytest.approx(1, abs=1e-12)
    p = generator.steady_state(unique=False)
    assert np.linalg.norm(generator.apply(p)) < 1e-10


@pytest.mark.parametrize(
    "lindbladian",
    [
        # One spin that decays cools all that it is coupled to.
        Lindbladian(xyz(Chain(3), coupling_x=2.0, field=0.3), decay(3, [1.0, 0.0, 0.0])),
        Lindbladian(PauliSum(3, []), decay(3)),
        driven_spin(1.3, 0.6, 1e-3),
        chain_of_the_paper(4),
    ],
)
def test_one_steady_state_is_found_to_be_unique(lindbladian):
    rho = lindbladian.steady_state()
    np.testing.assert_allclose(lindbladian.steady_state(unique=False), rho, atol=1e-14)
    assert OutcomeGenerator(lindbladian, four_pauli()).steady_state().sum() == pytest.approx(1)


@pytest.mark.parametrize("scale", [1e-9, 1e9])
def test_steady_state_does_not_depend_on_the_unit_of_rates(scale):
    scaled = Lindbladian(
        scale * stiff_chain().hamiltonian,
        [(jump.site, jump.matrix, scale * jump.rate) for jump in stiff_chain().jump_ops],
    )
    rho = stiff_chain().steady_state()
    np.testing.assert_allclose(scaled.steady_state(), rho, atol=1e-9)
    p = OutcomeGenerator(scaled, tetrahedral()).steady_state()
    np.testing.assert_allclose(p, tetrahedral().probabilities(rho), atol=1e-9)
    evolved = stiff_chain().evolve(np.eye(8) / 8, [0.7])
    np.testing.assert_allclose(scaled.evolve(np.eye(8) / 8, [0.7 / scale]), evolved, atol=1e-9)
    nothing = Lindbladian(scaled.hamiltonian, decay(3, [scale, 0.0, 0.0]))
    assert nothing.largest_rate == scale


def test_the_largest_rate_counts_the_square_of_the_jump():
    jumps = [(0, 3 * np.diag([1.0, -1.0]), 2.0), (0, np.eye(2), 17.0)]
    assert Lindbladian(PauliSum(1, []), jumps).largest_rate == pytest.approx(18.0)


@pytest.mark.parametrize("norm", [1e-160, 1e155])
def test_evolution_of_any_operator_is_as_accurate(norm, random_states):
    rho0 = random_density_matrix(3, random_states)
    found = stiff_chain().evolve(norm * rho0, [0.5]) / norm
    np.testing.assert_allclose(found, stiff_chain().evolve(rho0, [0.5]), atol=1e-12)


CHAIN = PauliSum(2, [])
THREE_SPINS = PauliSum(3, [PauliTerm(0.7, (0, 1, 2), "XYZ"), PauliTerm(0.4, (1, 2), "YZ")])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: JumpOperator(0, np.eye(2), -1.0),
            "Argument `rate` must be at least 0, but is -1.0.",
        ),
        (
            lambda: JumpOperator(-1, np.eye(2), 1.0),
            "Argument `site` must be an integer of at least 0, but is -1.",
        ),
        (
            lambda: JumpOperator(0, np.eye(3), 1.0),
            "Argument `matrix` must be a finite matrix of shape (2, 2), but is",
        ),
        (
            lambda: decay(2, [1.0, 2.0, 3.0]),
            "Argument `rate` must be one number or 2 numbers, one for each site,"
            " but has shape (3,).",
        ),
        (
            lambda: Lindbladian(THREE_SPINS, []).local_parts(),
            "Argument `hamiltonian` must have terms of at most 2 sites,"
            " but has one of sites (0, 1, 2).",
        ),
        (
            lambda: Lindbladian(CHAIN, decay(3)),
            "Argument `jump_ops` must hold sites below n_sites = 2, but holds site 2.",
        ),
        (
            lambda: Lindbladian(CHAIN, [3.0]),
            "Argument `jump_ops` must hold (site, matrix, rate), but holds 3.0.",
        ),
        (
            lambda: Lindbladian(CHAIN, []).apply(np.eye(2)),
            "Argument `rho` must have shape (..., 4, 4), but has (2, 2).",
        ),
        (
            lambda: Lindbladian(CHAIN, []).apply(np.ones(4)),
            "Argument `rho` must hold square matrices, but has shape (4,).",
        ),
        (
            lambda: Lindbladian(CHAIN, []).evolve(np.eye(2), [1.0]),
            "Argument `rho0` must have shape (4, 4), but has (2, 2).",
        ),
        (
            lambda: Lindbladian(CHAIN, []).evolve(np.full((4, 4), np.nan), [1.0]),
            "Argument `rho0` must hold finite numbers, but is",
        ),
        (
            lambda: Lindbladian(CHAIN, []).evolve(np.eye(4), [1.0, -0.5]),
            "Argument `times` must be at least 0, but contains -0.5.",
        ),
        (
            lambda: Lindbladian(CHAIN, []).evolve(np.eye(4), [1.0], tolerance=0.0),
            "Argument `tolerance` must be positive, but is 0.0.",
        ),
        (
            lambda: Lindbladian(CHAIN, decay(2)).steady_state(unique=1),
            "Argument `unique` must be True or False, but is 1.",
        ),
        (
            lambda: OutcomeGenerator(Lindbladian(CHAIN, decay(2)), tetrahedral()).steady_state(
                unique="yes"
            ),
            "Argument `unique` must be True or False, but is 'yes'.",
        ),
        (
            lambda: Lindbladian(PauliSum(9, []), []).liouvillian,
            "Argument `n_sites` must be an integer from 1 to 8, but is 9.",
        ),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
