"""Numbers that mean nothing are refused by every public class that takes them."""

import math

import numpy as np
import pytest

from qtf.data.exact_source import ExactSource
from qtf.data.random_source import RandomSource
from qtf.dynamics.local_generator import LocalGenerator
from qtf.dynamics.rollout import Rollout
from qtf.dynamics.transferable_sru import TransferableSRU
from qtf.ground_states.task import Reconfiguration
from qtf.open_systems.plan import Plan
from qtf.physics import Chain, decay
from qtf.training.natural_gradient import NaturalGradient


def network(**changes):
    return TransferableSRU(**{"n_max": 2, "units": 4, **changes})


def source(**changes):
    usual = {"n_steps": 5, "batch_size": 2, "window": 3, "dt": 0.1}
    hamiltonian = {"name": "ising", "lattice": "chain"}
    return ExactSource(hamiltonian, n_sites=(2,), **{**usual, **changes})


INTEGERS = {
    "network n_max": lambda value: network(n_max=value),
    "network units": lambda value: network(units=value),
    "network n_layers": lambda value: network(n_layers=value),
    "generator n_max": lambda value: LocalGenerator(dt=0.1, n_max=value),
    "generator interaction_range": lambda value: LocalGenerator(dt=0.1, interaction_range=value),
    "generator order": lambda value: LocalGenerator(dt=0.1, order=value),
    "rollout chunk_bytes": lambda value: Rollout(network(), chunk_bytes=value),
    "source n_steps": lambda value: source(n_steps=value),
    "source batch_size": lambda value: source(batch_size=value),
    "source window": lambda value: source(window=value),
    "source seed": lambda value: source(seed=value),
    "uniforms seed": lambda value: RandomSource((2,), seed=value),
    "uniforms shape": lambda value: RandomSource((2, value), seed=0),
    "plan n_epochs": lambda value: Plan(0.1, value),
    "plan n_steady": lambda value: Plan(0.1, 3, value),
    "strings count": lambda value: Chain(4).strings(value),
}
NUMBERS = {
    "network increment_scale": lambda value: network(increment_scale=value),
    "plan tau": lambda value: Plan(value, 3),
    "natural gradient diag_shift": lambda value: NaturalGradient(None, value),
    "natural gradient momentum": lambda value: NaturalGradient(None, 1e-3, momentum=value),
    "reconfiguration": lambda value: Reconfiguration(None, None, None, diag_shift=value),
    "decay rate": lambda value: decay(3, value),
}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1, 2.5, "3"], ids=str)
@pytest.mark.parametrize("make", INTEGERS.values(), ids=INTEGERS)
def test_integers(make, value):
    with pytest.raises(ValueError, match="must"):
        make(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1, "3"], ids=str)
@pytest.mark.parametrize("make", NUMBERS.values(), ids=NUMBERS)
def test_numbers(make, value):
    with pytest.raises(ValueError, match="must"):
        make(value)


# Keras itself takes Python's integers only for widths.
@pytest.mark.parametrize("name", [name for name in INTEGERS if name != "network units"])
def test_integers_of_numpy_are_integers(name):
    INTEGERS[name](np.int64(2))
