import keras
import numpy as np
import pytest

from qtf.autoregressive import GRUNetwork
from qtf.ground_states.energy_gradient import gradient_surrogate
from qtf.ground_states.exact_sums import state_vector, variational_energy
from qtf.ground_states.local_energy import LocalEnergy
from qtf.ground_states.task import BlurredSamples
from qtf.ground_states.wave_function import WaveFunction
from qtf.physics import Chain, Square, all_bits, custom, ising, j1j2

EVERY = all_bits(8).astype("int32")
J1J2 = j1j2(Square(2, 4), next_nearest_coupling=0.5)
# A flip without an element for some spins, and imaginary elements.
COMPLEX = custom(8, [(0.5, (0, 2, 5), "YYY"), (-0.5, (0, 2, 5), "XXY"), (0.7, (3, 4), "YZ")])
CASES = {
    "j1j2": (J1J2, {"zero_magnetization": True, "sign_sites": (0, 2, 5, 7)}, 1),
    "prefixes": (J1J2, {"zero_magnetization": True}, 3),
    "ising": (ising(Chain(8)), {}, 1),
    "complex": (COMPLEX, {}, 1),
}
BLUR = 0.3


def make(name):
    """A random wave function, its Hamiltonian and what is summed over."""
    hamiltonian, kwargs, n_prefixes = CASES[name]
    keras.utils.set_random_seed(2)
    psi = WaveFunction(
        network=GRUNetwork(n_positions=8, units=5, dtype="float64"), dtype="float64", **kwargs
    )
    rng = np.random.default_rng(1)
    for variable in psi.trainable_variables:
        variable.assign(variable + 0.4 * rng.standard_normal(variable.shape))
    local_energy = LocalEnergy(hamiltonian, n_prefixes=n_prefixes, chunk=3)
    return psi, hamiltonian, BlurredSamples(psi, local_energy, 7, blur=BLUR)


def chances_of_moves(hamiltonian):
    """T, (2**8, 2**8), of the dense matrix alone."""
    moves = (hamiltonian.to_dense() != 0.0).astype(float)
    np.fill_diagonal(moves, 0.0)
    # Which spins differ says which flip it is.
    n_flips = len({i ^ j for i, j in zip(*np.nonzero(moves), strict=True)})
    moves /= n_flips
    return moves + np.diag(1.0 - moves.sum(axis=0))


@pytest.mark.parametrize("name", CASES)
def test_weighted_means_are_those_of_psi_squared(name):
    psi, hamiltonian, samples = make(name)
    vector = state_vector(psi)
    probabilities = np.abs(vector) ** 2
    drawn = (1 - BLUR) * probabilities + BLUR * chances_of_moves(hamiltonian) @ probabilities
    possible = probabilities > 0.0
    bits = EVERY[possible]
    real, imaginary, excess = samples.local_energy.with_excess(psi, bits)
    weights = 1.0 / (1.0 + BLUR * np.asarray(excess))
    np.testing.assert_allclose(drawn[~possible], 0.0, atol=1e-15)
    np.testing.assert_allclose(weights * drawn[possible], probabilities[possible], rtol=1e-9)
    assert weights.max() < 1.0 / (1.0 - BLUR)
    plain = samples.local_energy(psi, bits)
    for one, other in zip((real, imaginary), plain, strict=True):
        np.testing.assert_array_equal(one, other)
    mean = np.sum(drawn[possible] * weights * np.asarray(real))
    np.testing.assert_allclose(mean, variational_energy(psi, hamiltonian), rtol=1e-10)


def test_weighted_samples_have_the_gradient_of_the_energy(gradients):
    psi, hamiltonian, samples = make("j1j2")
    probabilities = np.abs(state_vector(psi)) ** 2
    drawn = (1 - BLUR) * probabilities + BLUR * chances_of_moves(hamiltonian) @ probabilities
    bits = EVERY[probabilities > 0.0]
    real, imaginary, excess = (np.asarray(x) for x in samples.local_energy.with_excess(psi, bits))
    shares = drawn[probabilities > 0.0] / (1.0 + BLUR * excess)
    _, found = gradients(
        lambda: gradient_surrogate(*psi(bits), real, imaginary, shares), [], layer=psi
    )
    rng = np.random.default_rng(3)
    directions = [rng.standard_normal(variable.shape) for variable in psi.trainable_variables]
    energies = []
    for step in (1e-5, -2e-5):
        for variable, direction in zip(psi.trainable_variables, directions, strict=True):
            variable.assign(variable + step * direction)
        energies.append(variational_energy(psi, hamiltonian))
    slope = sum(np.sum(g * d) for g, d in zip(found, directions, strict=True))
    np.testing.assert_allclose(slope, (energies[0] - energies[1]) / 2e-5, rtol=1e-6)


@pytest.mark.parametrize("name", ["j1j2", "complex"])
def test_moved_samples_follow_the_blurred_distribution(name):
    psi, hamiltonian, samples = make(name)
    n_samples = 20_000
    uniforms = np.random.default_rng(5).random((9, n_samples))
    moved = np.asarray(samples.move(psi.sample(uniforms[:8]), uniforms[8]))
    counts = np.bincount(moved @ (1 << np.arange(7, -1, -1)), minlength=256)
    probabilities = np.abs(state_vector(psi)) ** 2
    drawn = (1 - BLUR) * probabilities + BLUR * chances_of_moves(hamiltonian) @ probabilities
    assert counts[drawn < 1e-14].sum() == 0
    often = n_samples * drawn > 5.0
    expected = n_samples * drawn[often]
    chi_squared = np.sum((counts[often] - expected) ** 2 / expected)
    assert abs(chi_squared - often.sum()) < 4.5 * np.sqrt(2.0 * often.sum())
    # Not by chance: those of psi alone are far from it.
    plain = n_samples * probabilities[often]
    assert np.sum((counts[often] - plain) ** 2 / expected) > 1.5 * chi_squared


def test_shares_of_a_step_add_up_to_one_and_validations_are_not_moved():
    psi, _, samples = make("j1j2")
    uniforms = np.random.default_rng(6).random((9, 7))
    bits, real, imaginary, shares = samples.evaluate(uniforms)
    np.testing.assert_allclose(np.sum(shares), 1.0, rtol=1e-12)
    excess = np.asarray(samples.local_energy.with_excess(psi, bits)[2])
    ratios = np.asarray(shares) * (1.0 + BLUR * excess)
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-9)
    np.testing.assert_array_equal(samples.draw(uniforms)[0], psi.sample(uniforms[:8]))
    assert not np.array_equal(bits, psi.sample(uniforms[:8]))


def test_no_blur_moves_nothing():
    psi, _, samples = make("ising")
    plain = BlurredSamples(psi, samples.local_energy, 7, blur=0.0)
    uniforms = np.random.default_rng(6).random((9, 7))
    bits, _, _, shares = plain.evaluate(uniforms)
    np.testing.assert_array_equal(bits, psi.sample(uniforms[:8]))
    np.testing.assert_allclose(shares, 1.0 / 7.0)


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="blur.* below 1, but is 1"):
        BlurredSamples(None, None, 7, blur=1.0)
