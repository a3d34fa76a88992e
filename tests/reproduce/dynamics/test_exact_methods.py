import numpy as np
import pytest
from scipy.linalg import expm

from qtf.physics import Chain, ising, sample_initial_states
from reproduce.sections.dynamics.exact_methods import (
    by_eigenbasis,
    by_interpolation,
    by_propagator,
    one_at_a_time,
)

DT, N_STEPS = 0.002, 30


@pytest.fixture(scope="module")
def case():
    hamiltonian, psi0 = ising(Chain(3)), sample_initial_states("paper", 3, 4, seed=1)
    step = expm(-1j * DT * hamiltonian.to_dense())
    powers = np.stack([np.linalg.matrix_power(step, k) for k in range(N_STEPS + 1)])
    return hamiltonian, psi0, np.einsum("kxy,by->bkx", powers, psi0)


@pytest.mark.parametrize("method", [one_at_a_time, by_propagator, by_eigenbasis, by_interpolation])
def test_exact_methods_agree_with_powers_of_the_exponential(method, case):
    hamiltonian, psi0, expected = case
    psi = method(hamiltonian, psi0, DT, N_STEPS)
    if psi.ndim == 4:
        psi = psi[:, :, 0] + 1j * psi[:, :, 1]
    np.testing.assert_allclose(psi, expected, atol=1e-12)
