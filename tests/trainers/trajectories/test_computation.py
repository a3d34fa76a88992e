import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from qtf.configuration import config_dict, from_config
from qtf.files import locked
from qtf.open_systems.runs.settings import OpenSystemSettings
from qtf.open_systems.runs.trajectories import (
    RESULT,
    AtRest,
    Trajectories,
    TrajectorySettings,
)
from qtf.physics import Lindbladian
from qtf.physics.observables import mean_over_sites
from trainers.trajectories.computation import PIECES, follow
from trainers.trajectories.report import lines

ROOT = Path(__file__).parents[3]
COMMAND = [
    sys.executable,
    "-m",
    "trainers.trajectories",
    "--config=configs/open_system/ising_chain.py:9,2.0",
    "--n_trajectories=96",
    "--burn_in=1",
    "--duration=2",
]


def chain(n_sites=3, **changes):
    config = config_dict(OpenSystemSettings())
    config.physics.hamiltonian.n_sites = n_sites
    config.training.n_epochs = 2
    config.dynamics.tau = 0.25
    config.update_from_flattened_dict(
        {key.replace("__", "."): value for key, value in changes.items()}
    )
    return from_config(OpenSystemSettings, config)


def in_time(**changes):
    return TrajectorySettings.of_run(chain(), **changes)


def exact_means(settings, times):
    physics = chain().physics
    lindbladian = Lindbladian(physics.hamiltonian.build(), physics.jumps.build(3))
    rho = lindbladian.evolve(np.diag([1.0, *[0.0] * 7]), times)
    paulis = [mean_over_sites(3, pauli).to_dense() for pauli in "XYZ"]
    return np.array([[np.trace(one @ pauli).real for pauli in paulis] for one in rho])


def without_minutes(folder):
    content = json.loads((folder / RESULT).read_text())
    assert content.pop("minutes") > 0
    return content


def test_means_are_those_of_the_density_matrix(tmp_path):
    done = follow(in_time(), tmp_path / "run", n_trajectories=200, workers=1)
    assert done.times == [0.0, 0.5, 1.0]
    exact = exact_means(in_time(), np.array(done.times))
    # In single precision.
    np.testing.assert_allclose(done.means[0], exact[0], atol=1e-6)
    deviations = (done.means - exact)[1:] / done.errors[1:]
    assert np.abs(deviations).max() < 4
    assert 0.05 < (deviations**2).mean() < 5
    said = list(lines(done))
    assert said[0] == "Time: 1"
    assert re.fullmatch(r"<X>: -?0\.\d{6} \+- 0\.0\d+", said[1])
    assert re.fullmatch(r"200 trajectories, 0\.\d minutes of a core", said[-1])


def test_errors_are_those_of_all_trajectories_at_once(tmp_path):
    settings = in_time(times=[0.7])
    done = follow(settings, tmp_path, n_trajectories=70, workers=1)
    values = settings.values(range(70))
    np.testing.assert_allclose(done.means, values.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(done.errors, values.std(axis=0, ddof=1) / np.sqrt(70), atol=1e-12)


def test_averages_at_rest_have_a_drift(tmp_path):
    settings = TrajectorySettings.of_run(
        chain(steady_state__n_epochs=2), at_rest=AtRest(burn_in=0.0, duration=4.0, interval=0.5)
    )
    done = follow(settings, tmp_path, n_trajectories=8, workers=1)
    assert done.times is None
    assert done.means.shape == done.errors.shape == (1, 3)
    # Decay from up has only begun in the first half.
    drift, errors = done.drift
    assert drift[2] < -3 * errors[2]
    said = list(lines(done))
    assert said[0] == "Steady state"
    assert said[4].startswith("Second half of the time less the first: ")


def test_what_is_there_is_not_computed_again(tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    follow(in_time(), whole, n_trajectories=150, workers=1)
    follow(in_time(), parts, n_trajectories=64, workers=1)
    kept = (parts / PIECES).read_text().splitlines()
    # As a process leaves it that was killed while it wrote.
    (parts / PIECES).write_text("\n".join([*kept, kept[-1][:50]]))
    follow(in_time(), parts, n_trajectories=150, workers=1)
    assert without_minutes(parts) == without_minutes(whole)
    pieces = (parts / PIECES).read_text().splitlines()
    assert pieces[:2] == kept
    assert len(pieces) == 4


def test_folders_of_something_else_are_refused(tmp_path):
    run, other = tmp_path / "run", tmp_path / "other"
    follow(in_time(), run, n_trajectories=2, workers=1)
    with pytest.raises(ValueError, match="of other settings: `seed` is 0 there, but 1 now"):
        follow(in_time(seed=1), run, n_trajectories=2, workers=1)
    with pytest.raises(ValueError, match=r"`times` is \[0.0, 0.5, 1.0\] there, but \[1.0\] now"):
        follow(in_time(times=[1.0]), run, n_trajectories=2, workers=1)
    other.mkdir()
    (other / "notes.txt").touch()
    with pytest.raises(ValueError, match="must be empty or hold trajectories, but holds `notes"):
        follow(in_time(), other, n_trajectories=2, workers=1)
    with locked(run), pytest.raises(ValueError, match="is in use by another process"):
        follow(in_time(), run, n_trajectories=2, workers=1)


def test_a_result_can_be_read_again(tmp_path):
    done = follow(in_time(), tmp_path, n_trajectories=3, workers=1)
    read = Trajectories.load(tmp_path)
    np.testing.assert_array_equal(read.means, done.means)
    assert TrajectorySettings.from_mapping(read.settings) == TrajectorySettings.from_mapping(
        done.settings
    )


@pytest.mark.long
def test_kill_9_then_the_same_command_gives_the_same(tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    subprocess.run([*COMMAND, "--workers=1", f"--workdir={whole}"], cwd=ROOT, check=True)
    command = [*COMMAND, "--workers=2", f"--workdir={parts}"]
    process = subprocess.Popen(command, cwd=ROOT)
    deadline = time.monotonic() + 120
    while not (parts / PIECES).exists() or len((parts / PIECES).read_text().splitlines()) < 2:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (parts / RESULT).exists()
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == f"Folder: {parts}"
    assert without_minutes(parts) == without_minutes(whole)
