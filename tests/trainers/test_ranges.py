"""Every number of every setting has its range, held at both ends and beyond."""

import math

import pytest
from ml_collections import ConfigDict

from qtf.autoregressive.settings import NETWORKS
from qtf.checks import Flag, Number, Optional, Several
from qtf.configuration import config_dict, from_config
from qtf.dynamics.runs.settings import DynamicsSettings
from qtf.dynamics.settings import GeneratorSettings
from qtf.ground_states.runs.settings import GroundStateSettings
from qtf.open_systems.runs.settings import OpenSystemSettings
from qtf.settings import flatten

COMMANDS = {
    "dynamics": DynamicsSettings,
    "ground state": GroundStateSettings,
    "open system": OpenSystemSettings,
}
# Checked where it is used.
ELSEWHERE = ("physics.hamiltonian.", "physics.jumps.", "exact.hamiltonian.")
SQUARE = {"name": "ising", "lattice": "square", "n_rows": 2, "n_columns": 2}
NUMBERS = [math.nan, math.inf, -math.inf, -1, 0, 1, 0.5, 1e300, 10**30, True, "2", [1], None]


def rules_of(config):
    return flatten(config.rules())


def defaults_of(config):
    return flatten(config_dict(config()).to_dict())


def resolved(config, values):
    """Returns all values of a configuration by their dotted keys."""
    return flatten(from_config(config, values).as_mapping())


def numbers_of(config):
    """Yields (key, rule) for what is not a word, also where None stands for one."""
    rules = rules_of(config)
    for key in defaults_of(config):
        rule = rules.get(key)
        if rule is not None and not hasattr(getattr(rule, "rule", rule), "words"):
            yield key, rule


SETTINGS = [
    pytest.param(config, key, rule, id=f"{name}-{key}")
    for name, config in COMMANDS.items()
    for key, rule in numbers_of(config)
]


def with_value(key, value):
    *sections, name = key.split(".")
    nested = {name: value}
    for section in reversed(sections):
        nested = {section: nested}
    return ConfigDict(nested)


@pytest.mark.parametrize("config", COMMANDS.values(), ids=COMMANDS)
def test_every_number_and_flag_has_a_rule(config):
    rules, defaults = rules_of(config), defaults_of(config)
    for key, value in defaults.items():
        is_word = isinstance(value, str) or key == "model.decoder_initializer"
        assert is_word or key in rules or key.startswith(ELSEWHERE), key
    assert rules.keys() <= defaults.keys()


def allowed(rule, value):
    """What the rule says, computed in another way."""
    if isinstance(rule, Optional):
        return value is None or allowed(rule.rule, value)
    if isinstance(rule, Flag):
        return value is True or value is False
    if not isinstance(rule, Number):
        # A rule of pairs, folders and the like.
        return False
    if isinstance(value, bool | str | list | tuple) or value is None or not abs(value) < math.inf:
        return False
    if rule.integer and isinstance(value, float):
        return False
    low = -math.inf if rule.least is None else rule.least
    high = math.inf if rule.most is None else rule.most
    at_ends = value != rule.above and value != rule.below
    above = -math.inf if rule.above is None else rule.above
    below = math.inf if rule.below is None else rule.below
    return max(low, above) <= value <= min(high, below) and at_ends


@pytest.mark.parametrize(("config", "key", "rule"), SETTINGS)
def test_numbers_without_meaning_are_refused_by_name(config, key, rule):
    several = isinstance(rule, Several)
    if isinstance(rule, Optional) and isinstance(rule.rule, Several):
        rule, several = rule.rule, True
    inner = rule.rule if several else rule
    bounds = [bound for bound in vars(inner).values() if type(bound) in (int, float)]
    tried = [*NUMBERS, *bounds, *(b + 1 for b in bounds), *(b - 1 for b in bounds)]
    for value in tried:
        if allowed(inner, value):
            continue
        given = (value,) if several else value
        with pytest.raises(ValueError, match=rf"`[\w.]*{key.split('.')[-1]}`|wrong type"):
            resolved(config, with_value(key, given))


@pytest.mark.parametrize(("config", "key", "rule"), SETTINGS)
def test_numbers_at_the_ends_of_their_range_are_taken(config, key, rule):
    inner = rule.rule if isinstance(rule, Optional) else rule
    if not isinstance(inner, Number):
        return
    ends = [end for end in (inner.least, inner.most) if end is not None]
    for value in ends:
        # A floor of 0 and a rate above it never contradict one another.
        values = with_value(key, value)
        section, _, name = key.rpartition(".")
        if name in GeneratorSettings.rules():
            values.model.preset = "local_generator"
        if section == "network":
            owners = [network for network, kind in NETWORKS.items() if name in kind.rules()]
            # Not one that needs another order than the default.
            values.network.name = next(each for each in owners if NETWORKS[each].order != "snake")
            values.physics = ConfigDict({"hamiltonian": SQUARE})
        if key == "model.n_max":
            values.data = ConfigDict({"n_sites": (value,)})
        assert resolved(config, values)[key] == value


@pytest.mark.parametrize("value", [(2.0, 3), ("2", "3"), (True, 3), (0,), (-2,), (math.nan,)])
def test_lengths_of_chains_are_positive_integers(value):
    with pytest.raises(ValueError, match=r"Setting `data.n_sites` holds values each of which must"):
        from_config(DynamicsSettings, with_value("data.n_sites", value))
