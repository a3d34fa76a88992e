import numpy as np

from qtf.measurements.likelihood import Likelihood, MarginalFit
from qtf.measurements.scoring import WithPriors
from tests.qtf.measurements.test_model import predicted


def test_the_likelihood_is_the_sum_over_all_outcomes(noisy):
    model, truth, shots = noisy
    values = predicted(model, truth, shots.settings)[:, 0]
    by_hand = sum(
        count * np.log(values[row, int(bits, 2)])
        for row, counts in enumerate(shots.counts)
        for bits, count in counts.items()
    )
    assert np.isclose(Likelihood(model, shots)(truth, []).value, by_hand, rtol=1e-13)


def test_the_likelihood_of_last_bits_lacks_that_of_the_first(noisy):
    model, truth, shots = noisy
    values = predicted(model, truth, shots.settings)[:, 0]
    first = {
        row: [values[row].reshape(4, -1)[k].sum() for k in range(4)] for row in range(len(values))
    }
    by_hand = sum(
        count * np.log(first[row][int(bits[:2], 2)])
        for row, counts in enumerate(shots.counts)
        for bits, count in counts.items()
    )
    whole = Likelihood(model, shots)(truth, []).value
    given = Likelihood(model, shots, n_given=2)(truth, []).value
    assert np.isclose(whole - given, by_hand, rtol=1e-12)


def test_scores_are_slopes_of_their_objective(noisy):
    model, truth, shots = noisy
    shots = shots.select(range(12))
    free = list(range(model.size))
    priors = {0: (0.3, 0.01), 4: (0.5, 0.2)}
    for objective in (
        Likelihood(model, shots),
        Likelihood(model, shots, n_given=2),
        MarginalFit(model, shots),
        WithPriors(Likelihood(model, shots), priors),
    ):
        at = truth + 0.01
        score = objective(at, free).score
        for k in free:
            step = np.eye(model.size)[k] * 1e-5
            change = objective(at + step, free).value - objective(at - step, free).value
            assert np.isclose(change / 2e-5, score[k], rtol=1e-5, atol=1e-2)


def test_information_is_the_covariance_of_the_score(pure):
    model, truth, shots = pure
    free = list(range(model.size))
    slope = Likelihood(model, shots)(truth, free)
    values = predicted(model, truth, shots.settings, free)
    expected = np.zeros((model.size, model.size))
    for row, setting in enumerate(shots.settings):
        p, dp = values[row, 0], values[row, 1:]
        expected += setting.shots * sum(np.outer(dp[:, b], dp[:, b]) / p[b] for b in range(len(p)))
    np.testing.assert_allclose(slope.information, expected, rtol=1e-10)
    np.testing.assert_allclose(slope.spread, expected, atol=0.05 * expected.max())


def test_first_and_last_bits_share_the_information(pure):
    model, truth, shots = pure
    free = list(range(model.size))
    whole, given = (Likelihood(model, shots, n_given=n)(truth, free) for n in (0, 2))
    values = predicted(model, truth, shots.settings, free)
    first = values.reshape(*values.shape[:2], 4, -1).sum(-1)
    numbers = np.array([setting.shots for setting in shots.settings])
    of_first = np.einsum("s,skb,slb,sb->kl", numbers, first[:, 1:], first[:, 1:], 1 / first[:, 0])
    np.testing.assert_allclose(given.information + of_first, whole.information, rtol=1e-9)
