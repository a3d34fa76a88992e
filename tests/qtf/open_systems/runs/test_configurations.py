"""The configurations that come with the package make tasks."""

import importlib

import pytest

from qtf.configuration import from_config
from qtf.open_systems.runs.assembly import make_task
from qtf.open_systems.runs.settings import OpenSystemSettings
from qtf.open_systems.task import AllOutcomes


@pytest.mark.parametrize(
    ("name", "choice", "message"),
    [
        ("heisenberg_chain", "four", 'N, but is "four"'),
        ("heisenberg_square", "1.8", 'JY,STRINGS or JY,STRINGS,dynamics, but is "1.8"'),
        ("heisenberg_square", "1.8,8,steady", 'JY,STRINGS,dynamics, but is "1.8,8,steady"'),
        ("ising_chain", "6", 'N,G, but is "6"'),
        ("stiff_chain", "4", 'N,TAU, but is "4"'),
    ],
)
def test_wrong_choices_of_a_configuration_are_named(name, choice, message):
    config = importlib.import_module(f"configs.open_system.{name}")
    with pytest.raises(ValueError, match=message):
        config.get_config(choice)


@pytest.mark.parametrize(
    ("choice", "n_epochs", "every_outcome"),
    [
        ("heisenberg_chain:4", 200, True),
        ("heisenberg_chain:16", 200, False),
        ("heisenberg_square:1.8,8", 10, True),
        ("heisenberg_square:1.8,1,dynamics", 125, True),
        ("ising_chain:6,2.0", 10, True),
        ("stiff_chain:4,0.0005", 200, True),
        ("stiff_chain:4,0.0075", 333, True),
        ("stiff_chain:10,0.0075", 333, False),
    ],
)
def test_configurations_make_tasks(choice, n_epochs, every_outcome):
    name, arguments = choice.split(":")
    found = importlib.import_module(f"configs.open_system.{name}").get_config(arguments)
    # These take their time.
    found.exact = False
    task = make_task(from_config(OpenSystemSettings, found))
    assert task.plan.n_epochs == n_epochs
    assert (task.outcomes is AllOutcomes) == every_outcome
