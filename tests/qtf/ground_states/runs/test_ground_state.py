import keras
import numpy as np
import pytest

from qtf.autoregressive.gru import GRUNetwork
from qtf.ground_states.exact_sums import state_vector
from qtf.ground_states.runs import ground_state as module
from qtf.ground_states.runs.ground_state import GroundState
from qtf.ground_states.runs.presets import make_settings
from qtf.ground_states.runs.settings import RunSettings, make_part
from qtf.ground_states.wave_function import WaveFunction
from qtf.physics import Chain, PauliSum, PauliTerm, correlation, expectation, xyz
from qtf.physics.terms_on_lattice import settings_of_terms

N_SITES = 5


@pytest.fixture(scope="module")
def random_state():
    """A wave function of random weights, whose phases matter."""
    keras.utils.set_random_seed(1)
    network = GRUNetwork(n_positions=N_SITES, units=8, heads=(2, 2))
    psi = WaveFunction(network=network, sites=(0, 2, 4, 1, 3))
    for variable in psi.trainable_variables:
        variable.assign(3.0 * variable + 0.3)
    hamiltonian = settings_of_terms(xyz(Chain(N_SITES), coupling_x=0.3, field=0.7))
    return GroundState(psi, make_part(RunSettings, make_settings(hamiltonian)))


@pytest.fixture(scope="module")
def exact(random_state):
    vector = state_vector(random_state.psi, xla=False)
    return vector / np.linalg.norm(vector)


@pytest.fixture
def sampled(random_state, monkeypatch):
    """The same, as if it had too many sites for sums over all configurations."""
    monkeypatch.setattr(module, "MAX_LISTED_SITES", 0)
    return GroundState(random_state.psi, random_state.settings)


def test_sums_are_those_over_all_configurations(random_state, exact):
    np.testing.assert_allclose(np.abs(random_state.vector), np.abs(exact), atol=1e-6)
    energy, hamiltonian = random_state.energy, random_state.hamiltonian
    mean = np.vdot(exact, hamiltonian.apply(exact)).real
    square = np.linalg.norm(hamiltonian.apply(exact)) ** 2
    assert energy.energy == pytest.approx(mean, abs=1e-5)
    assert energy.energy_variance == pytest.approx(square - mean**2, abs=1e-5)
    assert energy.energy_error == 0.0
    profile, matrix = random_state.profile("X"), random_state.correlations("YY")
    one = PauliSum(N_SITES, [PauliTerm(1.0, (3,), "X")])
    assert float(profile[3]) == pytest.approx(float(expectation(one, exact)), abs=1e-5)
    assert float(matrix[1, 4]) == pytest.approx(float(correlation(exact, 1, 4, "yy")), abs=1e-5)
    np.testing.assert_array_equal(matrix.mean, matrix.mean.T)


def test_samples_agree_with_sums(sampled, random_state):
    for estimate, value in (
        (sampled.energy, random_state.energy),
        (sampled.profile("Z")[2], random_state.profile("Z")[2]),
        (sampled.correlations("ZZ")[0, 3], random_state.correlations("ZZ")[0, 3]),
        (sampled.correlations("XX", n_samples=500)[0, 3], random_state.correlations("XX")[0, 3]),
        (sampled.renyi2([1, 2]), random_state.renyi2([1, 2])),
        (sampled.expectation(sampled.hamiltonian), random_state.energy),
    ):
        assert 0.0 < estimate.error < 0.2
        assert abs(float(estimate) - float(value)) < 5 * estimate.error


@pytest.mark.parametrize("region", [[0], [3, 1], [0, 1, 4], [0, 1, 2, 3, 4]])
def test_renyi_entropy_is_that_of_the_reduced_density_matrix(random_state, exact, region):
    others = [site for site in range(N_SITES) if site not in region]
    tensor = exact.reshape((2,) * N_SITES).transpose(*region, *others)
    matrix = tensor.reshape(2 ** len(region), -1)
    rho = matrix @ matrix.conj().T
    expected = -np.log(np.trace(rho @ rho).real)
    assert float(random_state.renyi2(region)) == pytest.approx(expected, abs=1e-5)


def test_samples_have_the_probabilities_of_the_state(random_state, exact):
    bits = random_state.sample(3000, seed=2)
    assert bits.shape == (3000, N_SITES)
    np.testing.assert_array_equal(bits, random_state.sample(3000, seed=2))
    assert (bits != random_state.sample(3000, seed=3)).any()
    shares = np.bincount(bits @ (1 << np.arange(N_SITES)[::-1]), minlength=32) / 3000
    np.testing.assert_allclose(shares, np.abs(exact) ** 2, atol=0.05)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda s: s.sample(0), "`n_samples` must be positive, but is 0"),
        (lambda s: s.sample(2, seed=-1), "`seed` must be .* -1"),
        (lambda s: s.profile("W"), '`pauli` must be one of X, Y, Z, but is "W"'),
        (lambda s: s.correlations("XZ"), '`paulis` must be one of XX, YY, ZZ, but is "XZ"'),
        (lambda s: s.renyi2([5]), "`region` holds values .* at most 4, but one is 5"),
        (lambda s: s.renyi2([1, 1]), r"`region` must not repeat a site, but is \[1, 1\]"),
        (lambda s: s.expectation(PauliSum(2, [])), "must act on 5 spins, but acts on 2"),
    ],
)
def test_a_wrong_question_is_an_error(random_state, ask, message):
    with pytest.raises(ValueError, match=message):
        ask(random_state)
