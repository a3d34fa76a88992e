import numpy as np
import pytest

from qtf.open_systems.observables import PauliObservables


@pytest.fixture
def state(product_probabilities):
    """Half a product of two states, half of two others: correlated."""
    vectors = [((0, 0, 1), (0, 0.6, 0.8)), ((0, 1, 0), (1, 0, 0))]
    parts = [np.kron(*(product_probabilities(v) for v in pair)) for pair in vectors]
    return np.array(vectors), np.mean(parts, axis=0)


def test_exact_values_are_those_of_the_bloch_vectors(state, pauli_values):
    vectors, table = state
    observables = PauliObservables(pauli_values)
    means = observables.exact_means(table)
    np.testing.assert_allclose(list(means.values()), vectors.mean(axis=(0, 1)), atol=1e-12)
    expected = (vectors[:, 0, 2] * vectors[:, 1, 1]).mean()
    assert observables.exact_correlator(table, (0, 1), ("z", "y")) == pytest.approx(expected)
    assert observables.exact_correlator(table, (1, 0), ("y", "z")) == pytest.approx(expected)


def test_samples_agree_within_their_error_bars(state, pauli_values):
    _, table = state
    observables = PauliObservables(pauli_values)
    drawn = np.random.default_rng(0).choice(16, p=table, size=40_000)
    outcomes = np.stack([drawn // 4, drawn % 4], axis=1)
    exact = observables.exact_means(table)
    for name, estimate in observables.means(outcomes).items():
        assert 0 < estimate.error < 0.02
        assert abs(estimate.mean - exact[name]) < 4 * estimate.error
    estimate = observables.correlator(outcomes, (1, 0), ("x", "z"))
    expected = observables.exact_correlator(table, (1, 0), ("x", "z"))
    assert abs(estimate.mean - expected) < 4 * estimate.error


def test_probabilities_of_a_product_have_no_error(product_probabilities, pauli_values):
    vector = (0.48, 0.6, 0.64)
    table = np.tile(product_probabilities(vector), (5, 1))
    means = PauliObservables(pauli_values).means_of_probabilities(table)
    np.testing.assert_allclose([means[name].mean for name in "xyz"], vector, atol=1e-12)
    assert all(estimate.error < 1e-12 for estimate in means.values())


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda values: PauliObservables(np.ones((3, 3))), r"\(3, 4\), but has \(3, 3\)"),
        (
            lambda values: PauliObservables(values).exact_correlator(np.ones(16), (0, 0), "xx"),
            r"different sites, but is \(0, 0\)",
        ),
        (
            lambda values: PauliObservables(values).correlator(np.ones((2, 2)), (0, 1), "xw"),
            "x, y or z, but is xw",
        ),
    ],
)
def test_mistakes_are_named(pauli_values, act, message):
    with pytest.raises(ValueError, match=message):
        act(pauli_values)
