import dataclasses

import numpy as np
import pytest

from qtf.data.laws import RecordedLaw
from qtf.data.schema import Manifest, Shard
from qtf.dynamics import baselines
from qtf.physics import Eigenbasis, HamiltonianSettings, from_config, sample_initial_states
from trainers.evaluate import evaluation, unseen_states
from trainers.evaluate.unseen_states import StatesFromFiles, StatesFromLaw

ISING = {"name": "ising", "transverse_field": -1.05, "longitudinal_field": 0.5}
DT = 0.002
LAW = RecordedLaw(HamiltonianSettings.from_mapping(ISING), "paper", DT)


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


@pytest.fixture
def from_files(monkeypatch):
    """Function of a manifest: the states of its folder, without the folder."""

    def load(data_dir, split, n_sites, n_samples, *, n_times):
        return exact(n_sites, n_samples, 30, seed=1).astype(np.complex64)[:, :n_times]

    def states(content, n_sites=()):
        monkeypatch.setattr(unseen_states.Manifest, "load", lambda data_dir: content)
        return StatesFromFiles("folder", n_sites)

    monkeypatch.setattr(unseen_states, "load_trajectories", load)
    return states


def test_least_squares_of_single_precision_files_is_exact_at_six_spins(from_files):
    training = from_files(manifest()).least_squares_trajectories(6)
    propagator = baselines.least_squares_propagator(training)
    test = exact(6, 10, 100, seed=2)
    predicted = baselines.linear_rollout(propagator, test[:, 0], 100)
    np.testing.assert_allclose(predicted, test, atol=1e-3)


def test_least_squares_is_left_out_beyond_its_size(from_files):
    assert from_files(manifest(9)).least_squares_trajectories(9) is None
    assert StatesFromLaw(LAW, (9,), 0).least_squares_trajectories(9) is None


def test_states_of_the_law_are_a_function_of_the_seed():
    one, same, other = (StatesFromLaw(LAW, (3,), seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.initial_states(3, 5), same.initial_states(3, 7)[:5])
    assert np.abs(one.initial_states(3, 5) - other.initial_states(3, 5)).max() > 0.1


def test_least_squares_of_the_law_is_exact():
    states = StatesFromLaw(LAW, (3,), 0)
    propagator = baselines.least_squares_propagator(states.least_squares_trajectories(3))
    test = exact(3, 10, 100, seed=2)
    predicted = baselines.linear_rollout(propagator, test[:, 0], 100)
    np.testing.assert_allclose(predicted, test, atol=1e-10)


def test_a_chain_length_that_the_files_lack_is_an_error(from_files):
    with pytest.raises(ValueError, match=r"--n_sites must name .* test split .*6.* but holds 4"):
        from_files(manifest(), (6, 4))


def law(hamiltonian):
    return dataclasses.replace(LAW, hamiltonian=HamiltonianSettings.from_mapping(hamiltonian))


def test_the_same_hamiltonian_in_other_words_fits(from_files):
    states = from_files(manifest())
    evaluation._check_fit(states, 6, law({**ISING, "coupling": 1.0}))


@pytest.mark.parametrize(
    ("data", "learned", "message"),
    [
        (manifest(7), LAW, "Data of n = 7 do not fit the model, whose n_max is 6."),
        (manifest(dt=0.1), LAW, "The data's `dt` must be 0.002, .* but is 0.1."),
        (manifest(), law({"name": "xxz"}), "The data's Hamiltonian must be .*xxz"),
    ],
)
def test_data_of_another_physics_are_an_error(from_files, data, learned, message):
    with pytest.raises(ValueError, match=message):
        evaluation._check_fit(from_files(data), 6, learned)


def test_a_run_of_another_kind_is_an_error(tmp_path):
    (tmp_path / "config.json").write_text('{"measurement": "tetrahedral"}')
    with pytest.raises(ValueError, match="--workdir must name a run of a model of dynamics, but"):
        evaluation.run(tmp_path, None, tmp_path / "out")


UNKNOWN = RecordedLaw(None, "given", DT)


def given_manifest():
    return dataclasses.replace(manifest(), hamiltonian={}, operators={}, initial_states="given")


def test_given_trajectories_are_compared_with_as_far_as_they_go(from_files):
    states = from_files(given_manifest())
    assert states.hamiltonian(6) is None
    assert states.given_trajectories(6, 4, 30).shape == (4, 31, 64)
    with pytest.raises(ValueError, match="--n_steps must be at most 30, the steps of the given"):
        states.given_trajectories(6, 4, 31)
    evaluation._check_fit(states, 6, LAW)
    assert "no Hamiltonian is known" in evaluation._left_out(states.law)["not compared"]


def test_no_law_draws_given_trajectories():
    with pytest.raises(ValueError, match="--data_dir is needed: the run has learned from given"):
        StatesFromLaw(UNKNOWN, (3,), 0)


def test_driven_states_have_no_one_step_map():
    ramp = {"term": "coupling", "times": [0, 1], "values": [0.5, 1.0], "law": "linear"}
    states = StatesFromLaw(dataclasses.replace(LAW, drive=(ramp,)), (3,), 0)
    assert states.least_squares_trajectories(3) is None
    assert "does not conserve" in evaluation._left_out(states.law)["not compared"]
