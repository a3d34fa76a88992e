import pytest

from qtf.configuration import config_dict, from_config
from qtf.ground_states.runs.assembly import make_task
from qtf.ground_states.runs.facts import find_facts
from qtf.ground_states.runs.settings import GroundStateSettings
from qtf.open_systems.runs import assembly as open_systems
from qtf.open_systems.runs.settings import OpenSystemSettings
from qtf.training import memory
from qtf.training.memory import tell_memory

GIB = 2**30


@pytest.fixture
def _eight_gib(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 8 * GIB)


@pytest.mark.usefixtures("_eight_gib")
def test_a_step_out_of_reach_is_told_in_one_line(capsys):
    tell_memory(30 * GIB, ["`sampling.n_samples`", "the network"])
    assert capsys.readouterr().err == (
        "One step takes about 30.0 GiB of memory, but 8.0 GiB are available; it takes less with a"
        " smaller `sampling.n_samples` or the network.\n"
    )


@pytest.mark.usefixtures("_eight_gib")
def test_nothing_is_told_of_a_step_that_fits(capsys):
    tell_memory(8 * GIB, ["the network"])
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("n_samples", [1000, 100_000])
def test_equations_of_reconfiguration_grow_with_samples(n_samples):
    config = config_dict(GroundStateSettings())
    config.sampling.n_samples = n_samples
    config.network.units = 32
    config.min_sr.diag_shift = 1e-3
    settings = from_config(GroundStateSettings, config)
    found = make_task(settings, find_facts(settings)).build().step_bytes()
    # At least the derivatives of modulus and phase by each of some 5,000 weights.
    assert found > 2 * n_samples * 5000 * 4
    assert found < 100 * n_samples * 5000 * 4


@pytest.mark.parametrize("every_outcome", [True, False])
def test_a_small_open_system_fits(every_outcome):
    config = config_dict(OpenSystemSettings())
    config.physics.hamiltonian = {"name": "heisenberg", "lattice": "chain", "n_sites": 4}
    config.objective.every_outcome = every_outcome
    config.exact = False
    config.sampling.n_samples = 100
    training = open_systems.make_task(from_config(OpenSystemSettings, config)).build()
    assert 0 < training.step_bytes() < GIB
