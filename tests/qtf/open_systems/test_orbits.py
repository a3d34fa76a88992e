import itertools

import numpy as np
import pytest

from qtf.autoregressive import GRUNetwork
from qtf.open_systems.full_sums import all_outcomes, log_probs_at, log_table
from qtf.open_systems.orbits import Orbits, multiply
from qtf.open_systems.outcome_distribution import OutcomeDistribution
from qtf.open_systems.povm_liouvillian import PovmLiouvillian
from qtf.physics import Chain, Lindbladian, OutcomeGenerator, Square, tetrahedral, xyz

FOUR = {"local_dimension": 4, "heads": (4,), "dtype": "float64"}
RING = Chain(4, periodic=True)
RATES = {"decay": [1.0, 1.0, 1.0, 0.5]}


@pytest.fixture
def distribution_of(randomized):
    def make(strings, n_sites=4):
        network = randomized(GRUNetwork(n_positions=n_sites, units=3, **FOUR), seed=2)
        return OutcomeDistribution(network=network, strings=strings, dtype="float64")

    return make


def liouvillian_of(lattice, jumps, chunk=0):
    generator = OutcomeGenerator(Lindbladian(xyz(lattice), jumps), tetrahedral())
    return PovmLiouvillian.from_outcome_generator(generator, chunk=chunk)


def necklaces(n_sites):
    """Smallest of all turns and reflections of each string of outcomes, by brute force."""
    found = []
    for string in itertools.product(range(4), repeat=n_sites):
        turns = [string[k:] + string[:k] for k in range(n_sites)]
        found.append(min(turns + [turn[::-1] for turn in turns]))
    return found


def test_orbits_of_a_ring_are_its_bracelets(distribution_of):
    orbits = Orbits.of_distribution(distribution_of(RING.strings(8)))
    expected = necklaces(4)
    assert len(orbits.first) == len(set(expected)) == 55
    assert sorted(map(tuple, orbits.outcomes.tolist())) == sorted(set(expected))
    assert [tuple(orbits.outcomes[k].tolist()) for k in orbits.number] == expected
    assert orbits.sizes.sum() == 256.0


@pytest.mark.parametrize(("n_strings", "n_orbits"), [(0, 256), (1, 256), (2, 136), (4, 76)])
def test_fewer_strings_leave_fewer_symmetries(distribution_of, n_strings, n_orbits):
    model = distribution_of(RING.strings(n_strings))
    orbits = Orbits.of_distribution(model)
    assert len(orbits.first) == n_orbits
    assert orbits.share(np.exp(np.asarray(log_table(model))))


def test_strings_that_form_no_group_leave_every_outcome_by_itself(distribution_of):
    strings = ((0, 1, 2, 3), (1, 2, 3, 0), (2, 3, 0, 1))
    assert len(Orbits.of_distribution(distribution_of(strings)).first) == 256


def test_offsets_keep_the_symmetries_that_they_have(distribution_of):
    model = distribution_of(RING.strings(8))
    # Alike on every second site, so that only shifts by two and reflections keep them.
    model.offsets = [[0.5, 0.0, 0.1, 0.2], [0.0, 0.3, 0.0, 0.0]] * 2
    orbits = Orbits.of_distribution(model)
    assert 55 < len(orbits.first) < 256
    assert orbits.share(np.exp(np.asarray(log_table(model))))


def test_periodic_square_has_seventy_two_symmetries_in_its_strings():
    strings = Square(3, 3, periodic=True).strings(72)
    assert len(set(strings)) == 72
    assert strings[:8] == Square(3, 3).strings(8)
    with pytest.raises(ValueError, match="from 0 to 72"):
        Square(3, 3, periodic=True).strings(73)


def test_log_probs_of_some_outcomes_are_those_of_the_table(distribution_of):
    model = distribution_of(RING.strings(8))
    for offsets in (None, np.random.default_rng(0).normal(size=(4, 4)).tolist()):
        model.offsets = offsets
        rows = np.array([3, 255, 17, 64])
        found = np.asarray(log_probs_at(model, np.asarray(all_outcomes(4))[rows]))
        np.testing.assert_allclose(found, np.asarray(log_table(model))[rows], atol=1e-13)
        np.testing.assert_allclose(found, np.asarray(model(all_outcomes(4)))[rows], atol=1e-12)


@pytest.mark.parametrize("chunk", [0, 5])
def test_restricted_generator_is_that_of_all_outcomes(distribution_of, chunk):
    orbits = Orbits.of_distribution(distribution_of(RING.strings(8)))
    liouvillian = liouvillian_of(RING, {"decay": 1.0}, chunk)
    assert orbits.are_kept_by(liouvillian)
    numbers = np.random.default_rng(1).normal(size=(55, 3))
    found = multiply(orbits.restrict(liouvillian), numbers)
    exact = np.asarray(liouvillian.apply(numbers[orbits.number]))[orbits.first]
    np.testing.assert_allclose(found, exact, atol=1e-12)


def test_noise_of_one_site_breaks_the_symmetry(distribution_of):
    orbits = Orbits.of_distribution(distribution_of(RING.strings(8)))
    assert not orbits.are_kept_by(liouvillian_of(RING, RATES))


def test_derivatives_of_a_mean_of_strings_are_those_of_finite_differences(distribution_of):
    model = distribution_of(RING.strings(8))
    rows = np.asarray(all_outcomes(4))[[0, 27, 141, 255]]
    rng, weights = np.random.default_rng(3), model.get_weights()
    directions = [rng.normal(size=weight.shape) for weight in weights]
    values = []
    for size in (1e-6, -1e-6):
        model.set_weights([w + size * d for w, d in zip(weights, directions, strict=True)])
        values.append(np.asarray(model(rows)))
    model.set_weights(weights)
    along = np.concatenate([np.ravel(direction) for direction in directions])
    (derivatives,) = model.derivatives(rows)
    found = np.asarray(derivatives) @ along
    np.testing.assert_allclose(found, (values[0] - values[1]) / 2e-6, atol=1e-8)
