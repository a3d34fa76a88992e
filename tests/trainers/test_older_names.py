"""Configuration files that were written for version 0.1.0 are still read."""

import pytest

from qtf.configuration import from_config
from qtf.dynamics.runs.settings import DynamicsSettings
from qtf.ground_states.runs.settings import GroundStateSettings
from qtf.open_systems.runs.settings import OpenSystemSettings

FILES = {
    DynamicsSettings: """
from qtf.configuration import config_dict
from trainers.dynamics.settings import DynamicsSettings

def get_config():
    config = config_dict(DynamicsSettings())
    config.training.seed = 5
    return config
""",
    GroundStateSettings: """
from trainers.ground_state.recipes import start_chain, use_known_signs
from trainers.ground_state.settings import GroundStateSettings

def get_config():
    config = start_chain(8)
    use_known_signs(config)
    config.training.seed = 5
    return config
""",
    OpenSystemSettings: """
from trainers.open_system.recipes import make_heisenberg_chain
from trainers.open_system.settings import OpenSystemSettings

def get_config():
    config = make_heisenberg_chain(n_sites=3, energy=1.0)
    config.training.seed = 5
    return config
""",
}


@pytest.mark.parametrize(
    ("kind", "text"), FILES.items(), ids=lambda value: getattr(value, "__name__", "")
)
def test_an_older_configuration_file_is_read(kind, text):
    names = {}
    exec(compile(text, "older.py", "exec"), names)
    assert from_config(kind, names["get_config"]()).training.seed == 5
