import numpy as np
import pytest

from qtf.data.schema import Manifest, Shard
from qtf.dynamics import baselines
from qtf.physics import Eigenbasis, from_config, sample_initial_states
from trainers import evaluation

ISING = {"name": "ising", "transverse_field": -1.05, "longitudinal_field": 0.5}
DT = 0.002


def manifest(n_sites=6, hamiltonian=ISING, dt=DT):
    operator = from_config({**hamiltonian, "n_sites": n_sites})
    shards = tuple(Shard(f"{split}", split, n_sites, 0, 500, 1, "") for split in ("train", "test"))
    return Manifest(
        hamiltonian=hamiltonian,
        operators={str(n_sites): operator.to_dict()},
        initial_states="paper",
        dt=dt,
        n_steps=30,
        dtype="float32",
        compression="none",
        seed=0,
        settings={},
        files=shards,
    )


def exact(n_sites, n_samples, n_steps, seed):
    basis = Eigenbasis.from_hamiltonian(from_config({**ISING, "n_sites": n_sites}))
    psi0 = sample_initial_states("paper", n_sites, n_samples, seed=seed)
    return basis.evolve(psi0, DT * np.arange(n_steps + 1))


def test_least_squares_of_single_precision_files_is_exact_at_six_spins(monkeypatch):
    def load(data_dir, split, n_sites, n_samples):
        return exact(n_sites, n_samples, 30, seed=1).astype(np.complex64)

    monkeypatch.setattr(evaluation, "load_trajectories", load)
    training = evaluation._least_squares_trajectories("", manifest(), 6)
    propagator = baselines.least_squares_propagator(training)
    test = exact(6, 10, 100, seed=2)
    predicted = baselines.linear_rollout(propagator, test[:, 0], 100)
    np.testing.assert_allclose(predicted, test, atol=1e-3)


def test_least_squares_is_left_out_beyond_its_size():
    assert evaluation._least_squares_trajectories("", manifest(9), 9) is None


class Model:
    n_max = 6


def config(**physics):
    return {"physics": {"hamiltonian": ISING, "dt": DT, **physics}}


def test_the_same_hamiltonian_in_other_words_fits():
    evaluation._check_fit(manifest(), Model, config(hamiltonian={**ISING, "coupling": 1.0}))


@pytest.mark.parametrize(
    ("data", "physics", "message"),
    [
        (manifest(7), {}, "Data of n = 7 do not fit the model, whose n_max is 6."),
        (manifest(dt=0.1), {}, "The data's `dt` must be 0.002, .* but is 0.1."),
        (manifest(), {"hamiltonian": {"name": "xxz"}}, "The data's Hamiltonian must be .*xxz"),
    ],
)
def test_data_of_another_physics_are_an_error(data, physics, message):
    with pytest.raises(ValueError, match=message):
        evaluation._check_fit(data, Model, config(**physics))
