"""Folders of the generator are those of all that writes trajectories."""

import pytest

from data_gen.generation import generate
from data_gen.settings import settings_from_config
from tests.data_gen.conftest import CONFIG


@pytest.fixture
def config():
    return {**CONFIG, "hamiltonian": dict(CONFIG["hamiltonian"])}


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    """A folder not to be changed."""
    folder = tmp_path_factory.mktemp("written") / "data"
    generate(settings_from_config(CONFIG), folder, workers=1, progress=False)
    return folder
