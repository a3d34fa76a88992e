import numpy as np
import pytest

from qtf.physics import (
    Chain,
    Lindbladian,
    PauliSum,
    PauliTerm,
    decay,
    ising,
    point_spins,
    quantum_trajectories,
    steady_trajectories,
    trajectory_values,
    xyz,
)
from qtf.physics._waiting_times import Jumping, Unravelling
from qtf.physics._window_product import WindowProduct
from qtf.physics.monte_carlo_wave_functions import steady_times
from qtf.physics.observables import mean_over_sites

from .noise import NOISE, TILTED


def tilted(n_sites):
    """Spins along directions of which no two are alike."""
    angles = np.stack([np.linspace(0.3, 1.3, n_sites), np.linspace(0.4, 2.0, n_sites)], axis=1)
    psi = np.ones(1)
    for spin in point_spins(angles):
        psi = np.kron(psi, spin)
    return psi


def axes(n_sites):
    return [mean_over_sites(n_sites, pauli) for pauli in "XYZ"]


def up(n_sites):
    return np.eye(2**n_sites)[0]


def exact_means(lindbladian, psi0, times, observables):
    rho = lindbladian.evolve(np.outer(psi0, np.conj(psi0)), times)
    return exact_expectations(rho, observables)


def exact_expectations(rho, observables):
    dense = [operator.to_dense() for operator in observables]
    return np.stack([np.einsum("...ij,ji->...", rho, a).real for a in dense], axis=-1)


def check_deviations(result, exact):
    """Deviations are those of a normal law of the width of the errors.

    Of 3 means their mean square is between 0.02 and 6 in all but one of a thousand cases; of
    more, which depend on one another, no wider.
    """
    squares = ((result.means - exact) / result.errors) ** 2
    assert squares.max() < 16
    assert 0.02 < squares.mean() < 6


def test_one_spin_decays_as_the_closed_form():
    one = Lindbladian(PauliSum(1, [PauliTerm(0.7, (0,), "Z")]), decay(1, 0.8))
    times = np.array([2.0, 0.0, 0.5])
    plus = np.array([1.0, 1.0]) / np.sqrt(2)
    result = quantum_trajectories(one, plus, times, axes(1), n_trajectories=2000, seed=1)
    coherence = np.exp((-0.4 + 1.4j) * times)
    exact = np.stack([coherence.real, coherence.imag, np.exp(-0.8 * times) - 1], axis=1)
    np.testing.assert_allclose(result.means[1], exact[1], atol=1e-12)
    squares = ((result.means - exact)[[0, 2]] / result.errors[[0, 2]]) ** 2
    assert squares.max() < 16
    # <Z> at t = 0.5: jumps have happened or not, a law with a known spread.
    kept = (1 + np.exp(-0.8 * 0.5)) / 2
    assert result.errors[2, 2] < 2 * np.sqrt(kept * (1 - kept) / 2000)


def test_waiting_times_are_exponential():
    one = Lindbladian(PauliSum(1, []), decay(1, 2.0))
    times = np.linspace(0, 2, 21)
    values = trajectory_values(one, up(1), times, axes(1)[2:], range(2000), seed=3)[:, :, 0]
    survived = (values > 0).mean(axis=0)
    spread = np.sqrt(survived * (1 - survived) / 2000)
    assert (np.abs(survived - np.exp(-2.0 * times)) <= 4.5 * spread).all()


@pytest.mark.parametrize("jumps", NOISE.values(), ids=NOISE)
def test_three_spins_in_time_agree_with_the_density_matrix(jumps):
    hamiltonian = xyz(Chain(3, periodic=True), coupling_x=2.0, coupling_y=0.3, field=0.5)
    lindbladian = Lindbladian(hamiltonian, jumps)
    observables = [*axes(3), hamiltonian]
    times = np.array([0.3, 1.1])
    result = quantum_trajectories(
        lindbladian, tilted(3), times, observables, n_trajectories=500, seed=4
    )
    check_deviations(result, exact_means(lindbladian, tilted(3), times, observables))


def test_errors_are_those_of_repetitions():
    lindbladian = Lindbladian(ising(Chain(3)), {"decay": 1.0, "dephasing": 0.2})
    exact = exact_means(lindbladian, tilted(3), np.array([0.8]), axes(3))
    values = trajectory_values(lindbladian, tilted(3), [0.8], axes(3), range(1600), seed=5)
    groups = values.reshape(40, 40, 3)
    errors = groups.std(axis=1, ddof=1) / np.sqrt(40)
    squares = ((groups.mean(axis=1) - exact) / errors) ** 2
    # Of 120 squares, that depend on one another in threes at most.
    assert 0.6 < squares.mean() < 1.6


def test_four_spins_at_rest_agree_with_the_steady_state():
    hamiltonian = ising(Chain(4, periodic=True))
    lindbladian = Lindbladian(hamiltonian, decay(4))
    result = steady_trajectories(
        lindbladian,
        up(4),
        axes(4),
        burn_in=8.0,
        duration=20.0,
        n_trajectories=40,
        seed=7,
    )
    exact = exact_expectations(lindbladian.steady_state(), axes(4))
    check_deviations(result, exact)
    assert result.errors.max() < 0.003

    plain = steady_trajectories(
        lindbladian,
        up(4),
        axes(4),
        burn_in=8.0,
        duration=20.0,
        n_trajectories=40,
        seed=7,
        controls=False,
    )
    check_deviations(plain, exact)
    assert 2.5 * result.errors[2] < plain.errors[2] < 0.03


@pytest.mark.long
def test_six_spins_agree_with_the_density_matrix():
    lindbladian = Lindbladian(ising(Chain(6, periodic=True)), decay(6))
    times = np.array([0.5, 1.0, 2.0])
    result = quantum_trajectories(
        lindbladian, tilted(6), times, axes(6), n_trajectories=1000, seed=7
    )
    check_deviations(result, exact_means(lindbladian, tilted(6), times, axes(6)))
    assert result.errors.max() < 0.015


def test_without_jumps_it_is_the_schroedinger_equation():
    hamiltonian = ising(Chain(4))
    closed = Lindbladian(hamiltonian, {"decay": 0.0})
    times = np.linspace(0, 3, 31)
    values = trajectory_values(closed, up(4), times, [hamiltonian, *axes(4)], [0], tolerance=1e-10)
    exact = exact_means(closed, up(4), times, [hamiltonian, *axes(4)])
    np.testing.assert_allclose(values[0], exact, atol=1e-9)


def test_the_tolerance_bounds_the_error_between_jumps():
    # A non-Hermitian evolution whose norm hardly falls before the last time.
    lindbladian = Lindbladian(xyz(Chain(5), coupling_x=2.0), decay(5, 1e-9))
    times = np.array([2.0])
    loose, tight = (
        trajectory_values(lindbladian, up(5), times, axes(5), [0], tolerance=tolerance)
        for tolerance in (1e-4, 1e-12)
    )
    assert 1e-12 < np.abs(loose - tight).max() < 4e-4


@pytest.mark.parametrize("batch_size", [1, 7, 40])
def test_results_do_not_depend_on_batches(batch_size):
    lindbladian = Lindbladian(ising(Chain(3, periodic=True)), decay(3))
    times = np.linspace(0, 2, 5)
    whole = trajectory_values(lindbladian, up(3), times, axes(3), range(20), seed=8)
    parts = [
        trajectory_values(
            lindbladian, up(3), times, axes(3), numbers, seed=8, batch_size=batch_size
        )
        for numbers in (range(13, 20), range(13))
    ]
    np.testing.assert_allclose(np.concatenate(parts[::-1]), whole, atol=1e-10)


def test_single_precision_follows_the_same_trajectories():
    noise = {"decay": 1.0, "tilted": TILTED}
    lindbladian = Lindbladian(xyz(Chain(5, periodic=True), coupling_y=0.3), noise)
    single, double = (
        trajectory_values(lindbladian, tilted(5), [0.5, 2.0], axes(5), range(20), tolerance=bound)
        for bound in (1e-5, 1e-8)
    )
    # A jump of another spin would be off by a tenth.
    assert 1e-9 < np.abs(single - double).max() < 1e-4


def test_another_seed_gives_others():
    lindbladian = Lindbladian(ising(Chain(3)), decay(3))
    one, other = (
        trajectory_values(lindbladian, up(3), [1.0], axes(3), [0], seed=seed) for seed in (0, 1)
    )
    assert np.abs(one - other).max() > 1e-3


def test_jumps_that_change_nothing_are_left_out():
    jumps = [(0, np.eye(2), 5.0), (1, np.eye(2)[::-1], 0.0), (1, [[0, 0], [1, 0]], 0.1)]
    unravelling = Unravelling(Lindbladian(ising(Chain(2)), jumps), axes(2), 1e-6)
    assert [jump.rate for jump in unravelling.jumps.operators] == [0.1]


def test_weights_of_jumps_are_squared_norms(random_states):
    jumps = Lindbladian(ising(Chain(3)), {"decay": [0.1, 0.2, 0.3], "tilted": TILTED}).jump_ops
    states = random_states(2, 8)
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    expected = np.empty((2, len(jumps)))
    for k, jump in enumerate(jumps):
        before, after = np.eye(2**jump.site), np.eye(2 ** (2 - jump.site))
        images = states @ np.kron(np.kron(before, jump.matrix), after).T
        expected[:, k] = jump.rate * np.linalg.norm(images, axis=1) ** 2
    np.testing.assert_allclose(Jumping(jumps).weights(states), expected, atol=1e-13)


@pytest.mark.parametrize("n_sites", [1, 3, 7])
def test_products_by_windows_are_those_of_the_matrix(random_states, n_sites):
    letters = ["XX", "YZ", "ZZ", "YX"]
    terms = [PauliTerm(0.3 + i, (i,), "XYZ"[i % 3]) for i in range(n_sites)]
    terms += [
        PauliTerm(1.1 - i, (i, (i + 1) % n_sites), letters[i % 4])
        for i in range(n_sites)
        if n_sites > 1
    ]
    operator = PauliSum(n_sites, terms)
    site, matrix = n_sites // 2, random_states(2, 2)
    dense = np.kron(np.kron(np.eye(2**site), matrix), np.eye(2 ** (n_sites - 1 - site)))
    states = random_states(3, 2**n_sites)
    product = WindowProduct(operator, [(site, matrix)])
    expected = states @ (operator.to_dense() + dense).T
    np.testing.assert_allclose(product(states, np.empty_like(states)), expected, atol=1e-12)


def test_no_observables_and_one_time_have_shapes_of_their_own():
    values = trajectory_values(Lindbladian(ising(Chain(2)), []), up(2), [0.0], [], range(3))
    assert values.shape == (3, 1, 0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"psi0": np.ones(4)}, "`psi0` must have norm 1, but has 2."),
        ({"psi0": np.eye(4)}, r"`psi0` must be one state, but has shape \(4, 4\)"),
        ({"psi0": np.ones(8)}, "`psi0` must have 4 amplitudes"),
        ({"times": [-1.0]}, "`times` must be at least 0, but contains -1.0"),
        ({"observables": axes(3)}, "`operator` must act on 2 spins, but acts on 3"),
        ({"n_trajectories": 1}, "`n_trajectories` must be an integer of at least 2, but is 1"),
        ({"seed": -1}, "`seed` must be an integer of at least 0, but is -1"),
        ({"tolerance": 0.0}, "`tolerance` must be positive, but is 0.0"),
        ({"batch_size": 0}, "`batch_size` must be an integer of at least 1, but is 0"),
        ({"lindbladian": Lindbladian(PauliSum(21, []), [])}, "`n_sites` must be an integer from 1"),
    ],
)
def test_mistakes_are_told(changes, words):
    usual = {
        "lindbladian": Lindbladian(ising(Chain(2)), decay(2)),
        "psi0": up(2),
        "times": [1.0],
        "observables": axes(2),
    }
    with pytest.raises(ValueError, match=words):
        quantum_trajectories(**{**usual, **changes})


def test_mistakes_of_numbers_and_of_times_at_rest_are_told():
    lindbladian = Lindbladian(ising(Chain(2)), decay(2))
    with pytest.raises(ValueError, match="`trajectories` must hold at least one number, but is"):
        trajectory_values(lindbladian, up(2), [1.0], axes(2), [])
    with pytest.raises(ValueError, match="`interval` must be at most duration = 1.0, but is 2.0"):
        steady_times(0.0, 1.0, 2.0)
    with pytest.raises(ValueError, match="`times` must be at least 0"):
        steady_times(-1.0, 1.0, 0.5)
    with pytest.raises(ValueError, match="`duration` must be positive"):
        steady_times(1.0, 0.0, 0.5)
