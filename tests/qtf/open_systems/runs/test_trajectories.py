"""Quantum trajectories as references of runs."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest

from qtf.open_systems.runs.assembly import make_task, run
from qtf.open_systems.runs.report import lines, measure
from qtf.open_systems.runs.trajectories import (
    RESULT,
    AtRest,
    Piece,
    Trajectories,
    TrajectorySettings,
    compute_piece,
    reference_means,
)

from .test_assembly import TAU, small

TIMES = 2 * TAU * np.arange(3)


def write(folder, settings, n=4, **changes):
    asked = TrajectorySettings.of_run(settings, **changes)
    piece = compute_piece(asked.as_mapping(), range(n))
    Trajectories.of_pieces(asked.as_mapping(), [piece]).save(folder)
    return asked.values(range(n))


def test_a_run_is_held_against_trajectories(tmp_path):
    values = write(tmp_path, small(), times=[0.0, 0.01, *TIMES[1:]])
    settings = small(reference=str(tmp_path))
    training = run(settings, tmp_path / "run")
    means = values.mean(axis=0)[[0, 2, 3]]
    np.testing.assert_allclose(training.task.exact, means, atol=1e-12)
    result = measure(training, tmp_path / "run")
    last = result.last
    assert [last.exact_x, last.exact_y, last.exact_z] == pytest.approx(means[-1], abs=1e-12)
    assert last.distance == pytest.approx(
        max(abs(np.array([last.x, last.y, last.z]) - means[-1])), abs=1e-12
    )
    error = (values.std(axis=0, ddof=1) / 2).max()
    assert result.reference_error == pytest.approx(error)
    assert result.rule_error is None
    told = f"Exact values are means over trajectories, with errors of {error:.1g}"
    assert list(lines(result))[-1] == told
    assert json.loads((tmp_path / "run" / "result.json").read_text())["reference_error"] == error


def test_every_epoch_of_a_search_is_held_against_the_average_at_rest(tmp_path):
    settings = small(steady_state__n_epochs=2)
    values = write(tmp_path, settings, at_rest=AtRest(controls=False))
    # The start does not matter at rest.
    changed = small(steady_state__n_epochs=2, start="+z", reference=str(tmp_path))
    exact = make_task(changed).exact
    np.testing.assert_allclose(exact, np.tile(values.mean(axis=0)[0], (3, 1)), atol=1e-12)


def test_controls_take_most_of_the_noise_at_rest(tmp_path):
    hamiltonian = {"name": "ising", "lattice": "chain", "n_sites": 3, "periodic": True}
    settings = small(hamiltonian, steady_state__n_epochs=2)
    values = write(tmp_path, settings, n=30)
    assert values.shape == (30, 2, 12)
    held = Trajectories.load(tmp_path)
    plain = values[:, 0, :3].std(axis=0, ddof=1) / np.sqrt(30)
    assert (held.errors[0] < 0.1 * plain).all()
    exact = make_task(settings).exact[0]
    assert (np.abs(held.means[0] - exact) < 5 * held.errors[0]).all()
    assert (np.abs(held.drift[0]) < 5 * held.drift[1]).all()


def test_settings_of_long_ago_have_no_controls():
    rest = AtRest(controls=False)
    assert "controls" not in rest.as_mapping()
    assert AtRest.from_mapping(rest.as_mapping()) == rest
    assert AtRest.from_mapping(AtRest().as_mapping()) == AtRest()


def test_more_than_nine_sites_have_a_distance_with_a_reference_only(tmp_path):
    hamiltonian = {"name": "ising", "lattice": "chain", "n_sites": 10}
    changes = {"objective__every_outcome": False}
    write(tmp_path, small(hamiltonian, **changes), n=2)
    assert make_task(small(hamiltonian, **changes)).exact is None
    task = make_task(small(hamiltonian, **changes, reference=str(tmp_path)))
    assert task.exact.shape == (3, 3)
    assert (
        make_task(small(hamiltonian, **changes, reference=str(tmp_path), exact=False)).exact is None
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"physics__decay_rate": 2.0}, "`physics.decay_rate` is 1.0 there, but 2.0 now"),
        ({"start": "+z"}, "`start` is '-y' there, but '\\+z' now"),
        ({"start": "+z", "start_angles": (0.1, 0.2)}, "`start` is '-y' there"),
        ({"training__n_epochs": 3}, "all times of the run, but .* has none at 0.06"),
        ({"dynamics__tau": 0.5 * TAU}, "has none at 0.01"),
        ({"steady_state__n_epochs": 1}, "of the steady state, but .* has those of the times"),
    ],
)
def test_trajectories_of_something_else_are_refused(tmp_path, changes, words):
    write(tmp_path, small(), n=2)
    settings = small(**changes, reference=str(tmp_path))
    with pytest.raises(ValueError, match=words):
        make_task(settings)


def test_a_folder_without_trajectories_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="has no trajectories.json, which `qtf traj"):
        make_task(small(reference=str(tmp_path)))
    (tmp_path / RESULT).write_text("{}")
    with pytest.raises(ValueError, match="must have the key `settings`"):
        reference_means(tmp_path, small(), TIMES, at_rest=False)


def in_pieces(values, *cuts):
    for first, last in itertools.pairwise((0, *cuts, len(values))):
        part = values[first:last]
        deviations = part - part.mean(0)
        products = np.einsum("trk,trl->rkl", deviations, deviations)
        yield Piece(first, len(part), part.mean(0), products, 1.0)


def test_pieces_of_other_lengths_add_up():
    values = np.random.default_rng(0).normal(size=(7, 2, 3))
    total = Trajectories.of_pieces({"times": [0.0, 1.0]}, [*in_pieces(values, 4)])
    np.testing.assert_allclose(total.means, values.mean(0))
    np.testing.assert_allclose(total.errors, values.std(0, ddof=1) / np.sqrt(7))


def test_pieces_with_controls_add_up():
    values = np.random.default_rng(0).normal(size=(7, 2, 5))
    (total, whole) = (
        Trajectories.of_pieces({}, [*in_pieces(values, *cuts)]) for cuts in ((4, 5), ())
    )
    np.testing.assert_allclose(total.means, whole.means)
    np.testing.assert_allclose(total.errors, whole.errors)
    # Two controls for seven trajectories.
    design = np.concatenate([np.ones((7, 1)), values[:, 0, 3:]], axis=1)
    solution = np.linalg.lstsq(design, values[:, 0, :3], rcond=None)[0]
    np.testing.assert_allclose(whole.means[0], solution[0])


def test_pieces_of_long_ago_hold_squares():
    values = np.random.default_rng(0).normal(size=(7, 2, 3))
    (piece,) = in_pieces(values)
    mapping = piece.as_mapping()
    diagonals = np.diagonal(mapping.pop("products"), axis1=1, axis2=2)
    old = Piece.from_mapping({**mapping, "squares": diagonals.tolist()})
    results = [Trajectories.of_pieces({}, [one]) for one in (piece, old)]
    np.testing.assert_array_equal(results[0].errors, results[1].errors)


def test_too_many_sites_and_starts_that_are_no_products_are_refused(tmp_path):
    rho = tmp_path / "rho.npy"
    with pytest.raises(ValueError, match=r"`start` must be one of .* for trajectories, but is '/"):
        TrajectorySettings.of_run(small(start=str(rho)))
    hamiltonian = {"name": "ising", "lattice": "chain", "n_sites": 21}
    with pytest.raises(ValueError, match="at most 20 sites, but there are 21"):
        TrajectorySettings.of_run(small(hamiltonian, objective__every_outcome=False))


def test_starts_are_those_of_runs():
    each = ((0.3, 1.2), (1.0, 0.0), (2.0, -1.0))
    for start in ({"start": "-x"}, {"start": "+z", "start_angles": each}):
        settings = small(**start)
        asked = TrajectorySettings.of_run(settings, times=[0.0])
        # In double precision.
        values = replace(asked, tolerance=1e-6).values(range(1))[0, 0]
        assert values == pytest.approx(make_task(settings).exact[0], abs=1e-10)
