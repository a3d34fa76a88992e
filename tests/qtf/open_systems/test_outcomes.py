"""What takes outcomes takes them of every type, and none but 0 to 3."""

import keras
import numpy as np
import pytest

from qtf.autoregressive import GRUNetwork
from qtf.open_systems.averaged import AveragedDistribution
from qtf.open_systems.objectives import steady_state
from qtf.open_systems.observables import PauliObservables
from qtf.open_systems.outcome_distribution import OutcomeDistribution
from qtf.open_systems.povm_liouvillian import PovmLiouvillian

GIVEN = np.array([[0, 1, 3], [2, 1, 0], [3, 3, 2]])


def distribution(seed):
    keras.utils.set_random_seed(seed)
    network = GRUNetwork(n_positions=3, units=4, local_dimension=4, heads=(4,))
    return OutcomeDistribution(network=network, strings=((0, 1, 2), (2, 1, 0)))


ONE, MEAN = distribution(1), AveragedDistribution(distributions=[distribution(1), distribution(2)])
MIX = np.kron(np.ones((4, 4)) / 4 - np.eye(4), np.eye(4))
GENERATOR = PovmLiouvillian([(0, 1), (1, 2)], [MIX, MIX], n_sites=3)
OBSERVABLES = PauliObservables([[3.0, -1, -1, -1]] * 3)
FUNCTIONS = {
    "log_prob": ONE,
    "mean": MEAN,
    "coefficients": GENERATOR.coefficients,
    "moved": lambda outcomes: GENERATOR.move(outcomes, 0),
    "rates": lambda outcomes: GENERATOR.rates(ONE, outcomes),
    "objective": lambda outcomes: steady_state(GENERATOR).of_samples(ONE, outcomes),
    "means": lambda outcomes: OBSERVABLES.means(outcomes)["z"].mean,
    "correlator": lambda outcomes: OBSERVABLES.correlator(outcomes, (0, 1), ("x", "y")).mean,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_outcomes_of_any_type_give_the_same(name):
    expected = keras.tree.flatten(FUNCTIONS[name](GIVEN.astype("int32")))
    for dtype in ("int8", "uint8", "int64", "float32"):
        found = keras.tree.flatten(FUNCTIONS[name](GIVEN.astype(dtype)))
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("value", [-1, 4])
def test_other_outcomes_are_refused(name, value):
    message = f"^Argument `outcomes` must hold outcomes from 0 to 3, but holds {value}.$"
    with pytest.raises(ValueError, match=message):
        FUNCTIONS[name](np.where(GIVEN == 2, value, GIVEN))


@pytest.mark.parametrize(("model", "n_rows"), [(ONE, 4), (MEAN, 5)])
def test_random_numbers_of_samples_are_checked(model, n_rows):
    with pytest.raises(ValueError, match=rf"`uniforms` must be \({n_rows}, batch\), but is \(3, 2"):
        model.sample(np.zeros((3, 2), "float32"))


def test_a_table_has_a_number_for_every_string():
    with pytest.raises(ValueError, match=r"`table` must have the shape \(4\*\*n_sites,\).* \(8,\)"):
        OBSERVABLES.exact_means(np.full(8, 0.125))
