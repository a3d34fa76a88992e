"""The smallest config, and folders written from it."""

import shutil

import pytest

from data_gen.generation import generate
from data_gen.settings import settings_from_config

CONFIG = {
    "hamiltonian": {"name": "ising", "lattice": "chain"},
    "n_sites": (2, 3),
    "initial_states": "paper",
    "dt": 0.01,
    "n_steps": 12,
    "n_trajectories": {"train": (7, 5), "test": 2},
    "seed": 3,
    "min_shards": 2,
}


@pytest.fixture
def config():
    return {**CONFIG, "hamiltonian": dict(CONFIG["hamiltonian"])}


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    """A folder not to be changed."""
    folder = tmp_path_factory.mktemp("written") / "data"
    generate(settings_from_config(CONFIG), folder, workers=1, progress=False)
    return folder


@pytest.fixture
def own_dir(written, tmp_path):
    """A copy that a test may damage."""
    return shutil.copytree(written, tmp_path / "data")
