import json
import os
import signal
from pathlib import Path

import keras
import numpy as np
import pytest

from configs.open_system.heisenberg_chain import get_config
from qtf.configuration import config_dict, from_config
from qtf.open_systems.plan import Plan
from qtf.open_systems.povm_liouvillian import PovmLiouvillian
from qtf.open_systems.runs import references
from qtf.open_systems.runs.assembly import (
    make_generator,
    make_observables,
    make_task,
    run,
)
from qtf.open_systems.runs.report import curves, lines, measure
from qtf.open_systems.runs.settings import OpenSystemSettings
from qtf.open_systems.task import OpenSystemTraining
from qtf.physics import (
    HamiltonianSettings,
    Lindbladian,
    OutcomeGenerator,
    PauliSum,
    PauliTerm,
    decay,
    tetrahedral,
)
from qtf.training.logbook import read_metrics
from qtf.training.run_folder import RunFolder

ROOT = Path(__file__).parents[4]
TAU, N_STEPS = 0.01, 3
HAMILTONIAN = {
    "name": "xyz",
    "lattice": "chain",
    "n_sites": 3,
    "coupling_x": 2.0,
    "coupling_y": 0.0,
    "coupling_z": 1.0,
    "field": 1.0,
}
SAMPLES = {
    "objective__every_outcome": False,
    "sampling__n_samples": 16,
    "sampling__n_validation": 40,
    "sampling__chunk": 4,
}
NATURAL = {
    "natural_gradient__diag_shift": 1e-3,
    "natural_gradient__momentum": 0.5,
    "training__optimizer__name": "sgd",
    "training__optimizer__learning_rate": 1.0,
}
NEWTON = {
    "network__name": "gru",
    "network__n_layers": None,
    "gauss_newton__damping": 1e-4,
    "training__precision": "float64",
    "training__optimizer__name": "sgd",
    "training__optimizer__learning_rate": 1.0,
}
MODES = {
    "sum-adam": {},
    "sum-natural": NATURAL,
    "sum-newton": {
        **NEWTON,
        "dynamics__tolerance": 1e-3,
        "training__steps_per_epoch": 1,
    },
    "samples-adam": SAMPLES,
    "samples-natural": {**SAMPLES, **NATURAL},
    "samples-velocities": {
        **SAMPLES,
        **NATURAL,
        "dynamics__tolerance": 0.1,
        "training__steps_per_epoch": 1,
    },
}
PAULIS = ("x", "y", "z")


def small(hamiltonian=HAMILTONIAN, **changes):
    config = config_dict(OpenSystemSettings())
    with config.unlocked():
        config.physics.hamiltonian = dict(hamiltonian)
    config.start = "-y"
    config.network.update(units=4, n_layers=1)
    config.dynamics.tau = TAU
    config.objective.norm = "chi2"
    # Compiling would take longer than it saves.
    config.training.xla = False
    config.training.n_epochs = 2
    config.training.steps_per_epoch = N_STEPS
    config.training.log_every_steps = N_STEPS
    for key, value in changes.items():
        config.update_from_flattened_dict({key.replace("__", "."): value})
    return from_config(OpenSystemSettings, config)


# The others are the same two ways of summing with the same two ways of stepping.
QUICK = ("sum-natural", "samples-adam")
EVERY = [pytest.param(mode, marks=() if mode in QUICK else pytest.mark.slow) for mode in MODES]


@pytest.fixture(scope="module", params=EVERY)
def whole(request, tmp_path_factory):
    """Changes of a configuration, and the folder and result of its undisturbed run."""
    folder = tmp_path_factory.mktemp("whole") / request.param
    changes = MODES[request.param]
    return changes, folder, run(small(**changes), folder)


def exact_means(times):
    """<X>, <Y>, <Z> by the density matrix, (n_times, 3)."""
    system = Lindbladian(HamiltonianSettings.from_mapping(HAMILTONIAN).build(), decay(3))
    up = np.array([1.0, -1j]) / np.sqrt(2)
    psi = np.kron(np.kron(up, up), up)
    rhos = system.evolve(np.outer(psi, psi.conj()), times)
    return [
        [
            np.mean([np.trace(on_site(p, i) @ rho).real for i in range(3)])
            for p in (PAULI_X, PAULI_Y, PAULI_Z)
        ]
        for rho in rhos
    ]


PAULI_X, PAULI_Y = np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]])
PAULI_Z = np.diag([1, -1])


def on_site(matrix, site):
    return np.kron(np.kron(np.eye(2**site), matrix), np.eye(2 ** (2 - site)))


@pytest.mark.long
def test_every_epoch_is_a_step_of_time_beside_its_exact_values(whole):
    changes, folder, _ = whole
    rows = curves(folder)
    expected = {"step", "epoch", "loss", "time", *PAULIS, "distance"}
    expected |= {f"exact_{name}" for name in PAULIS}
    if "objective__every_outcome" in changes:
        expected |= {f"{name}_error" for name in ("loss", *PAULIS)}
    if "gauss_newton__damping" in changes:
        expected |= {"estimated_distance"}
    for epoch, row in enumerate(rows, start=1):
        values = row.as_mapping()
        assert set(values) == expected
        assert all(np.isfinite(value) for value in values.values())
        assert row.epoch == epoch
        assert row.step == changes.get("training__steps_per_epoch", N_STEPS) * epoch
        assert row.time == pytest.approx(2 * TAU * epoch)
        distance = max(abs(values[name] - values[f"exact_{name}"]) for name in PAULIS)
        assert row.distance == pytest.approx(distance)
    found = [[row.exact_x, row.exact_y, row.exact_z] for row in rows]
    np.testing.assert_allclose(found, exact_means([2 * TAU, 4 * TAU]), atol=1e-8)


def test_report_sums_up_the_run(whole):
    changes, folder, training = whole
    found = measure(training, folder)
    stored = json.loads((folder / "result.json").read_text())
    assert stored == found.as_mapping()
    assert set(stored) == {
        *("n_sites", "n_strings", "n_steady", "every_outcome", "largest_distance"),
        *(() if "dynamics__tolerance" in changes else ("rule_error",)),
        *training.metric_names,
    }
    assert (folder / "curves.png").read_bytes().startswith(b"\x89PNG")
    rows = curves(folder)
    assert found.n_sites == 3
    assert found.last.x == rows[-1].x
    assert found.largest_distance == max(row.distance for row in rows)
    assert found.distance_of_steady_state is None
    said = list(lines(found))
    assert said[0] == "Time: 0.04"
    assert said[1].startswith(f"<X>: {found.last.x:.6f}")
    assert (" +- " in said[1]) == training.outcomes.has_errors
    assert said[1].endswith(f", exact {found.last.exact_x:.6f}")
    if changes == MODES["samples-velocities"]:
        assert found.rule_error is None
        assert found.estimated_distance is None
        assert said[-1].startswith("Largest distance from the exact values: ")
        return
    last = said.pop()
    if "gauss_newton__damping" in changes:
        assert last == f"Its estimate without them: {found.estimated_distance:.2g}"
        assert found.estimated_distance == max(row.estimated_distance for row in rows)
        assert found.rule_error is None
    else:
        assert last == f"Of it by the rule of a step alone: {found.rule_error:.2g}"
    assert said[-1].startswith("Largest distance from the exact values: ")


@pytest.mark.long
def test_run_stopped_in_its_second_step_of_time_continues_to_the_same_weights(
    whole, tmp_path, monkeypatch
):
    changes, folder, training = whole
    validate = OpenSystemTraining.validate

    def stopped(self):
        # The step after this validation is the last.
        os.kill(os.getpid(), signal.SIGTERM)
        return validate(self)

    with monkeypatch.context() as patch:
        patch.setattr(OpenSystemTraining, "validate", stopped)
        with pytest.raises(KeyboardInterrupt):
            run(small(**changes), tmp_path / "parts")
    assert len(curves(tmp_path / "parts")) == 1
    assert not list(read_metrics(tmp_path / "parts/metrics.jsonl", "training"))[1:]
    again = run(small(**changes), tmp_path / "parts")
    weights = training.model.get_weights(), again.model.get_weights()
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert len(training.state) > 1
    for one, other in zip(training.state, again.state, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    assert curves(tmp_path / "parts") == curves(folder)


def test_samples_are_drawn_in_the_precision_of_the_training(tmp_path):
    changes = {**SAMPLES, "training__precision": "float64", "training__n_epochs": 1}
    training = run(small(**changes), tmp_path / "run")
    assert keras.config.dtype_policy().name == "float32"
    assert {variable.dtype for variable in training.model.trainable_variables} == {"float64"}
    assert next(iter(training.source.dataset()))["uniforms"].dtype == "float64"
    assert len(curves(tmp_path / "run")) == 1


@pytest.mark.long
def test_steps_of_newton_find_a_steady_state_to_all_digits(tmp_path):
    changes = {"steady_state__n_epochs": 2, "training__steps_per_epoch": 30}
    run(small(**NEWTON, **changes, network__units=8), tmp_path / "run")
    assert curves(tmp_path / "run")[-1].distance < 1e-9


@pytest.mark.long
@pytest.mark.parametrize("mode", ["sum-natural", "samples-adam"])
def test_search_for_the_steady_state_comes_before_steps_of_time(tmp_path, mode):
    changes = {**MODES[mode], "steady_state__n_epochs": 1}
    training = run(small(**changes), tmp_path / "run")
    rows = curves(tmp_path / "run")
    assert [row.time for row in rows] == [0.0, 2 * TAU]
    p = make_generator(small(**changes)).steady_state()
    expected = [
        np.mean([tetrahedral().expectation(pauli_on(name, site), p) for site in range(3)])
        for name in "XYZ"
    ]
    for row in rows:
        found = [row.exact_x, row.exact_y, row.exact_z]
        np.testing.assert_allclose(found, expected, atol=1e-8)
    found = measure(training, tmp_path / "run")
    assert found.n_steady == 1
    assert found.distance_of_steady_state == rows[0].distance
    assert found.largest_distance == rows[1].distance
    assert any(line.startswith("Distance of the steady state: ") for line in lines(found))


def test_without_decay_no_steady_state_is_unique():
    changes = {"steady_state__n_epochs": 1, "physics__decay_rate": 0.0}
    with pytest.raises(ValueError, match="Setting `exact` must be False, as the steady state is"):
        small(**changes)
    assert make_task(small(**changes, exact=False)).exact is None


def test_steady_states_that_are_not_unique_have_no_exact_values():
    # The first spin neither meets others nor decays: it keeps its energy.
    couplings = {"coupling_x": [0.0, 1.0], "coupling_y": 0.0, "coupling_z": [0.0, 1.0]}
    hamiltonian = HamiltonianSettings.from_mapping({**HAMILTONIAN, **couplings}).build()
    generator = OutcomeGenerator(Lindbladian(hamiltonian, decay(3, [0.0, 1.0, 1.0])), tetrahedral())
    with pytest.raises(ValueError, match="Setting `exact` must be False, as the steady state is"):
        references.exact_means(
            generator,
            make_observables(small()),
            np.full(64, 1 / 64),
            Plan(TAU, n_epochs=2, n_steady=1),
            asked={},
            folder=None,
        )


# The same couplings as those of HAMILTONIAN, and what turns them to complex ones.
CUSTOM = {
    "name": "custom",
    "n_sites": 3,
    "terms": [
        {"paulis": "XX", "on": "nearest", "coefficient": 2.0},
        {"paulis": "ZZ", "on": "nearest", "coefficient": 1.0},
        {"paulis": "Z", "on": "sites", "coefficient": 1.0},
    ],
}
TWIST = {"paulis": "XY", "on": "nearest", "coefficient": [0.3, -0.4]}


def test_custom_hamiltonians_have_the_generator_of_their_terms():
    named = make_generator(small()).matrices
    np.testing.assert_allclose(make_generator(small(CUSTOM)).matrices, named, atol=1e-15)
    twisted = make_generator(small({**CUSTOM, "terms": [*CUSTOM["terms"], TWIST]}))
    povm, lindbladian = tetrahedral(), twisted.lindbladian
    assert not lindbladian.hamiltonian.is_real
    rho = povm.density_matrix(np.random.default_rng(0).dirichlet(np.ones(64)))
    np.testing.assert_allclose(
        twisted.apply(povm.probabilities(rho)),
        povm.probabilities(lindbladian.apply(rho)),
        atol=1e-12,
    )


def test_terms_of_three_spins_are_refused():
    terms = [{"paulis": "XYZ", "on": [[0, 1, 2]], "coefficient": 1.0}]
    with pytest.raises(ValueError, match=r"at most 2 sites, but has one of sites \(0, 1, 2\)\."):
        small({**CUSTOM, "terms": terms})


def pauli_on(name, site):
    return PauliSum(3, [PauliTerm(1.0, (site,), name)])


@pytest.mark.parametrize(("n_steady", "expected"), [(0, 0), (1, 1), (2, 5)])
def test_an_extension_is_of_the_search_or_of_the_steps_of_time(n_steady, expected):
    task = make_task(small(steady_state__n_epochs=n_steady, training__extend=3))
    assert (task.plan.n_epochs, task.plan.n_steady) == (5, expected)


@pytest.mark.long
def test_a_search_starts_from_another_run_and_a_step_of_time_does_not(tmp_path):
    first = tmp_path / "first"
    steady = {"steady_state__n_epochs": 1, "training__n_epochs": 1, "training__steps_per_epoch": 1}
    run(small(**steady), first)
    with pytest.raises(ValueError, match="--init_from needs a search for the steady state"):
        run(small(), tmp_path / "time", init_from=first)
    with pytest.raises(ValueError, match="with `network.units` = 8, but .*first has 4"):
        run(small(**steady, network__units=8), tmp_path / "wide", init_from=first)
    slow = {**steady, "training__optimizer__learning_rate": 1e-9, "training__optimizer__floor": 0.0}
    training = run(small(**slow), tmp_path / "second", init_from=first)
    kept = RunFolder(first).load_model()
    for value, expected in zip(training.model.get_weights(), kept.get_weights(), strict=True):
        np.testing.assert_allclose(value, expected, atol=1e-6)


# As many samples as there are outcomes or more: all of them; else some, drawn anew at each step.
@pytest.mark.long
@pytest.mark.parametrize(("n_samples", "limit"), [(64, 1e-3), (48, 1.5e-2)])
def test_many_steps_follow_the_exact_curve(tmp_path, n_samples, limit):
    changes = {**NATURAL, "natural_gradient__diag_shift": 1e-4, "training__n_epochs": 4}
    changes["sampling__n_samples"] = n_samples
    changes |= {"training__steps_per_epoch": 8, "network__units": 8, "network__n_layers": 2}
    changes["natural_gradient__momentum"] = 0.0
    run(small(**changes), tmp_path / "run")
    rows = curves(tmp_path / "run")
    assert rows[-1].distance < limit
    assert abs(rows[-1].exact_y + 1) > 0.05


@pytest.mark.long
@pytest.mark.parametrize(
    "changes", [{"measurement": "four_pauli"}, {"start": "-z"}, {"start": "+z"}]
)
def test_outcomes_that_are_impossible_at_first_do_not_rule(tmp_path, changes):
    config = get_config("3")
    config.training.n_epochs = 3
    config.training.xla = False
    for key, value in changes.items():
        config[key] = value
    run(from_config(OpenSystemSettings, config), tmp_path / "whole")
    rows = curves(tmp_path / "whole")
    assert max(row.distance for row in rows) < 3e-3


def test_result_and_load_model_are_about_the_same_weights(whole):
    changes, folder, training = whole
    loaded = RunFolder(folder).load_model()
    for one, other in zip(loaded.get_weights(), training.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    # Each step of time has a goal of its own.
    assert RunFolder(folder).kept_step() == 2 * changes.get("training__steps_per_epoch", N_STEPS)
    assert measure(training, folder).last.x == curves(folder)[-1].x


def test_exact_values_are_kept_for_the_next_start(tmp_path, monkeypatch):
    task = make_task(small(), workdir=tmp_path)
    assert task.exact.shape == (3, 3)
    with monkeypatch.context() as patched:
        patched.delattr(OutcomeGenerator, "evolve")
        again = make_task(small(), workdir=tmp_path)
        assert (again.exact == task.exact).all()
    other = make_task(small(start="+x"), workdir=tmp_path)
    assert np.abs(other.exact - task.exact).max() > 0.1


def test_curves_have_what_a_restart_repeated_once(tmp_path):
    shared = {"step": 1, "loss": 0.0, "time": 0.0, "y": 0.0, "z": 0.0}
    rows = [
        {"kind": "validation", **shared, "epoch": 1, "x": 0.1},
        {"kind": "training", "step": 1},
        {"kind": "validation", **shared, "epoch": 2, "x": 0.2},
        {"kind": "validation", **shared, "epoch": 2, "x": 0.3},
        {"kind": "validation", **shared, "epoch": 3, "x": 0.4},
    ]
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert [(row.epoch, row.x) for row in curves(tmp_path)] == [(1, 0.1), (2, 0.3), (3, 0.4)]


def test_task_can_be_built_twice():
    task = make_task(small())
    first, second = task.build(), task.build()
    start = np.array(first.state[1])
    second.model.network.make_constant(np.log([0.1, 0.2, 0.3, 0.4]).tolist())
    second.end_epoch()
    assert np.abs(second.state[1].numpy() - start).max() > 0.01
    np.testing.assert_array_equal(first.state[1], start)


def test_sites_without_a_bond_keep_their_decay():
    uncoupled = dict.fromkeys(["coupling_x", "coupling_z"], 0.0)
    expected = make_generator(small({**HAMILTONIAN, **uncoupled}))
    assert len(expected.bonds) == 0
    p = np.random.default_rng(0).dirichlet(np.ones(64))
    found = PovmLiouvillian.from_outcome_generator(expected).apply(p)
    np.testing.assert_allclose(found, expected.apply(p), atol=1e-12)


@pytest.mark.parametrize("measurement", ["tetrahedral", "four_pauli"])
@pytest.mark.parametrize("periodic", [False, True])
def test_generator_for_networks_is_that_of_the_measured_square(measurement, periodic):
    square = {"lattice": "square", "n_rows": 2, "n_columns": 2, "periodic": periodic}
    hamiltonian = {"name": "xyz", "coupling_y": -0.4, "field": 0.7, **square}
    expected = make_generator(small(hamiltonian, measurement=measurement))
    assert len(expected.bonds) == 4
    p = np.random.default_rng(0).dirichlet(np.ones(256))
    found = PovmLiouvillian.from_outcome_generator(expected).apply(p)
    np.testing.assert_allclose(found, expected.apply(p), atol=1e-10)
