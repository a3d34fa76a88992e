import keras
import numpy as np
import pytest
import scipy.linalg

from qtf.autoregressive import GRUNetwork
from qtf.open_systems.full_sums import log_table
from qtf.open_systems.local_generator import LocalGenerator
from qtf.open_systems.outcome_distribution import OutcomeDistribution

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="solves by TensorFlow"
)


@pytest.fixture
def flow(heisenberg):
    from qtf.open_systems.tangent_flow import TangentFlow

    def make(units=8, diag_shift=1e-10, n_sites=2):
        keras.utils.set_random_seed(0)
        model = heisenberg(2, ((0, 1),))
        generator = LocalGenerator(model.bonds, model.matrices(), n_sites=2)
        network = GRUNetwork(
            n_positions=n_sites, units=units, local_dimension=4, heads=(4,), dtype="float64"
        )
        distribution = OutcomeDistribution(network=network, dtype="float64")
        return TangentFlow(distribution, generator, diag_shift), model.dense()

    return make


@pytest.mark.parametrize("units", [8, 1], ids=["more weights", "fewer weights"])
def test_two_spins_follow_the_exact_equation_if_the_weights_can(flow, product_probabilities, units):
    moving, dense = flow(units)
    one = product_probabilities((0, -1, 0))
    moving.distribution.start_from_product(one)
    for _ in range(5):
        moving.step(0.01)
    found = np.exp(np.asarray(log_table(moving.distribution)))
    expected = scipy.linalg.expm(0.05 * dense) @ np.kron(one, one)
    distance = np.abs(found - expected).sum()
    if units == 8:
        assert distance < 1e-5
        assert moving.residual < 1e-6
    else:
        # Too few to follow, and it says so.
        assert moving.residual > 1e-6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"diag_shift": 0.0}, "positive, but is 0.0"),
        ({"n_sites": 3}, "2 sites, as the generator, but has 3"),
    ],
)
def test_mistakes_are_named(flow, arguments, message):
    with pytest.raises(ValueError, match=message):
        flow(**arguments)
