import numpy as np
import pytest

from qtf.dynamics import evaluation
from qtf.dynamics.evaluation import evaluate
from qtf.dynamics.metrics import energy_drift
from qtf.physics import (
    Chain,
    DrivenHamiltonian,
    PauliSum,
    PauliTerm,
    evolve,
    ising,
    sample_initial_states,
)

DT = 0.002
N_STEPS = 10


def evaluated(n_sites, sizes):
    """Evaluates a model that is exact but for its norm, and notes sizes of its batches."""
    hamiltonian = ising(Chain(n_sites))

    def model(psi0):
        sizes.append(len(psi0))
        return 1.01 * evolve(hamiltonian, psi0, DT * np.arange(N_STEPS + 1))

    psi0 = sample_initial_states("paper", n_sites, 7, seed=0)
    return evaluate(model, psi0, hamiltonian, dt=DT, n_steps=N_STEPS)


def set_budget(monkeypatch, n_amplitudes):
    n_bytes = 16 * evaluation.ARRAYS_HELD * n_amplitudes
    monkeypatch.setenv("QTF_PIECE_GIB", repr(n_bytes / 2**30))


def test_long_chains_are_evaluated_in_smaller_chunks_with_the_same_result(monkeypatch):
    sizes: list[int] = []
    together = evaluated(3, sizes)
    assert sizes == [7]
    # Three trajectories of 11 states of 8 amplitudes.
    set_budget(monkeypatch, 3 * 11 * 8)
    in_chunks = evaluated(3, sizes)
    # The last one is filled up, so that a compiled model is compiled once.
    assert sizes[1:] == [3, 3, 3]
    for metric, by_name in together.summaries.items():
        for name, summary in by_name.items():
            np.testing.assert_allclose(
                in_chunks.summaries[metric][name].mean, summary.mean, atol=1e-14
            )


def test_a_trajectory_larger_than_a_chunk_is_evaluated_alone(monkeypatch):
    set_budget(monkeypatch, 10)
    sizes: list[int] = []
    result = evaluated(2, sizes)
    assert sizes == [1] * 7
    assert abs(result.summaries["norm_error"]["model"].mean[3] - 0.01) < 1e-12


def test_amplitude_error_sees_the_global_phase():
    hamiltonian = ising(Chain(2))

    def model(psi0):
        return np.exp(0.3j) * evolve(hamiltonian, psi0, DT * np.arange(N_STEPS + 1))

    psi0 = np.eye(4)[:1].astype(complex)
    result = evaluate(model, psi0, hamiltonian, dt=DT, n_steps=N_STEPS)
    found = result.summaries["amplitude_error"]["model"].mean[0]
    assert abs(found - abs(np.exp(0.3j) - 1)) < 1e-12
    assert result.summaries["mean_relative_entropy"]["model"].mean[0] < 1e-12


def rotated(exact):
    return lambda psi0: np.exp(0.3j) * exact[: len(psi0)]


def test_given_trajectories_are_what_is_exact_where_no_hamiltonian_is_known():
    times = DT * np.arange(N_STEPS + 1)
    psi0 = sample_initial_states("paper", 2, 3, seed=0)
    exact = evolve(ising(Chain(2)), psi0, times)
    result = evaluate(rotated(exact), psi0, None, dt=DT, n_steps=N_STEPS, given=exact)
    assert "energy_drift" not in result.summaries
    np.testing.assert_allclose(result.summaries["fidelity"]["model"].mean, 1.0, atol=1e-14)
    np.testing.assert_array_equal(result.exact, exact[0])
    with pytest.raises(ValueError, match=r"`given` must have the shape \(3, 11, 4\)"):
        evaluate(rotated(exact), psi0, None, dt=DT, n_steps=N_STEPS, given=exact[:, :5])
    with pytest.raises(ValueError, match="or given trajectories, but neither is there"):
        evaluate(rotated(exact), psi0, None, dt=DT, n_steps=N_STEPS)
    with pytest.raises(ValueError, match="or given trajectories, but are both"):
        evaluate(rotated(exact), psi0, ising(Chain(2)), dt=DT, n_steps=N_STEPS, given=exact)


def test_driven_systems_are_compared_with_driven_evolution_but_for_energy():
    field = PauliSum(2, [PauliTerm(1.0, (0,), "X")])
    driven = DrivenHamiltonian([(1.0, ising(Chain(2))), (np.cos, field)])
    psi0 = sample_initial_states("paper", 2, 3, seed=0)
    exact = evolve(driven, psi0, DT * np.arange(N_STEPS + 1))
    result = evaluate(rotated(exact), psi0, driven, dt=DT, n_steps=N_STEPS)
    assert "energy_drift" not in result.summaries
    assert result.summaries["fidelity"]["model"].mean.min() > 1 - 1e-12
    assert result.summaries["fidelity"]["persistence"].mean.min() < 1 - 1e-6


def test_energy_drift_needs_a_hamiltonian():
    psi = np.ones((1, 2, 4))
    with pytest.raises(ValueError, match="`hamiltonian` must be a PauliSum for `energy_drift`"):
        energy_drift(psi, psi, None)
