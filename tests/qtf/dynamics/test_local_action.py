import math

import numpy as np
import pytest
from keras import ops
from scipy.linalg import expm

from qtf.dynamics.local_action import (
    MAX_ORDER,
    MIN_ORDER,
    REMAINDER,
    apply_action,
    evolve_columns,
    local_action,
    needed_order,
    norm_bound,
    sites_of,
)

from .conftest import dense_generator


def generator(n_sites, interaction_range, seed=0):
    """A random G: its arrays as `local_action` takes them, and its matrix."""
    rng = np.random.default_rng(seed)
    fields = rng.normal(size=(n_sites, 3))
    bonds = rng.normal(size=(interaction_range, 3, 3))
    shift = rng.normal(size=1)
    matrix = dense_generator({"site": fields, "bonds": bonds, "shift": shift}, n_sites)
    return local_action(fields, ops.convert_to_tensor(bonds), shift[0], 2**n_sites), matrix


def columns(n_sites, batch=3, seed=1):
    return np.random.default_rng(seed).normal(size=(2**n_sites, 2, batch))


def as_complex(psi):
    psi = np.asarray(psi)
    return psi[:, 0] + 1j * psi[:, 1]


SIZES = [(1, 1), (2, 1), (2, 3), (4, 1), (4, 2), (5, 4)]


@pytest.mark.parametrize(("n_sites", "interaction_range"), SIZES)
def test_action_equals_the_matrix(n_sites, interaction_range):
    action, matrix = generator(n_sites, interaction_range)
    psi = columns(n_sites)
    found = as_complex(apply_action(action, ops.convert_to_tensor(psi)))
    np.testing.assert_allclose(found, matrix @ as_complex(psi), atol=1e-12)


@pytest.mark.parametrize("order", [None, 30])
def test_evolution_equals_the_exponential_of_the_matrix(order):
    action, matrix = generator(4, 2)
    psi = columns(4)
    found = as_complex(evolve_columns(action, ops.convert_to_tensor(psi), 0.1, order))
    np.testing.assert_allclose(found, expm(-0.1j * matrix) @ as_complex(psi), atol=1e-13)


def test_evolution_of_order_one_is_one_term():
    action, matrix = generator(3, 1)
    psi = columns(3)
    found = as_complex(evolve_columns(action, ops.convert_to_tensor(psi), 0.1, 1))
    expected = as_complex(psi) - 0.1j * matrix @ as_complex(psi)
    np.testing.assert_allclose(found, expected, atol=1e-13)


def test_norm_bound_exceeds_every_eigenvalue_and_is_not_far():
    for seed in range(5):
        action, matrix = generator(4, 1, seed)
        largest = np.abs(np.linalg.eigvalsh(matrix)).max()
        assert largest <= float(norm_bound(action)) < 3 * largest


@pytest.mark.parametrize("phase", [0.0, 1e-3, 0.05, 0.5, 2.0, 7.9])
def test_needed_order_is_the_lowest_that_keeps_the_remainder_small(phase):
    def remainder(power):
        return phase ** (power + 1) / math.factorial(power + 1)

    order = int(needed_order(ops.convert_to_tensor(phase, "float64")))
    assert MIN_ORDER <= order < MAX_ORDER
    assert remainder(order) <= REMAINDER
    assert order == MIN_ORDER or remainder(order - 1) > REMAINDER


def test_sites_of_a_tensor_equals_that_of_an_integer():
    for n_sites in range(1, 21):
        assert sites_of(2**n_sites) == n_sites
        assert int(sites_of(ops.convert_to_tensor(2**n_sites, "int32"))) == n_sites
