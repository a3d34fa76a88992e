import numpy as np
import pytest
import tensorflow as tf

from qtf.dynamics.local_generator import LocalGenerator
from qtf.export.saved_model import export_dynamics
from qtf.physics import Chain, energy, evolve, ising, magnetization, sample_initial_states
from serving.models.loaded_version import LoadedVersion
from serving.models.warm_up import warm_up

from .conftest import CONFIG

DT = 0.002
N_STEPS = 30
SERVED = (2, 5)


@pytest.fixture(scope="module")
def version(tmp_path_factory):
    """Folder of an exported generator that knows the Ising chain."""
    model = LocalGenerator(DT, n_max=5)
    values = np.zeros(20)
    for name, value in {"Z_i Z_{i+1}": -1.0, "X_i": 1.05, "Z_i": -0.5}.items():
        values[model.terms.names.index(name)] = value
    model.coefficients.assign(values)
    hamiltonians = {n: ising(Chain(n)) for n in SERVED}
    config = {**CONFIG, "data": {"n_sites": [2, 3]}}
    folder = tmp_path_factory.mktemp("models") / "ising"
    return export_dynamics(model, folder, hamiltonians, config, xla_signature=True)


@pytest.fixture(scope="module")
def signatures(version):
    return tf.saved_model.load(str(version)).signatures


def states(n_sites, n_samples=3):
    """States that float32 holds, and their exact evolution."""
    psi0 = sample_initial_states("paper", n_sites, n_samples, seed=1).astype(np.complex64)
    exact = evolve(ising(Chain(n_sites)), psi0, DT * np.arange(N_STEPS + 1))
    return psi0, exact


def request(psi0):
    return {
        "psi0_re": tf.constant(psi0.real, tf.float32),
        "psi0_im": tf.constant(psi0.imag, tf.float32),
        "n_steps": tf.fill([len(psi0)], N_STEPS),
    }


@pytest.mark.parametrize("n_sites", SERVED)
@pytest.mark.parametrize("name", ["rollout", "rollout_xla"])
def test_only_what_leaves_is_rounded_to_single_precision(signatures, name, n_sites):
    psi0, exact = states(n_sites)
    answer = signatures[name](**request(psi0))
    np.testing.assert_array_equal(answer["psi_re"], exact.real.astype(np.float32))
    np.testing.assert_array_equal(answer["psi_im"], exact.imag.astype(np.float32))


def test_observables_are_those_of_exact_evolution(signatures):
    psi0, exact = states(5)
    answer = signatures["observables"](**request(psi0))
    np.testing.assert_allclose(answer["norm"], 1, atol=1e-6)
    np.testing.assert_allclose(answer["energy"], energy(ising(Chain(5)), exact), atol=1e-5)
    np.testing.assert_allclose(answer["magnetization_y"], magnetization(exact, "y"), atol=1e-6)


def test_steps_stream_the_rollout_with_empty_cells(signatures):
    psi0, exact = states(2)
    state = {"psi_re": psi0.real, "psi_im": psi0.imag, "cells": np.zeros((3, 0, 0))}
    for k in range(1, N_STEPS + 1):
        state = signatures["step"](
            **{key: tf.constant(value, tf.float32) for key, value in state.items()}
        )
        found = state["psi_re"].numpy() + 1j * state["psi_im"].numpy()
        np.testing.assert_allclose(found, exact[:, k], atol=1e-5)
    assert tuple(state["cells"].shape) == (3, 0, 0)


def test_warm_up_requests_with_empty_cells_replay(version):
    loaded = LoadedVersion("ising", 1, version)
    assert warm_up(loaded) == 4 * len(SERVED)
    loaded.close()


def test_card_tells_what_was_learned_and_from_which_chains(version):
    card = (version / "assets" / "model_card.md").read_text()
    assert card.startswith("# Local generator for spin-chain dynamics")
    assert "learned from trajectories of 2, 3 spins" in " ".join(card.split())
    assert "for systems of 2, 5 spins" in " ".join(card.split())
    assert "G = sum of +1.05 X_i, -0.5 Z_i, -1 Z_i Z_{i+1} |" in card
    assert "SRU" not in card
