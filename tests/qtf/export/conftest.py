import keras
import pytest

from qtf.dynamics.transferable_sru import TransferableSRU
from qtf.export.saved_model import export_dynamics
from qtf.physics import Chain, ising

CONFIG = {
    "physics": {
        "hamiltonian": {"name": "ising", "transverse_field": -1.05},
        "dt": 0.002,
        "initial_states": "paper",
    }
}
MAX_STEPS = 40


@pytest.fixture(scope="session")
def model():
    keras.utils.set_random_seed(3)
    tiny = {"n_max": 4, "units": 8, "n_layers": 2, "decoder_initializer": "glorot_normal"}
    return TransferableSRU.from_preset("increment", **tiny)


@pytest.fixture(scope="session")
def hamiltonians():
    return {n: ising(Chain(n)) for n in (2, 3, 4)}


@pytest.fixture(scope="session")
def version(model, hamiltonians, tmp_path_factory):
    """Folder of an exported version with the optional XLA signature."""
    return export_dynamics(
        model,
        tmp_path_factory.mktemp("models") / "ising",
        hamiltonians,
        CONFIG,
        max_steps=MAX_STEPS,
        xla_signature=True,
    )
