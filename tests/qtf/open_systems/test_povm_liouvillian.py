import itertools

import keras
import numpy as np
import pytest
from keras import ops

from qtf.autoregressive import Transformer
from qtf.open_systems.outcome_distribution import OutcomeDistribution
from qtf.open_systems.povm_liouvillian import PovmLiouvillian
from qtf.physics import (
    Chain,
    Lindbladian,
    OutcomeGenerator,
    PauliSum,
    PauliTerm,
    Square,
    decay,
    four_pauli,
    tetrahedral,
)
from qtf.training.compilation import compiled

FOUR = {"local_dimension": 4, "heads": (4,)}
LATTICES = [Chain(3), Chain(4, periodic=True), Square(2, 2, periodic=True), Chain(2, periodic=True)]


MEASUREMENTS = {"tetrahedral": tetrahedral(), "four_pauli": four_pauli()}
MEASURED = [
    Chain(4),
    Chain(4, periodic=True),
    Square(2, 2),
    Square(2, 3),
    Square(2, 2, periodic=True),
]


def every(n_sites):
    return np.array(list(itertools.product(range(4), repeat=n_sites)), "int32")


@pytest.fixture(params=LATTICES, ids=str)
def model(request, heisenberg):
    return heisenberg(request.param.n_sites, request.param.bonds())


def generator_of(model, **arguments):
    return PovmLiouvillian(model.bonds, model.matrices(), n_sites=model.n_sites, **arguments)


def test_generator_equals_the_dense_one_from_the_density_matrix(model):
    dense = model.dense()
    p = np.random.default_rng(0).random(len(dense))
    found = generator_of(model).apply(ops.convert_to_tensor(p))
    np.testing.assert_allclose(found, dense @ p, atol=1e-11)
    np.testing.assert_allclose(dense.sum(axis=0), 0, atol=1e-12)


def unequal_lindbladian(lattice):
    """Bonds that are not symmetric under exchange, and no two sites alike."""
    n_sites, rng = lattice.n_sites, np.random.default_rng(3)
    terms = [
        PauliTerm(rng.normal(), bond, pair) for bond in lattice.bonds() for pair in ("XX", "YZ")
    ]
    terms += [PauliTerm(rng.normal(), (site,), pauli) for site in range(n_sites) for pauli in "XZ"]
    return Lindbladian(PauliSum(n_sites, terms), decay(n_sites, rng.uniform(0.5, 2.0, n_sites)))


@pytest.mark.parametrize("povm", MEASUREMENTS.values(), ids=MEASUREMENTS)
@pytest.mark.parametrize("lattice", MEASURED, ids=str)
def test_generator_is_the_measured_lindblad_equation(lattice, povm):
    lindbladian, n_sites = unequal_lindbladian(lattice), lattice.n_sites
    exact = OutcomeGenerator(lindbladian, povm)
    generator = PovmLiouvillian(exact.bonds, exact.matrices, n_sites=n_sites)
    p = np.random.default_rng(0).dirichlet(np.ones(4**n_sites))
    logs, powers = np.log(p), 4 ** np.arange(n_sites)[::-1]
    change = povm.probabilities(lindbladian.apply(povm.density_matrix(p)))
    assert np.abs(change).max() > 1e-2
    np.testing.assert_allclose(exact.apply(p), change, atol=1e-10)
    np.testing.assert_allclose(generator.apply(ops.convert_to_tensor(p)), change, atol=1e-10)
    rates = generator.rates(
        lambda outcomes: ops.convert_to_tensor(logs[ops.convert_to_numpy(outcomes) @ powers]),
        ops.convert_to_tensor(every(n_sites)),
    )
    np.testing.assert_allclose(p * np.asarray(rates), change, atol=1e-10)


@pytest.mark.parametrize("chunk", [0, 1, 5, 20])
def test_rates_of_outcomes_equal_the_dense_ones(model, chunk):
    p = np.random.default_rng(1).random(4**model.n_sites)
    logs = ops.convert_to_tensor(np.log(p))
    powers = ops.convert_to_tensor(4 ** np.arange(model.n_sites)[::-1], "int32")

    def log_prob(outcomes):
        return ops.take(logs, ops.sum(outcomes * powers, axis=1))

    generator = generator_of(model, chunk=chunk)
    rates = compiled(lambda outcomes: generator.rates(log_prob, outcomes))
    found = rates(ops.convert_to_tensor(every(model.n_sites)))
    np.testing.assert_allclose(found, model.dense() @ p / p, atol=1e-9)


def test_bonds_in_both_directions_and_twice_add_up(heisenberg):
    model = heisenberg(2, ((0, 1),))
    (matrix,) = model.matrices()
    swapped = matrix.reshape(4, 4, 4, 4).transpose(1, 0, 3, 2).reshape(16, 16)
    generator = PovmLiouvillian([(0, 1), (1, 0)], [matrix, 2 * swapped], n_sites=2)
    p = np.random.default_rng(0).random(16)
    np.testing.assert_allclose(
        generator.apply(ops.convert_to_tensor(p)), 3 * matrix @ p, atol=1e-12
    )


def test_moves_without_a_rate_count_nothing_however_probable_they_are():
    mix = np.ones((4, 4)) / 4 - np.eye(4)
    first_only = PovmLiouvillian([(0, 1)], [np.kron(mix, np.eye(4))], n_sites=2)
    outcomes = every(2)[4:8]

    def log_prob(outcomes):
        # All but one outcome of the second site are too improbable for a quotient.
        return -1000.0 * ops.cast(outcomes[:, 1] != 0, "float64")

    rates = np.asarray(first_only.rates(log_prob, ops.convert_to_tensor(outcomes)))
    np.testing.assert_allclose(rates, 0.0, atol=1e-12)


def test_a_chunk_holds_no_more_than_all_moves(heisenberg):
    generator = generator_of(heisenberg(3, Chain(3).bonds()), chunk=1000)
    assert (generator.chunk, generator.n_chunks) == (generator.n_moves, 1)


def test_ratios_stay_finite_for_forty_sites(heisenberg, randomized, product_probabilities):
    model = heisenberg(40, Chain(40, periodic=True).bonds())
    keras.utils.set_random_seed(0)
    network = randomized(Transformer(n_positions=40, units=4, n_layers=1, **FOUR), 2.5)
    distribution = OutcomeDistribution(network=network)
    generator = generator_of(model, chunk=160)
    assert generator.n_moves == 480
    # Below the smallest normal number of float32, exp(-87.3).
    outcomes = np.random.default_rng(0).integers(4, size=(20, 40)).astype("int32")
    assert float(np.min(distribution(outcomes))) < -90
    run = compiled(
        lambda outcomes: generator.rates(distribution, outcomes), variables=network.variables
    )
    assert np.isfinite(np.asarray(run(ops.convert_to_tensor(outcomes)))).all()
    distribution.start_from_product(product_probabilities((0, -1, 0)))
    found = np.asarray(run(ops.convert_to_tensor(outcomes)))
    assert np.isfinite(found).all()


@pytest.mark.parametrize(
    ("bonds", "shape", "arguments", "message"),
    [
        ([(0, 1)], (2, 16, 16), {}, r"\(1, 16, 16\), but has \(2, 16, 16\)"),
        ([(0, 3)], (1, 16, 16), {}, "below 3"),
        ([(1, 1)], (1, 16, 16), {}, "different sites"),
        ([(0, 1)], (1, 16, 16), {"chunk": -1}, "negative, but is -1"),
    ],
)
def test_mistakes_are_named(bonds, shape, arguments, message):
    with pytest.raises(ValueError, match=message):
        PovmLiouvillian(bonds, np.zeros(shape), n_sites=3, **arguments)
