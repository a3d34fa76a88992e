import pytest

from tests.data_gen.conftest import CONFIG


@pytest.fixture
def config():
    return {**CONFIG, "hamiltonian": dict(CONFIG["hamiltonian"])}
