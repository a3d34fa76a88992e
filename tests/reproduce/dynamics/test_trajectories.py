"""The commands that roll networks out, with the exact evolution as a network."""

import numpy as np
import pytest

from qtf.physics import Eigenbasis, printed_state
from reproduce.sections.dynamics import networks
from reproduce.sections.dynamics.networks import Network, Physics
from reproduce.sections.dynamics.printed_states import predict_trajectories

PHYSICS = Physics(
    hamiltonian={"name": "ising", "transverse_field": -1.05, "longitudinal_field": 0.5},
    initial_states="paper",
    dt=0.002,
)


@pytest.fixture
def run(tmp_path, monkeypatch):
    def exact(psi0, n_steps):
        n_sites = psi0.shape[-1].bit_length() - 1
        basis = Eigenbasis.from_hamiltonian(PHYSICS.make_hamiltonian(n_sites))
        return basis.evolve(psi0, 0.002 * np.arange(n_steps + 1))

    monkeypatch.setattr(networks, "load_network", lambda workdir: Network(exact, PHYSICS))
    return tmp_path / "increment"


def test_printed_states_are_named_after_the_run(run):
    found = predict_trajectories([run], [2, 3], 10)
    assert set(found) == {"exact_n2", "increment_n2", "exact_n3", "increment_n3"}
    np.testing.assert_allclose(found["increment_n3"], found["exact_n3"], atol=1e-12)
    np.testing.assert_allclose(found["exact_n3"][0], printed_state(3))
