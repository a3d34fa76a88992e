import numpy as np
import pytest

from qtf.physics import Chain, Eigenbasis, custom, evolve, ising, krylov_evolve, krylov_step

HAMILTONIAN = ising(Chain(7))


def step_errors(psi0, steps, krylov_dimension):
    basis = Eigenbasis.from_hamiltonian(HAMILTONIAN)
    return np.array(
        [
            np.linalg.norm(
                krylov_step(HAMILTONIAN, psi0, dt, krylov_dimension=krylov_dimension)
                - basis.evolve(psi0, [dt])[0]
            )
            for dt in steps
        ]
    )


@pytest.mark.parametrize("krylov_dimension", [1, 2, 3, 4, 6, 8])
def test_error_of_a_step_has_the_order_of_the_krylov_dimension(krylov_dimension, random_states):
    psi0 = random_states(1, 128)[0]
    steps = 0.2 * 2.0 ** -np.arange(3) * krylov_dimension / 8
    errors = step_errors(psi0 / np.linalg.norm(psi0), steps, krylov_dimension)
    orders = np.log2(errors[:-1] / errors[1:])
    assert errors.min() > 1e-14
    np.testing.assert_allclose(orders, krylov_dimension, atol=0.15)


def test_step_is_exact_once_the_space_is_full():
    psi0 = np.zeros(128)
    psi0[3] = 2.0
    assert step_errors(psi0, [0.5, -3.0], 128).max() < 1e-11


def test_step_of_a_batch_equals_steps_of_its_states(random_states):
    psi = random_states(6, 128).reshape(2, 3, 128)
    together = krylov_step(HAMILTONIAN, psi, 0.2, krylov_dimension=5)
    one = krylov_step(HAMILTONIAN, psi[1, 2], 0.2, krylov_dimension=5)
    assert together.shape == psi.shape
    np.testing.assert_array_equal(together[1, 2], one)


def test_batch_gives_exactly_what_its_states_give_alone(random_states):
    psi0 = random_states(4, 128)
    together = krylov_evolve(HAMILTONIAN, psi0, [0.5, 3.0])
    for psi, expected in zip(psi0, together, strict=True):
        np.testing.assert_array_equal(krylov_evolve(HAMILTONIAN, psi, [0.5, 3.0]), expected)


@pytest.mark.parametrize("krylov_dimension", [2, 3, 5, 12])
def test_tolerance_holds_for_small_spaces(krylov_dimension, random_states):
    psi0 = random_states(1, 128)[0] / 16
    exact = evolve(HAMILTONIAN, psi0, [0.1])
    found = krylov_evolve(
        HAMILTONIAN, psi0, [0.1], tolerance=1e-3, krylov_dimension=krylov_dimension
    )
    assert np.linalg.norm(found - exact) <= 1e-3 * np.linalg.norm(psi0)


def test_state_in_a_small_invariant_space_is_evolved_exactly():
    hamiltonian = custom(3, [(1.0, (0,), "X"), (2.0, (1, 2), "ZZ")])
    psi = krylov_evolve(hamiltonian, np.eye(8)[0], [100.0])
    exact = evolve(hamiltonian, np.eye(8)[0], [100.0])
    np.testing.assert_allclose(psi, exact, atol=1e-12)


def test_many_close_times_share_products(monkeypatch):
    from qtf.physics._stepping import SparseProduct

    calls, apply = [], SparseProduct.__call__
    monkeypatch.setattr(SparseProduct, "__call__", lambda s, x: calls.append(1) or apply(s, x))
    krylov_evolve(HAMILTONIAN, np.eye(128)[0], np.linspace(0, 0.5, 200))
    assert len(calls) <= 60


@pytest.mark.parametrize(
    ("function", "keywords", "message"),
    [
        (
            krylov_step,
            {"krylov_dimension": 0},
            r"`krylov_dimension` must be .* at least 1, but is 0",
        ),
        (krylov_evolve, {"krylov_dimension": 1}, r"`krylov_dimension` .* at least 2, but is 1\."),
    ],
)
def test_krylov_space_too_small_is_refused(function, keywords, message):
    times = 0.1 if function is krylov_step else [0.1]
    with pytest.raises(ValueError, match=message):
        function(HAMILTONIAN, np.ones(128), times, **keywords)


def test_step_with_wrong_argument_is_refused():
    with pytest.raises(ValueError, match=r"`dt` must be one finite real number, but is nan\."):
        krylov_step(HAMILTONIAN, np.ones(128), np.nan, krylov_dimension=3)
    with pytest.raises(ValueError, match=r"`psi` must have 128 amplitudes .* shape \(64,\)\."):
        krylov_step(HAMILTONIAN, np.ones(64), 0.1, krylov_dimension=3)
