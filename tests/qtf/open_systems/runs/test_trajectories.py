"""Quantum trajectories as references of runs."""

import json
from dataclasses import replace

import numpy as np
import pytest

from qtf.open_systems.runs.assembly import make_task, run
from qtf.open_systems.runs.report import lines, measure
from qtf.open_systems.runs.trajectories import (
    RESULT,
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
    values = write(tmp_path, settings)
    # The start does not matter at rest.
    changed = small(steady_state__n_epochs=2, start="+z", reference=str(tmp_path))
    exact = make_task(changed).exact
    np.testing.assert_allclose(exact, np.tile(values.mean(axis=0)[0], (3, 1)), atol=1e-12)


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


def test_pieces_of_other_lengths_add_up():
    values = np.random.default_rng(0).normal(size=(7, 2, 3))
    pieces = [
        Piece(first, len(part), part.mean(0), ((part - part.mean(0)) ** 2).sum(0), 1.0)
        for first, part in ((0, values[:4]), (4, values[4:]))
    ]
    total = Trajectories.of_pieces({"times": [0.0, 1.0]}, pieces)
    np.testing.assert_allclose(total.means, values.mean(0))
    np.testing.assert_allclose(total.errors, values.std(0, ddof=1) / np.sqrt(7))


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
