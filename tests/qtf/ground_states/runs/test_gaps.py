import json
import shutil

import numpy as np
import pytest

from qtf.ground_states.exact_sums import state_vector
from qtf.ground_states.runs.assembly import make_task, run, watch_loss
from qtf.ground_states.runs.facts import find_facts
from qtf.ground_states.runs.gaps import find_gap, usual_strength
from qtf.ground_states.runs.report import lines, measure, write_result
from qtf.physics import HamiltonianSettings, all_bits
from qtf.training.logbook import read_metrics
from qtf.training.run_folder import RunFolder

from .test_assembly import RECONFIGURATION, small, small_command

ISING = {"name": "ising", "lattice": "chain", "n_sites": 5, "transverse_field": 1.0}
HEISENBERG = {"name": "heisenberg", "lattice": "chain", "n_sites": 6}
SUMS = {
    **RECONFIGURATION,
    "symmetry__group": "none",
    "sampling__every_configuration": True,
    "penalties__temperature": 0.0,
    "min_sr__diag_shift": 1e-4,
    "training__optimizer__learning_rate": 0.2,
    "training__n_epochs": 3,
}

# While phases are random, sums over all configurations ask for small steps.
CAREFUL = {
    "min_sr__diag_shift": 1e-2,
    "training__optimizer__learning_rate": 0.05,
    "training__n_epochs": 8,
}


def search(folder, hamiltonian, **changes):
    settings = small(hamiltonian, **{**SUMS, **changes})
    facts = find_facts(settings)
    result = measure(run(settings, facts, folder), folder, facts.reference)
    write_result(result, folder)
    return result


def levels(hamiltonian, magnetization=None):
    """Returns the exact energies of all levels, of one magnetisation if asked."""
    matrix = HamiltonianSettings.from_mapping(hamiltonian).build().to_dense().real
    if magnetization is not None:
        bits = all_bits(hamiltonian["n_sites"])
        kept = np.flatnonzero((1 - 2 * bits.astype(int)).sum(axis=1) == magnetization)
        matrix = matrix[np.ix_(kept, kept)]
    return np.linalg.eigvalsh(matrix)


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "ground"
    search(folder, ISING, wave_function__positive=True)
    return folder


def test_the_first_excited_state_of_an_ising_chain_and_its_gap(tmp_path, ground):
    excited = search(tmp_path, ISING, orthogonal_to=str(ground), **CAREFUL)
    lowest, first = levels(ISING)[:2]
    assert excited.reference.energy == pytest.approx(first)
    assert excited.energy == pytest.approx(first, abs=6e-3)
    assert excited.gap.summed == pytest.approx(first - lowest, abs=7e-3)
    gap = excited.gap.sampled
    assert abs(gap.mean - (first - lowest)) < 5 * gap.error + 7e-3
    states = [RunFolder(folder).load_model() for folder in (ground, tmp_path)]
    overlap = np.vdot(*(state_vector(state, xla=False) for state in states))
    assert abs(overlap) ** 2 < 1e-3
    metrics = excited.metrics
    assert abs(metrics["overlap_1"]) < 5 * metrics["overlap_1_error"] + 1e-3
    stored = json.loads((tmp_path / "result.json").read_text())
    assert stored["gap_above"] == str(ground)
    assert stored["gap_from_all_configurations"] == excited.gap.summed
    assert any(
        line.startswith("Gap: ") for line in lines(excited, HamiltonianSettings.from_mapping(ISING))
    )
    assert RunFolder(tmp_path).load_config()["training"]["monitor"] == "loss"


def test_the_gap_of_a_heisenberg_chain_by_another_magnetisation(tmp_path):
    changes = {"wave_function__marshall_sign": True, "wave_function__positive": True}
    singlet, triplet = tmp_path / "singlet", tmp_path / "triplet"
    search(singlet, HEISENBERG, wave_function__zero_magnetization=True, **changes)
    above = {"wave_function__magnetization": 2, "gap_above": str(singlet)}
    result = search(triplet, HEISENBERG, **above, **changes)
    exact = levels(HEISENBERG)
    assert result.reference.energy == pytest.approx(levels(HEISENBERG, 2)[0])
    # The whole triplet is at one energy.
    assert result.gap.summed == pytest.approx(exact[1] - exact[0], abs=2e-3)
    assert result.warnings == ()


@pytest.mark.long
def test_states_below_that_have_changed_are_noticed(tmp_path, ground):
    below, settings = tmp_path / "below", {**SUMS, **CAREFUL, "training__n_epochs": 1}
    shutil.copytree(ground, below)
    settings["orthogonal_to"] = str(below)
    search(tmp_path / "run", ISING, **settings)
    search(below, ISING, wave_function__positive=True, training__extend=1)
    with pytest.raises(ValueError, match="holds a run with `states_below` = .* add --change to go"):
        search(tmp_path / "run", ISING, **settings)


@pytest.mark.long
def test_samples_lower_the_loss_of_an_excited_state(tmp_path, ground):
    sampled = {**CAREFUL, "sampling__every_configuration": False, "training__n_epochs": 4}
    search(tmp_path, ISING, orthogonal_to=str(ground), **sampled)
    rows = read_metrics(tmp_path / "metrics.jsonl", "validation")
    strength = usual_strength(HamiltonianSettings.from_mapping(ISING).build())
    for row in rows:
        penalty = strength * row["overlap_1"]
        assert row["loss"] == pytest.approx(row["energy"] + penalty, rel=1e-5)
    assert rows[-1]["loss"] < rows[0]["loss"]
    assert rows[-1]["overlap_1"] < 0.1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"wave_function__positive": True}, "`wave_function.positive` must be False with `ortho"),
        ({"symmetry__group": "flip"}, '`symmetry.group` must be "none" with `orthogonal_to`'),
        ({"training__strategy": "mirrored", "min_sr__diag_shift": None}, "strategy` must be"),
    ],
)
def test_what_an_excited_state_need_not_have_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        small(ISING, **{**SUMS, "orthogonal_to": "G", **changes})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (1, "must be even and from -6 to 6 for 6 sites, but is 1"),
        (8, "must be even and from -6 to 6 for 6 sites, but is 8"),
    ],
)
def test_a_magnetisation_that_no_spins_have_is_named(value, message):
    with pytest.raises(ValueError, match=message):
        small(HEISENBERG, wave_function__magnetization=value)


def test_a_magnetisation_goes_before_that_of_the_ground_state():
    changes = {"wave_function__zero_magnetization": True, "wave_function__magnetization": 2}
    assert small(HEISENBERG, **changes).wave_function.total == 2
    with pytest.raises(ValueError, match='be "none" or "lattice" for a magnetisation other than 0'):
        small(HEISENBERG, wave_function__magnetization=2, symmetry__group="flip")
    settings = small({**ISING, "n_sites": 6}, wave_function__magnetization=2)
    with pytest.raises(ValueError, match="must be None for this Hamiltonian, which does not cons"):
        find_facts(settings)


def test_a_growth_has_no_states_below():
    with pytest.raises(ValueError, match="`orthogonal_to` must be empty for a growth, but is"):
        small_command(ISING, growth__sizes=(5, 6), orthogonal_to="G")


def other_run(folder, hamiltonian=ISING, *, kind="ground states", weights=True):
    """Writes a run folder of a kind, without what training makes."""
    folder.mkdir()
    physics = {"hamiltonian": HamiltonianSettings.from_mapping(hamiltonian).as_mapping()}
    (folder / "config.json").write_text(json.dumps({"physics": physics}))
    (folder / "run.json").write_text(json.dumps({"kind": kind, "starts": []}))
    return folder


@pytest.mark.parametrize(
    ("hamiltonian", "kind", "error", "message"),
    [
        (ISING, "dynamics", ValueError, "must name runs of a ground state, but .* a model of dyn"),
        ({**ISING, "n_sites": 6}, "ground states", ValueError, "runs of 5 sites, but .* has 6"),
        ({**ISING, "coupling": 2.0}, "ground states", ValueError, "of the same Hamiltonian, but"),
        (ISING, "ground states", FileNotFoundError, "has no weights yet"),
    ],
)
def test_runs_that_are_no_states_below_are_named(tmp_path, hamiltonian, kind, error, message):
    folder = other_run(tmp_path / "other", hamiltonian, kind=kind)
    settings = small(ISING, **{**SUMS, "orthogonal_to": str(folder)})
    with pytest.raises(error, match=message):
        make_task(settings, find_facts(settings))


def test_a_run_without_a_result_has_no_gap_above_it(tmp_path):
    folder = other_run(tmp_path / "other")
    settings = small(ISING, **{**SUMS, "gap_above": str(folder)})
    with pytest.raises(FileNotFoundError, match="has no result.json yet; let it come to its end"):
        make_task(settings, find_facts(settings))


def test_the_gap_is_above_the_lowest_run_and_has_both_errors(tmp_path):
    for name, energy in (("one", -3.0), ("two", -4.0)):
        (tmp_path / name).mkdir()
        text = json.dumps({"energy": energy, "energy_error": 0.3})
        (tmp_path / name / "result.json").write_text(text)
    runs = [str(tmp_path / name) for name in ("one", "two")]
    metrics = {"energy": -2.5, "energy_error": 0.4}
    gap = find_gap(metrics, -2.4, {"orthogonal_to": runs})
    assert gap.run == runs[1]
    assert (gap.sampled.mean, gap.sampled.error) == pytest.approx((1.5, 0.5))
    assert gap.summed is None
    assert find_gap(metrics, None, {"orthogonal_to": runs, "gap_above": runs[0]}).run == runs[0]
    assert find_gap(metrics, None, {"orthogonal_to": []}) is None


def test_flags_name_several_runs_with_commas():
    settings = small(ISING, **{**SUMS, "orthogonal_to": "runs/a,runs/b"})
    assert settings.orthogonal_to == ("runs/a", "runs/b")
    assert watch_loss(settings).training.monitor == "loss"
    assert watch_loss(small(ISING)).training.monitor == "energy"
