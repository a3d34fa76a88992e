import keras
import numpy as np
import pytest

from qtf.autoregressive import GRUNetwork
from qtf.ground_states.observables import (
    abs_magnetization,
    expectation,
    magnetization,
    renyi_entropy,
    zz_correlation,
)
from qtf.ground_states.wave_function import WaveFunction
from qtf.physics import Chain, all_bits, heisenberg

EVERY = all_bits(6).astype("int32")
SPINS = 1.0 - 2.0 * EVERY


@pytest.fixture(scope="module")
def psi():
    keras.utils.set_random_seed(0)
    network = GRUNetwork(n_positions=6, units=6, dtype="float64")
    rng = np.random.default_rng(1)
    for variable in network.variables:
        variable.assign(variable + 0.4 * rng.standard_normal(variable.shape))
    return WaveFunction(network=network, dtype="float64")


@pytest.fixture(scope="module")
def vector(psi):
    log_modulus, phase = map(np.asarray, psi(EVERY))
    return np.exp(log_modulus + 1j * phase)


@pytest.fixture(scope="module")
def bits(psi):
    return np.asarray(psi.sample(np.random.default_rng(2).random((6, 40_000))))


def assert_covers(estimate, exact):
    assert 0 < estimate.error < 0.05
    assert abs(estimate.mean - exact) < 4 * estimate.error


def test_expectation_of_an_operator(psi, vector, bits):
    operator = heisenberg(Chain(6))
    exact = (vector.conj() @ operator.to_dense() @ vector).real
    assert_covers(expectation(psi, operator, bits), exact)


def test_diagonal_observables(vector, bits):
    weights, means = np.abs(vector) ** 2, SPINS.mean(axis=1)
    assert_covers(magnetization(bits), weights @ means)
    assert_covers(abs_magnetization(bits), weights @ np.abs(means))
    assert_covers(zz_correlation(bits, 1, 4), weights @ (SPINS[:, 1] * SPINS[:, 4]))


@pytest.mark.parametrize("region", [(0,), (0, 1, 2), (1, 4)])
def test_renyi_entropy_of_any_region(psi, vector, bits, region):
    others = [site for site in range(6) if site not in region]
    matrix = vector.reshape((2,) * 6).transpose(*region, *others).reshape(2 ** len(region), -1)
    rho = matrix @ matrix.conj().T
    assert_covers(renyi_entropy(psi, bits, region), -np.log(np.trace(rho @ rho).real))


def test_too_few_swaps_are_named():
    def rotating(bits):
        # Swaps of the first site between these samples all have the sign -1.
        bits = np.asarray(bits)
        return np.zeros(len(bits)), np.pi * (bits[:, 0] * bits[:, 1] % 2)

    pairs = np.array([[1, 0]] * 4 + [[0, 1]] * 4, "int32")
    with pytest.raises(ValueError, match="8 samples are too few"):
        renyi_entropy(rotating, pairs, (0,))
