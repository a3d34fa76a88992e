import numpy as np
import pytest

from data_gen import reference_evolution
from data_gen.generation import generate
from data_gen.reference_evolution import ReferenceEvolution
from data_gen.settings import settings_from_config
from data_gen.verification import verify
from qtf.physics import Chain, Eigenbasis, ising

DT, N_STEPS = 0.1, 20


def exact(hamiltonian, psi0, dt=DT):
    return Eigenbasis.from_hamiltonian(hamiltonian).evolve(psi0, dt * np.arange(N_STEPS + 1))


@pytest.fixture
def psi0(random_states):
    return random_states(5)


@pytest.fixture
def random_states():
    def states(n_sites):
        rng = np.random.default_rng(0)
        psi = rng.normal(size=(2, 2**n_sites))
        psi = psi[0] + 1j * psi[1]
        return psi / np.linalg.norm(psi)

    return states


@pytest.mark.parametrize("scale", [0.0, 1e-9, 1.0, 1e3, 1e7])
def test_both_ways_equal_the_eigenbasis_at_any_scale(scale, psi0):
    evolution = ReferenceEvolution(scale * ising(Chain(5)), dt=DT, n_steps=N_STEPS)
    found = evolution.states(psi0)
    assert found.shape == (N_STEPS + 1, 32)
    error = np.abs(found - exact(scale * ising(Chain(5)), psi0)).max()
    assert error <= 1e-13 + evolution.rounding


def test_long_steps_without_a_propagator_are_taken_in_parts(psi0, monkeypatch):
    monkeypatch.setattr(reference_evolution, "MAX_DENSE_SITES", 4)
    monkeypatch.setattr(reference_evolution, "PIECE_PHASE", 7.0)
    for dt in (0.002, 0.1, 3.0):
        evolution = ReferenceEvolution(ising(Chain(5)), dt=dt, n_steps=N_STEPS)
        shares = []
        found = evolution.states(psi0, tell=shares.append)
        np.testing.assert_allclose(found, exact(ising(Chain(5)), psi0, dt), atol=1e-11)
        assert sum(shares) == pytest.approx(1.0)
    # Progress comes within a long step, too.
    assert len(shares) > 2 * N_STEPS


def test_share_of_the_work_is_told_with_a_propagator(psi0):
    shares = []
    ReferenceEvolution(1e5 * ising(Chain(5)), dt=1.0, n_steps=3).states(psi0, tell=shares.append)
    assert sum(shares) == pytest.approx(1.0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("coupling", [1e-9, 1e5])
def test_folders_of_any_energy_are_verified(coupling, dtype, config, tmp_path):
    config["hamiltonian"] |= {
        "coupling": coupling,
        "transverse_field": coupling,
        "longitudinal_field": 0.5 * coupling,
    }
    generate(
        settings_from_config({**config, "dt": 1.0, "dtype": dtype}),
        tmp_path,
        workers=1,
        progress=False,
    )
    assert verify(tmp_path, n_samples=9, progress=False).problems == ()


def test_wrong_evolution_of_high_energies_is_found(config, tmp_path, monkeypatch):
    config["hamiltonian"] |= {"coupling": 1e5}
    generate(settings_from_config({**config, "dt": 1.0}), tmp_path, workers=1, progress=False)
    states = ReferenceEvolution.states
    monkeypatch.setattr(
        ReferenceEvolution, "states", lambda *args, **more: states(*args, **more)[::-1]
    )
    problems = verify(tmp_path, progress=False).problems
    assert "it does not obey the Schroedinger equation" in problems[0]
