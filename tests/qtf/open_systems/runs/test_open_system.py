import keras
import numpy as np
import pytest

from qtf.open_systems.runs import open_system as module
from qtf.open_systems.runs.assembly import make_distribution, make_measurement
from qtf.open_systems.runs.open_system import OpenSystem
from qtf.open_systems.runs.presets import describe_physics, make_settings
from qtf.physics import Chain, JumpOperator, Lindbladian, PauliSum, PauliTerm, xyz

CHAIN = xyz(Chain(3), coupling_x=0.4, field=0.2)


@pytest.fixture(scope="module")
def state():
    """A distribution of random weights near a product."""
    physics = describe_physics(Lindbladian(CHAIN, {"decay": 1.0}))
    settings = make_settings(physics, start="+x", preset="quick")
    keras.utils.set_random_seed(2)
    distribution = make_distribution(settings)
    for variable in distribution.trainable_variables:
        noise = np.random.default_rng(variable.shape[-1]).normal(size=variable.shape)
        variable.assign(variable + 0.02 * noise)
    return OpenSystem(distribution, settings, time=0.0)


@pytest.fixture
def sampled(state, monkeypatch):
    """The same, as if it had too many sites for sums over all outcomes."""
    monkeypatch.setattr(module, "MAX_LISTED_SITES", 0)
    return OpenSystem(state.distribution, state.settings)


def test_sums_are_those_of_the_density_matrix(state):
    rho = state.density_matrix()
    assert np.trace(rho) == pytest.approx(1.0)
    np.testing.assert_allclose(rho, rho.conj().T, atol=1e-12)
    for operator, estimate in {
        PauliSum(3, [PauliTerm(1.0, (1,), "Y")]): state.profile("Y")[1],
        PauliSum(3, [PauliTerm(1.0, (0, 2), "ZZ")]): state.correlations("ZZ")[0, 2],
        CHAIN: state.expectation(CHAIN),
    }.items():
        assert float(estimate) == pytest.approx(np.trace(operator.to_dense() @ rho).real, abs=1e-6)
        assert estimate.error == 0.0


def test_samples_agree_with_sums(sampled, state):
    for estimate, value in (
        (sampled.profile("X")[0], state.profile("X")[0]),
        (sampled.correlations("XX")[1, 2], state.correlations("XX")[1, 2]),
        (sampled.expectation(CHAIN), state.expectation(CHAIN)),
    ):
        assert 0.0 < estimate.error < 0.3
        assert abs(float(estimate) - float(value)) < 5 * estimate.error


def test_samples_have_their_probabilities(state):
    outcomes = state.sample(4000, seed=1)
    np.testing.assert_array_equal(outcomes, state.sample(4000, seed=1))
    shares = np.bincount(outcomes @ [16, 4, 1], minlength=64) / 4000
    np.testing.assert_allclose(shares, state.probabilities, atol=0.03)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda s: s.sample(0), "`n_samples` must be positive, but is 0"),
        (lambda s: s.profile("z"), '`pauli` must be one of X, Y, Z, but is "z"'),
        (lambda s: s.correlations("ZX"), '`paulis` must be one of XX, YY, ZZ, but is "ZX"'),
        (lambda s: s.expectation(PauliSum(2, [])), "must act on 3 spins, but acts on 2"),
    ],
)
def test_a_wrong_question_is_an_error(state, ask, message):
    with pytest.raises(ValueError, match=message):
        ask(state)


def test_settings_describe_any_jumps():
    pump = np.array([[0.0, 1.0], [0.0, 0.0]])
    tilted = np.array([[0.3, 0.1j], [0.0, -0.3]])
    jumps = [
        JumpOperator(0, pump, 0.5),
        JumpOperator(2, pump, 0.25),
        JumpOperator(1, tilted, 1.0),
        # Twice at one site.
        JumpOperator(1, tilted, 0.125),
    ]
    lindbladian = Lindbladian(CHAIN, jumps)
    physics = describe_physics(lindbladian)
    rebuilt = Lindbladian(physics.hamiltonian.build(), physics.jumps.build(3))
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(8, 8)) + 1j * rng.normal(size=(8, 8))
    rho = matrix @ matrix.conj().T
    np.testing.assert_allclose(rebuilt.apply(rho), lindbladian.apply(rho), atol=1e-12)
    assert make_measurement(make_settings(physics)).pauli_values("X").shape == (4,)


def test_a_wrong_preset_is_an_error():
    physics = describe_physics(Lindbladian(CHAIN, {"decay": 1.0}))
    with pytest.raises(ValueError, match='`preset` must be one of quick, small, large, but is "x"'):
        make_settings(physics, preset="x")
