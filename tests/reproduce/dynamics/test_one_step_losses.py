import numpy as np
import pytest

from qtf.physics import energy, ising, sample_initial_states
from qtf.physics.lattices import Chain
from reproduce.sections.dynamics.one_step_losses import N_SAMPLES, STREAM, trivial_losses

PHYSICS = {
    "hamiltonian": {"name": "ising", "transverse_field": -1.05, "longitudinal_field": 0.5},
    "initial_states": "paper",
    "dt": 1e-3,
}


def test_persistence_loses_dt_squared_times_the_mean_of_h_squared():
    chain = ising(Chain(3))
    psi = sample_initial_states("paper", 3, N_SAMPLES, seed=0, stream=(STREAM, 3))
    squares = np.square(np.abs(chain.apply(psi))).sum(axis=-1)
    assert (squares > energy(chain, psi) ** 2).all()
    found = trivial_losses(PHYSICS, 3, 50)["persistence"]
    # |psi(t + dt) - psi(t)|^2 = dt^2 <H^2>, conserved, up to dt^4.
    assert found == pytest.approx(1e-6 * squares.mean(), rel=1e-4)


def test_the_straight_line_is_of_second_order_in_dt():
    fine = trivial_losses({**PHYSICS, "dt": 5e-4}, 3, 50)["straight line"]
    assert trivial_losses(PHYSICS, 3, 50)["straight line"] / fine == pytest.approx(16, rel=1e-3)
