import functools
import itertools
import json
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from qtf.autoregressive import GRUNetwork
from qtf.ground_states.estimates import energy_estimate
from qtf.ground_states.wave_function import WaveFunction
from qtf.training.run_folder import RunFolder
from tests import preloaded
from trainers.compare_samplers import comparison
from trainers.compare_samplers.modes import compare_modes, folder_of, recorded_settings
from trainers.compare_samplers.settings import ChainTrainingSettings, ModesSettings
from trainers.compare_samplers.training import Trainings

ROOT = Path(__file__).parents[3]
PLAN = ChainTrainingSettings(
    side=2, width=4, depth=1, n_samples=64, n_steps=10, n_measured=128, learning_rate=5e-2
)
HAMILTONIAN = {"name": "ising", "lattice": "chain", "n_sites": 4, "transverse_field": 0.5}


def write_run(path, *, n_positions=4, bias=0.0, group="none", **arguments):
    """A run folder with a wave function of random weights, as after a training."""
    keras.utils.set_random_seed(0)
    psi = WaveFunction(network=GRUNetwork(n_positions=n_positions, units=4), **arguments)
    psi.network.last_layers[0].bias.assign([bias, 0.0])
    folder = RunFolder(path)
    symmetry = {"group": group, "weighted_phase": True, "in_training": False}
    physics = {"hamiltonian": HAMILTONIAN}
    folder.open({"physics": physics, "symmetry": symmetry, "wave_function": {}})
    folder.save_model(psi)
    folder.save_best_weights(psi)
    folder.close()
    return str(path)


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture(scope="module")
def modes(run_folder):
    return compare_modes(ModesSettings(run_folder))


@pytest.fixture(scope="module")
def trainings():
    # XLA takes longer to compile than all of these trainings.
    return Trainings(PLAN, xla=False)


@pytest.fixture
def compare(trainings, run_folder, modes, monkeypatch):
    """Function of a folder and numbers of steps: compares there; keeps the calls it made."""
    calls = []
    train = functools.cache(trainings.train)

    def trained(k):
        calls.append(k)
        return train(k)

    def sampled(plan):
        calls.append("modes")
        return modes

    def run(folder, *steps_between, training=PLAN, modes=None):
        calls.clear()
        lines = []
        found = comparison.run(
            folder,
            modes=modes or ModesSettings(run_folder),
            training=training,
            steps_between=steps_between,
            tell=lines.append,
        )
        return found, list(calls), lines

    monkeypatch.setattr(trainings, "train", trained)
    monkeypatch.setattr(comparison, "Trainings", lambda plan: trainings)
    monkeypatch.setattr(comparison, "compare_modes", sampled)
    return run


@pytest.mark.long
def test_comparison_is_written_and_nothing_is_computed_twice(compare, tmp_path):
    folder = tmp_path / "new"
    found, calls, lines = compare(folder, 3)
    assert calls == ["modes", 0, 3]
    assert json.loads((folder / "comparison.json").read_text()) == found
    for name in ("modes.png", "training.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG")
    assert len(lines) == 5
    assert "effective sample size" in lines[0]

    training = found["training"]
    assert training["reference_is_exact"]
    for name in ("direct samples", "chains, k = 3"):
        curve = training["curves"][name]
        exact = training["reference"]
        assert curve["relative_error"] == pytest.approx(abs(curve["energy"] / exact - 1.0))
    direct, chain = (
        json.loads((folder / f"training-{name}.json").read_text())["result"]
        for name in ("direct", "chains-3")
    )
    assert direct["steps"] == chain["steps"] == list(range(11))
    # The same weights and random numbers at the start, none of them later.
    assert direct["energies"][0] == chain["energies"][0]
    assert direct["energies"][1] != chain["energies"][1]
    assert min(direct["energies"][-1], chain["energies"][-1]) < direct["energies"][0]
    assert direct["seconds"][:2] == [0.0, 0.0]
    assert (np.diff(direct["seconds"][1:]) > 0.0).all()

    again, calls, _ = compare(folder, 3)
    assert calls == []
    assert again == found
    # One more curve is trained alone.
    more, calls, _ = compare(folder, 1, 3)
    assert calls == [1]
    assert list(more["training"]["curves"]) == ["direct samples", "chains, k = 1", "chains, k = 3"]


def test_a_run_of_dynamics_is_no_wave_function(tmp_path):
    (tmp_path / "config.json").write_text('{"data": {}}')
    with pytest.raises(ValueError, match="--run must name a run of a ground state, but .* holds a"):
        recorded_settings(ModesSettings(str(tmp_path)))


@pytest.mark.long
def test_results_of_another_plan_are_not_mixed(compare, tmp_path, run_folder):
    compare(tmp_path)
    with pytest.raises(ValueError, match="direct.json .*`field` = 3.0, but 2.0 is asked"):
        compare(tmp_path, training=ChainTrainingSettings(**{**vars(PLAN), "field": 2.0}))
    with pytest.raises(ValueError, match="modes.json .*`n_kept` = 1000, but 300 is asked"):
        compare(tmp_path, modes=ModesSettings(run_folder, n_kept=300))
    # The same run, trained further.
    other = write_run(tmp_path / "run")
    compare(tmp_path / "two", modes=ModesSettings(other))
    model = RunFolder(other).load_model()
    model.variables[0].assign(model.variables[0] + 1.0)
    RunFolder(other).save_best_weights(model)
    with pytest.raises(ValueError, match="`weights` = "):
        compare(tmp_path / "two", modes=ModesSettings(other))


@pytest.mark.long
def test_chains_go_on_from_one_optimiser_step_to_the_next(monkeypatch):
    # By XLA, as in the command.
    trainings = Trainings(PLAN)
    seen = []

    def advanced(bits, step, steps_between):
        following = Trainings._advance(trainings, bits, step, steps_between)
        seen.append((np.asarray(bits), np.asarray(following)))
        return following

    monkeypatch.setattr(trainings, "_advance", advanced)
    monkeypatch.setattr(trainings, "measure", lambda: energy_estimate(np.ones(2), np.ones(2), 4))
    trainings.train(1)
    assert len(seen) == 10
    assert 0.3 < seen[0][0].mean() < 0.7
    for (_, last), (following, _) in itertools.pairwise(seen):
        np.testing.assert_array_equal(last, following)
    moves = [np.abs(after - before).sum(axis=1) for before, after in seen]
    assert np.max(moves) == 1
    assert np.mean(moves) > 0.3


def test_diverging_training_is_named(trainings, monkeypatch):
    weights = trainings.psi.trainable_variables
    start = [(variable, np.full(variable.shape, np.nan)) for variable in weights]
    monkeypatch.setattr(trainings, "_start", start)
    with pytest.raises(FloatingPointError, match="chains, k = 3 must stay finite, but is nan"):
        trainings.train(3)


def test_chains_and_direct_samples_agree_where_chains_mix(modes):
    direct, chains = modes["summary"]["direct"], modes["summary"]["chains"]
    for name in ("magnetization", "abs_magnetization"):
        one, other = direct[name], chains[name]
        assert abs(one["mean"] - other["mean"]) < 4 * np.hypot(one["error"], other["error"])
        assert one["r_hat"] == pytest.approx(1.0, abs=0.02)
        assert other["r_hat"] == pytest.approx(1.0, abs=0.05)
        assert len(other["mean_of_each"]) == 4
    # A sweep of four steps leaves some correlation.
    assert chains["magnetization"]["effective_sample_size"] < 3500
    assert chains["magnetization"]["error"] > chains["magnetization"]["error_if_independent"]
    assert 0.3 < chains["acceptance"] < 1.0
    samples = modes["samples"]
    assert list(samples) == [
        "direct samples",
        "chain 1, from up",
        "chain 2, from up",
        "chain 3, from down",
        "chain 4, from down",
    ]
    sizes = [len(values["magnetizations"]) for values in samples.values()]
    assert sizes == [4000, 1000, 1000, 1000, 1000]
    assert np.shape(samples["direct samples"]["components"]) == (4000, 2)


@pytest.mark.long
def test_the_average_over_a_flip_has_no_magnetization(tmp_path):
    run = write_run(tmp_path / "run", bias=0.5, group="flip")
    found = [
        compare_modes(ModesSettings(run, symmetrized=bool(choice)))["summary"] for choice in (0, 1)
    ]
    plain, average = (summary["direct"]["magnetization"] for summary in found)
    assert plain["mean"] > 10 * plain["error"]
    assert abs(average["mean"]) < 4 * average["error"]
    chains = found[1]["chains"]["magnetization"]
    assert abs(chains["mean"]) < 4 * chains["error"]
    with pytest.raises(ValueError, match='needs a run with a `symmetry.group`, but it has "none"'):
        compare_modes(ModesSettings(write_run(tmp_path / "plain"), symmetrized=True))


def test_impossible_start_is_named(tmp_path):
    run = write_run(tmp_path / "run", zero_magnetization=True)
    with pytest.raises(ValueError, match="spins cannot point up or down"):
        compare_modes(ModesSettings(run))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ChainTrainingSettings(side=1), "side.* at least 2, but is 1"),
        (lambda: ChainTrainingSettings(n_steps=0), "n_steps.* positive, but is 0"),
        (
            lambda: ChainTrainingSettings(learning_rate=-1.0),
            "learning_rate.* positive, but is -1.0",
        ),
        (lambda: ModesSettings("run", n_chains=5), "n_chains.* even and at least 4, but is 5"),
        (lambda: ModesSettings("run", n_kept=3), "n_kept.* at least 4, but is 3"),
        (lambda: ModesSettings("run", keep_every=-1), "keep_every.* not be negative, but is -1"),
    ],
)
def test_mistakes_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.long
def test_a_growth_is_sampled_at_its_largest_size_and_a_refined_run_as_refined(tmp_path):
    growth, refined = tmp_path / "growth", tmp_path / "refined"
    growth.mkdir()
    (growth / "config.json").write_text(json.dumps({"growth": {"sizes": [2, 4]}}))
    with pytest.raises(FileNotFoundError, match="Growth .*growth has no weights yet; train it"):
        recorded_settings(ModesSettings(str(growth)))
    for size in (2, 4):
        write_run(growth / f"size-{size:03d}", n_positions=size)
    write_run(refined, n_positions=2)
    write_run(refined / "refinement", n_positions=4)
    for run in (growth, refined):
        found = compare_modes(ModesSettings(str(run), n_kept=8))
        assert found["summary"]["direct"]["n_samples"] == 32
        assert folder_of(ModesSettings(str(run))).load_model().n_sites == 4


def test_missing_run_leaves_no_folder_behind(compare, tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no run"):
        compare(tmp_path / "new", modes=ModesSettings(str(tmp_path / "none")))
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--k=10,0"], "--k must hold positive integers, but is ['10', '0']"),
        (["--n_steps=0"], "--run must name a run folder"),
        (["--run=R", "--n_chains=5"], "`n_chains` must be even and at least 4, but is 5"),
        (["--side=1"], "`side` must be at least 2, but is 1"),
    ],
)
def test_mistakes_in_flags_get_one_line(arguments, message, tmp_path):
    command = [sys.executable, "-m", "trainers.compare_samplers", f"--workdir={tmp_path}"]
    result = preloaded.run(
        [*command, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
