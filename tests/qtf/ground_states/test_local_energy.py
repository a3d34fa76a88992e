import keras
import numpy as np
import pytest
from keras import ops

from qtf.autoregressive import LSTM2D, GatedRNN2D, GRUNetwork, PixelCNN
from qtf.ground_states.energy_gradient import gradient_surrogate
from qtf.ground_states.local_energy import LocalEnergy
from qtf.ground_states.wave_function import WaveFunction
from qtf.physics import (
    Chain,
    PauliSum,
    PauliTerm,
    Square,
    all_bits,
    custom,
    heisenberg,
    ising,
    j1j2,
    xxz,
    xyz,
)

HAMILTONIANS = {
    "ising": ising(Square(2, 3)),
    "heisenberg": heisenberg(Chain(6)),
    "j1j2": j1j2(Square(2, 3), next_nearest_coupling=0.4),
    "xxz": xxz(Chain(6, periodic=True), anisotropy=0.3, units="pauli"),
    "xyz": xyz(Chain(6), coupling_x=0.7, coupling_y=-0.4, coupling_z=1.3, field=0.6),
    "longitudinal field": ising(
        Square(2, 3, periodic=True), longitudinal_field=[0.5, -0.3, 0.0, 0.2, 1.1, -0.7]
    ),
    "periodic square": heisenberg(Square(2, 3, periodic=True), coupling=np.arange(1.0, 13.0)),
    # Each flip has real and imaginary elements; YYY beside XXY, X and Y beside ZY.
    "complex": custom(
        6,
        [
            (0.5, (0, 2, 5), "YYY"),
            (-0.9, (5, 0, 2), "XXX"),
            (0.3, (1, 0, 2, 5), "ZYXX"),
            (0.6, (3,), "X"),
            (-0.4, (3,), "Y"),
            (0.7, (3, 4), "YZ"),
            (1.1, (1, 4), "ZZ"),
        ],
    ),
    "mixed": PauliSum(
        6,
        [PauliTerm(0.7, (0, 2, 3, 5), "YXZY"), PauliTerm(-0.2, (1,), "X"), PauliTerm(3.0, (), "")],
    ),
}
EVERY = all_bits(6).astype("int32")
POWERS = 1 << np.arange(5, -1, -1)


def looked_up(vector):
    """Wave function that looks amplitudes up."""
    modulus, phase = np.log(np.abs(vector) + 1e-300), np.angle(vector)

    def log_psi(bits):
        index = ops.convert_to_numpy(bits) @ POWERS
        return ops.convert_to_tensor(modulus[index]), ops.convert_to_tensor(phase[index])

    return log_psi


@pytest.mark.parametrize("name", HAMILTONIANS)
def test_connected_elements_are_the_rows_of_the_matrix(name):
    hamiltonian = HAMILTONIANS[name]
    diagonal, elements, others = map(np.asarray, LocalEnergy(hamiltonian).connected(EVERY))
    matrix = np.diag(diagonal).astype(elements.dtype)
    for element, other in zip(elements, others, strict=True):
        np.add.at(matrix, (np.arange(64), other @ POWERS), element)
    np.testing.assert_allclose(matrix, hamiltonian.to_dense(), atol=1e-14)


@pytest.mark.parametrize("name", HAMILTONIANS)
@pytest.mark.parametrize("chunk", [0, 1, 4])
def test_eigenstate_has_the_same_local_energy_everywhere(name, chunk):
    energies, vectors = np.linalg.eigh(HAMILTONIANS[name].to_dense())
    for level in (0, 5):
        vector = vectors[:, level] * np.exp(0.3j)
        there = np.abs(vector) > 1e-8
        local_energy = LocalEnergy(HAMILTONIANS[name], chunk=chunk)
        real, imaginary = local_energy(looked_up(vector), EVERY[there])
        np.testing.assert_allclose(real, energies[level], atol=1e-6)
        np.testing.assert_allclose(imaginary, 0.0, atol=1e-6)


@pytest.mark.parametrize("nowhere", [np.nan, np.inf])
def test_wave_function_is_not_needed_where_the_hamiltonian_does_not_lead(nowhere):
    hamiltonian = HAMILTONIANS["heisenberg"]
    # The magnetisation stays, so nothing leads out of this sector.
    in_sector = EVERY.sum(axis=1) == 3
    vector = np.where(in_sector, np.random.default_rng(0).uniform(1.0, 2.0, 64), 0.0)

    def log_psi(bits):
        log_modulus, phase = map(np.array, looked_up(vector)(bits))
        log_modulus[ops.convert_to_numpy(bits).sum(axis=1) != 3] = nowhere
        return ops.convert_to_tensor(log_modulus), ops.convert_to_tensor(phase)

    real, imaginary = LocalEnergy(hamiltonian)(log_psi, EVERY[in_sector])
    expected = (hamiltonian.to_dense() @ vector)[in_sector] / vector[in_sector]
    np.testing.assert_allclose(real, expected.real, atol=1e-10)
    np.testing.assert_allclose(imaginary, 0.0, atol=1e-10)


@pytest.mark.parametrize(
    ("name", "n_prefixes", "chunk"),
    [*((name, 3, 2) for name in HAMILTONIANS), ("mixed", 2, 0), ("j1j2", 9, 1)],
)
def test_prefixes_change_nothing(name, n_prefixes, chunk):
    keras.utils.set_random_seed(0)
    network = GRUNetwork(n_positions=6, units=5, dtype="float64")
    psi = WaveFunction(network=network, sites=(3, 1, 0, 5, 4, 2), dtype="float64")
    expected = LocalEnergy(HAMILTONIANS[name])(psi, EVERY)
    found = LocalEnergy(HAMILTONIANS[name], n_prefixes=n_prefixes, chunk=chunk)(psi, EVERY)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-11)


@pytest.mark.parametrize("name", ["complex", "heisenberg"])
@pytest.mark.parametrize("chunk", [0, 2])
def test_local_energies_of_any_state_are_those_of_the_sparse_matrix(name, chunk):
    parts = np.random.default_rng(1).standard_normal((2, 64))
    vector = parts[0] + 1j * parts[1]
    expected = HAMILTONIANS[name].to_sparse() @ vector / vector
    real, imaginary = LocalEnergy(HAMILTONIANS[name], chunk=chunk)(looked_up(vector), EVERY)
    np.testing.assert_allclose(np.asarray(real) + 1j * np.asarray(imaginary), expected, rtol=1e-10)


@pytest.mark.parametrize("architecture", [PixelCNN, LSTM2D, GatedRNN2D])
@pytest.mark.parametrize(("n_prefixes", "starts"), [(2, [0, 4, 6]), (4, [0, 2, 4, 6])])
def test_prefixes_on_squares_are_whole_rows(monkeypatch, architecture, n_prefixes, starts):
    keras.utils.set_random_seed(0)
    psi = WaveFunction(network=architecture(shape=(3, 2), dtype="float64"), dtype="float64")
    prefixes, asked = psi.prefixes, []
    monkeypatch.setattr(psi, "prefixes", lambda *args: asked.append(args[1]) or prefixes(*args))
    found = LocalEnergy(HAMILTONIANS["ising"], n_prefixes=n_prefixes)(psi, EVERY)
    expected = LocalEnergy(HAMILTONIANS["ising"])(psi, EVERY)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-11)
    assert asked == [starts]


@pytest.mark.parametrize("name", ["ising", "heisenberg", "complex"])
def test_gradient_over_all_configurations_equals_finite_differences(name, gradients):
    hamiltonian = HAMILTONIANS[name]
    matrix = hamiltonian.to_dense()
    keras.utils.set_random_seed(0)
    psi = WaveFunction(network=GRUNetwork(n_positions=6, units=3, dtype="float64"), dtype="float64")

    # Biases of zero would put the first position on the kinks of the activation.
    rng = np.random.default_rng(2)
    for variable in psi.variables:
        variable.assign(variable + 0.3 * rng.standard_normal(variable.shape))

    def energy():
        log_modulus, phase = map(np.asarray, psi(EVERY))
        vector = np.exp(log_modulus + 1j * phase)
        return (vector.conj() @ matrix @ vector).real

    def surrogate():
        log_modulus, phase = psi(EVERY)
        real, imaginary = map(ops.stop_gradient, LocalEnergy(hamiltonian)(psi, EVERY))
        shares = ops.stop_gradient(ops.exp(2.0 * log_modulus))
        return gradient_surrogate(log_modulus, phase, real, imaginary, shares)

    _, found = gradients(surrogate, [], layer=psi)
    for variable, gradient in zip(psi.variables, found, strict=True):
        value = np.array(variable)
        direction = np.random.default_rng(1).standard_normal(value.shape)
        step, difference = 1e-5, 0.0
        for sign in (1, -1):
            variable.assign(value + sign * step * direction)
            difference += sign * energy() / (2 * step)
        variable.assign(value)
        assert np.sum(np.asarray(gradient) * direction) == pytest.approx(difference, abs=2e-7)


def test_gradient_does_not_see_the_norm_or_the_phase_of_the_whole(gradients):
    rng = np.random.default_rng(3)
    log_modulus, phase, real, imaginary = rng.standard_normal((4, 10))
    shares = rng.dirichlet(np.ones(10))

    def surrogate(log_norm, angle):
        return gradient_surrogate(log_modulus + log_norm, phase + angle, real, imaginary, shares)

    _, slopes = gradients(surrogate, [np.float64(0.0), np.float64(0.0)])
    np.testing.assert_allclose(slopes, 0.0, atol=1e-15)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LocalEnergy(HAMILTONIANS["ising"], chunk=-1), "chunk.* -1"),
        (lambda: LocalEnergy(HAMILTONIANS["ising"], n_prefixes=0), "n_prefixes.* 0"),
    ],
)
def test_mistakes_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
