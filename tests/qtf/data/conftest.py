"""Small folders of trajectories for the tests of the readers."""

import shutil

import pytest

from data_gen.generation import generate
from data_gen.settings import settings_from_config

CONFIG = {
    "hamiltonian": {"name": "ising", "lattice": "chain"},
    "n_sites": (2, 3),
    "initial_states": "paper",
    "dt": 0.01,
    "n_steps": 20,
    "n_trajectories": {"train": (30, 25), "validation": (5,)},
    "seed": 7,
    "min_shards": 3,
}


def _written(tmp_path_factory, **changes):
    folder = tmp_path_factory.mktemp("trajectories") / "data"
    generate(settings_from_config({**CONFIG, **changes}), folder, workers=1, progress=False)
    return folder


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory):
    """float32, uncompressed; not to be changed."""
    return _written(tmp_path_factory)


@pytest.fixture(scope="session")
def float64_gzip_dir(tmp_path_factory):
    """The same trajectories in float64 with gzip; not to be changed."""
    return _written(tmp_path_factory, dtype="float64", compression="gzip")


@pytest.fixture
def own_dir(data_dir, tmp_path):
    """A copy of the float32 folder that a test may damage."""
    return shutil.copytree(data_dir, tmp_path / "data")
