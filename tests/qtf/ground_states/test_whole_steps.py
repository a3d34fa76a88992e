import numpy as np

from qtf.ground_states.task.steps import SMALLEST_FACTOR, follow_whole_step
from qtf.physics import Chain, xyz


def test_a_long_step_is_that_of_imaginary_time():
    hamiltonian = xyz(Chain(4), coupling_x=0.3, field=0.7)
    rng = np.random.default_rng(0)
    psi = rng.normal(size=16) + 1j * rng.normal(size=16)
    psi /= np.linalg.norm(psi)
    local, shares, tau = hamiltonian.apply(psi) / psi, np.abs(psi) ** 2, 0.3
    real, imaginary = follow_whole_step(local.real, local.imag, shares, tau)
    after = psi * np.exp(-tau * (np.asarray(real) + 1j * np.asarray(imaginary)))
    energy = np.vdot(psi, hamiltonian.apply(psi)).real
    expected = psi - tau * (hamiltonian.apply(psi) - energy * psi)
    # Most change by more than their own size, and so turn.
    assert (np.abs(tau * (local - energy)) > 1.0).any()
    np.testing.assert_allclose(after, expected, atol=1e-12)


def test_a_short_step_follows_the_local_energies():
    rng = np.random.default_rng(1)
    real, imaginary, shares = rng.normal(size=9), rng.normal(size=9), np.full(9, 1 / 9)
    followed = follow_whole_step(real, imaginary, shares, 1e-6)
    np.testing.assert_allclose(followed[0], real - real.mean(), atol=1e-5)
    np.testing.assert_allclose(followed[1], imaginary, atol=1e-5)


def test_nothing_vanishes_in_one_step():
    real, shares = np.array([1.0, 3.0]), np.array([0.5, 0.5])
    followed, _ = follow_whole_step(real, np.zeros(2), shares, 1.0)
    np.testing.assert_allclose(followed, [-np.log(2.0), -np.log(SMALLEST_FACTOR)])
