"""With a budget of a few hundred bytes everything is in pieces, and gives the same."""

import keras
import numpy as np
import pytest

from qtf.autoregressive import GRUNetwork
from qtf.open_systems.averaged import AveragedDistribution
from qtf.open_systems.outcome_distribution import OutcomeDistribution
from qtf.open_systems.povm_liouvillian import PovmLiouvillian, log_prob_in_pieces, moves_at_once
from qtf.pieces import PIECE_VARIABLE

RNG = np.random.default_rng(0)
OUTCOMES = RNG.integers(4, size=(20, 3)).astype("int32")


class Counting(OutcomeDistribution):
    """Notes of how many outcomes it is asked at once."""

    def call(self, outcomes):
        sizes.append(outcomes.shape[0])
        return super().call(outcomes)


sizes: list[int] = []


def distribution(**kwargs):
    network = GRUNetwork(n_positions=3, units=4, local_dimension=4, heads=(4,), dtype="float64")
    return Counting(network=network, dtype="float64", **kwargs)


@pytest.fixture(params=["plain", "strings", "averaged"])
def model(request):
    keras.utils.set_random_seed(0)
    if request.param == "averaged":
        return AveragedDistribution(distributions=[distribution(), distribution()])
    if request.param == "strings":
        return distribution(strings=((0, 1, 2), (2, 1, 0)))
    return distribution()


def allow(monkeypatch, model, count):
    monkeypatch.setenv(PIECE_VARIABLE, repr((count + 0.001) * model.evaluation_bytes / 2**30))
    sizes.clear()


def test_probabilities_and_rates_in_pieces_are_the_same(model, monkeypatch):
    matrices = RNG.standard_normal((2, 16, 16))
    generator = PovmLiouvillian([(0, 1), (1, 2)], matrices, n_sites=3, chunk=4)
    allow(monkeypatch, model, 10_000)
    whole = [log_prob_in_pieces(model, OUTCOMES), generator.rates(model, OUTCOMES)]
    assert max(sizes) > 7
    allow(monkeypatch, model, 7)
    in_pieces = [log_prob_in_pieces(model, OUTCOMES), generator.rates(model, OUTCOMES)]
    assert max(sizes) <= 7
    for one, other in zip(whole, in_pieces, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10)


def test_moves_of_all_samples_fit_into_the_memory_with_their_gradients(model, monkeypatch):
    allow(monkeypatch, model, 3 * 50)
    assert moves_at_once(model, 10) == 5
    assert moves_at_once(model, 1000) == 1
