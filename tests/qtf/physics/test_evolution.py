import numpy as np
import pytest
from scipy.linalg import expm

from qtf.physics import (
    Chain,
    Eigenbasis,
    Square,
    constant_evolution,
    custom,
    energy,
    evolve,
    heisenberg,
    ising,
    j1j2,
    local_magnetization,
    sample_initial_states,
)

from .closed_forms import (
    heisenberg_pair_evolution,
    ising_transverse_magnetization,
    single_spin_evolution,
    two_spin_evolution,
)

METHODS = ("diagonalization", "krylov", "chebyshev")
COMPLEX = custom(4, [(0.7, (0, 1), "XY"), (-0.4, (1, 3), "ZZ"), (0.9, (2,), "Y"), (0.3, (), "")])
HAMILTONIANS = {
    "ising": ising(Chain(6)),
    "disordered": ising(
        Chain(5), coupling=[1.0, -0.3, 2.0, 0.7], transverse_field=np.arange(5) - 2
    ),
    "heisenberg": heisenberg(Square(2, 3)),
    "periodic": j1j2(Chain(6, periodic=True), units="pauli"),
    "complex": COMPLEX,
    "constant": custom(2, [(1.5, (), "")]),
    "zero": custom(2, []),
}
TIMES = np.array([0.7, 0.0, -1.2, 0.7, 9.0, 0.002])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", HAMILTONIANS)
def test_every_method_equals_matrix_exponential(name, method, random_states):
    hamiltonian = HAMILTONIANS[name]
    psi0 = random_states(3, hamiltonian.dimension)
    psi0 /= np.linalg.norm(psi0, axis=-1, keepdims=True)
    matrices = [expm(-1j * t * hamiltonian.to_dense()) for t in TIMES]
    expected = np.stack([psi0 @ u.T for u in matrices], axis=1)
    np.testing.assert_allclose(
        evolve(hamiltonian, psi0, TIMES, method=method), expected, atol=1e-11
    )


@pytest.mark.parametrize("hamiltonian", [ising(Chain(10)), heisenberg(Square(2, 4))])
def test_methods_agree_on_larger_systems(hamiltonian):
    psi0 = sample_initial_states("haar", hamiltonian.n_sites, 2, seed=0)
    exact, krylov, chebyshev = (
        evolve(hamiltonian, psi0, [0.05, 1.0, 6.0], method=method) for method in METHODS
    )
    np.testing.assert_allclose(krylov, exact, atol=1e-11)
    np.testing.assert_allclose(chebyshev, exact, atol=1e-11)


@pytest.mark.parametrize("method", ["krylov", "chebyshev"])
@pytest.mark.parametrize("tolerance", [1e-3, 1e-6, 1e-9, 1e-12])
def test_error_at_the_last_time_keeps_the_tolerance(method, tolerance):
    hamiltonian = ising(Chain(7))
    psi0 = 3.0 * sample_initial_states("paper", 7, 2, seed=1)
    times = np.linspace(0, 12, 5)
    exact = evolve(hamiltonian, psi0, times, method="diagonalization")
    stepped = evolve(hamiltonian, psi0, times, method=method, tolerance=tolerance)
    errors = np.linalg.norm(stepped - exact, axis=-1)
    assert errors.max() <= 3.0 * (tolerance + 1e-12)


@pytest.mark.parametrize("method", ["krylov", "chebyshev"])
def test_looser_tolerance_gives_larger_error(method):
    hamiltonian, psi0 = ising(Chain(6)), sample_initial_states("paper", 6, 1, seed=0)
    exact = evolve(hamiltonian, psi0, [20.0])
    errors = [
        np.abs(evolve(hamiltonian, psi0, [20.0], method=method, tolerance=tolerance) - exact).max()
        for tolerance in (1e-2, 1e-10)
    ]
    assert errors[0] > 100 * errors[1]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["ising", "periodic", "complex"])
def test_evolution_conserves_norm_and_energy(name, method, random_states):
    hamiltonian = HAMILTONIANS[name]
    psi0 = random_states(2, hamiltonian.dimension)
    psi0 /= np.linalg.norm(psi0, axis=-1, keepdims=True)
    start = energy(hamiltonian, psi0)[:, None]
    # The default tolerance, 1e-12 of the state, allows 2 |H| times as much in the energy.
    for tolerance, energy_accuracy in ((1e-12, 2e-11), (1e-14, 1e-12)):
        times = np.linspace(0, 5, 11)
        psi = evolve(hamiltonian, psi0, times, method=method, tolerance=tolerance)
        np.testing.assert_allclose(np.linalg.norm(psi, axis=-1), 1, rtol=0, atol=1e-12)
        np.testing.assert_allclose(energy(hamiltonian, psi) - start, 0, atol=energy_accuracy)


@pytest.mark.parametrize("method", METHODS)
def test_one_spin_equals_precession(method, random_states):
    field = np.array([0.8, -0.5, 1.1])
    hamiltonian = custom(1, [(-b, (0,), pauli) for b, pauli in zip(field, "XYZ", strict=True)])
    psi0 = random_states(1, 2)[0]
    expected = single_spin_evolution(psi0, TIMES, field)
    np.testing.assert_allclose(
        evolve(hamiltonian, psi0, TIMES, method=method), expected, atol=1e-11
    )


@pytest.mark.parametrize("method", METHODS)
def test_two_ising_spins_equal_closed_form(method, random_states):
    psi0 = random_states(1, 4)[0]
    hamiltonian = ising(Chain(2), coupling=0.7, transverse_field=-1.3, longitudinal_field=0.0)
    expected = two_spin_evolution(psi0, TIMES, coupling=0.7, transverse_field=-1.3)
    np.testing.assert_allclose(
        evolve(hamiltonian, psi0, TIMES, method=method), expected, atol=1e-11
    )


@pytest.mark.parametrize("method", METHODS)
def test_two_heisenberg_spins_equal_closed_form(method, random_states):
    psi0 = random_states(1, 4)[0]
    expected = heisenberg_pair_evolution(psi0, TIMES, coupling=-1.7)
    evolved = evolve(heisenberg(Chain(2), coupling=-1.7), psi0, TIMES, method=method)
    np.testing.assert_allclose(evolved, expected, atol=1e-11)


@pytest.mark.parametrize("method", METHODS)
def test_transverse_magnetization_equals_free_fermions(method):
    j, g = np.array([1.0, 0.4, -0.9, 1.3, 0.6]), np.array([0.3, 1.0, 0.7, -0.2, 1.1, 0.5])
    hamiltonian = ising(Chain(6), coupling=j, transverse_field=g, longitudinal_field=0.0)
    psi = evolve(hamiltonian, np.full(64, 1 / 8), TIMES, method=method)
    expected = ising_transverse_magnetization(6, TIMES, coupling=j, transverse_field=g)
    np.testing.assert_allclose(local_magnetization(psi, "x"), expected, atol=1e-11)


@pytest.mark.parametrize("method", METHODS)
def test_eigenstate_only_turns_its_phase(method):
    hamiltonian = HAMILTONIANS["ising"]
    basis = Eigenbasis.from_hamiltonian(hamiltonian)
    psi = evolve(hamiltonian, basis.vectors[:, 5], TIMES, method=method)
    expected = np.exp(-1j * basis.energies[5] * TIMES)[:, None] * basis.vectors[:, 5]
    np.testing.assert_allclose(psi, expected, atol=1e-11)


@pytest.mark.parametrize("method", METHODS)
def test_zero_state_stays_zero(method):
    psi = evolve(HAMILTONIANS["ising"], np.zeros((2, 64)), TIMES, method=method)
    np.testing.assert_array_equal(psi, np.zeros((2, 6, 64)))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shape", [(), (0,), (2, 3)])
def test_evolution_keeps_the_shape_of_the_batch(shape, method, random_states):
    psi0 = random_states(6, 16)[: int(np.prod(shape))].reshape(*shape, 16)
    psi = evolve(COMPLEX, psi0, TIMES, method=method)
    assert psi.shape == (*shape, 6, 16)
    for index in np.ndindex(shape):
        alone = evolve(COMPLEX, psi0[index], TIMES, method=method)
        np.testing.assert_allclose(psi[index], alone, atol=1e-13)


@pytest.mark.parametrize(
    ("n_sites", "name"),
    [
        (10, "Eigenbasis.from_hamiltonian"),
        (11, "chebyshev_evolve"),
        (20, "chebyshev_evolve"),
        (21, "krylov_evolve"),
    ],
)
def test_auto_chooses_by_size(n_sites, name, monkeypatch):
    def stop(*_, **__):
        raise RuntimeError("chosen")

    monkeypatch.setattr(f"{constant_evolution.__name__}.{name}", stop)
    with pytest.raises(RuntimeError, match="chosen"):
        evolve(ising(Chain(n_sites)), np.ones(2), [0.0])


@pytest.mark.parametrize("method", ["krylov", "chebyshev"])
def test_sixteen_spins_equal_free_fermions(method):
    hamiltonian = ising(Chain(16), transverse_field=0.8, longitudinal_field=0.0)
    psi0 = np.full(2**16, 2.0**-8)
    psi = evolve(hamiltonian, psi0, [0.5, 2.0], method=method)
    expected = ising_transverse_magnetization(16, [0.5, 2.0], transverse_field=0.8)
    np.testing.assert_allclose(local_magnetization(psi, "x"), expected, atol=1e-11)
    np.testing.assert_allclose(np.linalg.norm(psi, axis=-1), 1, atol=1e-12)


def test_unknown_method_is_refused():
    with pytest.raises(ValueError, match=r"`method` must be one of auto, .*, but is 'euler'\."):
        evolve(ising(Chain(2)), np.ones(4), [0.0], method="euler")


@pytest.mark.parametrize("method", ["krylov", "chebyshev"])
@pytest.mark.parametrize("tolerance", [0.0, -1e-9])
def test_tolerance_not_positive_is_refused(method, tolerance):
    with pytest.raises(ValueError, match=rf"`tolerance` must be positive, but is {tolerance}\."):
        evolve(ising(Chain(2)), np.ones(4), [0.0], method=method, tolerance=tolerance)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("psi0", "times", "message"),
    [
        (
            np.ones(3),
            [0.0],
            r"`psi0` must have 4 amplitudes on its last axis, but has shape \(3,\)",
        ),
        ([1, np.nan, 0, 0], [0.0], r"`psi0` must be finite, but contains nan\."),
        ([1, np.inf, 0, 0], [0.0], r"`psi0` must be finite, but contains inf\."),
        (np.ones(4), [np.nan], r"`times` must be finite, but contains nan\."),
        (np.ones(4), [], r"`times` must be a one-dimensional array .*, but has shape \(0,\)\."),
    ],
)
def test_wrong_states_or_times_are_refused(method, psi0, times, message):
    with pytest.raises(ValueError, match=message):
        evolve(ising(Chain(2)), psi0, times, method=method)


def test_too_many_spins_for_diagonalization_are_refused():
    message = r"`n_sites` must be an integer from 1 to 12, but is 13\."
    with pytest.raises(ValueError, match=message):
        evolve(ising(Chain(13)), np.ones(2**13), [0.0], method="diagonalization")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("norm", [1e-300, 1e-160, 1e-9, 1e155, 1e300])
def test_accuracy_does_not_depend_on_the_norm(norm, method, random_states):
    psi0 = random_states(2, 64)
    psi0 /= np.linalg.norm(psi0, axis=-1, keepdims=True)
    hamiltonian = ising(Chain(6))
    found = evolve(hamiltonian, norm * psi0, [0.3, -2.0], method=method) / norm
    exact = evolve(hamiltonian, psi0, [0.3, -2.0], method=method)
    np.testing.assert_allclose(found, exact, atol=1e-14)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("scale", [1e-9, 1e9])
def test_accuracy_does_not_depend_on_the_unit_of_energy(scale, method, random_states):
    psi0 = random_states(1, 64)[0] / 8
    times = np.array([0.3, -2.0])
    found = evolve(scale * ising(Chain(6)), psi0, times / scale, method=method)
    exact = evolve(ising(Chain(6)), psi0, times, method="diagonalization")
    np.testing.assert_allclose(found, exact, atol=2e-12)
