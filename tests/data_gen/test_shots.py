"""Simulated shots: settings, independence of workers, continuation after a kill."""

import dataclasses
import os
import subprocess
import sys
import time

import pytest

from data_gen import shots
from data_gen.shot_journal import journal_of, open_journal
from data_gen.shot_settings import ShotSettings
from data_gen.shots import plan_tasks, simulate
from qtf.configuration import from_config
from qtf.configuration_files import find_configuration
from qtf.measurements import (
    Setting,
    TrajectoryModel,
    simulate_shots,
)
from qtf.physics import HamiltonianSettings, JumpSettings
from tests.data_gen.run_module import ROOT, run


def chain(n_sites, **settings):
    hamiltonian = HamiltonianSettings.from_mapping({"name": "ising", "n_sites": n_sites})
    return ShotSettings(hamiltonian=hamiltonian, **settings)


def test_shots_are_the_same_however_they_are_cut(monkeypatch, tmp_path):
    settings = chain(2, n_settings=6, preparation="random", seed=3)
    whole = simulate(settings, tmp_path / "a.csv")
    monkeypatch.setattr("data_gen.shots.SETTINGS_AT_ONCE", 7)
    assert simulate(settings, tmp_path / "b.csv") == whole
    monkeypatch.setattr("data_gen.shots.STRINGS_AT_ONCE", 5)
    assert simulate(settings, tmp_path / "c.csv") == whole
    assert len(whole.settings) == 30
    assert len({setting.preparation for setting in whole.settings}) == 30
    assert {path.read_text() for path in tmp_path.iterdir()} == {(tmp_path / "a.csv").read_text()}


def test_tasks_hold_all_settings_once(monkeypatch):
    monkeypatch.setattr("data_gen.shots.STRINGS_AT_ONCE", 8)
    measured = [Setting("+z", 0.1, "XZ", shots) for shots in (3, 3, 50, 2, 2, 2, 100)]
    tasks = plan_tasks(measured, by_trajectories=False)
    assert [(task.key, task.shots) for task in tasks] == [
        ((0, 0), 6),
        ((2, 0), 54),
        ((5, 0), 102),
    ]
    monkeypatch.setattr("data_gen.shots.TRAJECTORIES_AT_ONCE", 40)
    tasks = plan_tasks(measured[2:4], by_trajectories=True)
    assert [(task.key, task.shots) for task in tasks] == [((0, 0), 40), ((0, 40), 10), ((1, 0), 2)]


def test_a_killed_simulation_continues(monkeypatch, tmp_path):
    settings = chain(2, n_settings=6, preparation="random", seed=3)
    whole = simulate(settings, tmp_path / "a.npz")
    monkeypatch.setattr("data_gen.shots.SETTINGS_AT_ONCE", 7)
    run, computed = shots.run_task, []

    def die(settings, task):
        if len(computed) in (2, 4):
            computed.append("killed")
            raise KeyboardInterrupt
        computed.append(task.key)
        return run(settings, task)

    monkeypatch.setattr("data_gen.shots.run_task", die)
    journal = journal_of(tmp_path / "b.npz")
    # The first kill comes in the midst of a line.
    for torn in (10, 0):
        with pytest.raises(KeyboardInterrupt):
            simulate(settings, tmp_path / "b.npz")
        os.truncate(journal, journal.stat().st_size - torn)
    monkeypatch.setattr("data_gen.shots.run_task", run)
    with pytest.raises(ValueError, match=r"half done with another config: `seed` is 3 there, but"):
        simulate(dataclasses.replace(settings, seed=4), tmp_path / "b.npz")
    monkeypatch.setattr("data_gen.shots.run_task", lambda s, t: computed.append(t.key) or run(s, t))
    assert simulate(settings, tmp_path / "b.npz") == whole
    first, second = [(0, 0), (7, 0), "killed"], [(7, 0), "killed"]
    assert computed == [*first, *second, (14, 0), (21, 0), (28, 0)]
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"a.npz", "b.npz"}


def test_a_file_is_written_by_one_process_at_a_time(tmp_path):
    settings = chain(2)
    refused = pytest.raises(OSError, match=r"a\.csv is being written by another process")
    with open_journal(tmp_path / "a.csv", {}), refused:
        simulate(settings, tmp_path / "a.csv")
    with pytest.raises(OSError, match="cannot be written: No such file or directory"):
        simulate(settings, tmp_path / "no" / "a.csv")
    with pytest.raises(ValueError, match="`hamiltonian` must have 3 sites as the settings that"):
        simulate(settings, tmp_path / "a.csv", measured=[Setting("+z", 1.0, "ZZZ", 1)])


def test_an_error_before_anything_is_done_leaves_nothing(monkeypatch, tmp_path):
    def fail(settings, task):
        raise ValueError("no")

    monkeypatch.setattr("data_gen.shots.run_task", fail)
    with pytest.raises(ValueError, match="no"):
        simulate(chain(2), tmp_path / "a.csv")
    assert list(tmp_path.iterdir()) == []


PULSE = {"term": "transverse_field", "times": (0, 0.1, 1), "values": (0, 1, 0), "law": "linear"}


@pytest.mark.parametrize("drive", [(), (PULSE,)], ids=["constant", "driven"])
def test_beyond_seven_sites_shots_are_those_of_trajectories(monkeypatch, tmp_path, drive):
    decay = JumpSettings({"decay": 0.2})
    settings = chain(8, jumps=decay, drive=drive, n_settings=1, times=(0.1, 0.2), shots=30)
    whole = simulate(settings, tmp_path / "a.csv")
    direct = simulate_shots(settings.model, settings.parameters, whole.settings, seed=0)
    assert direct == whole
    monkeypatch.setattr("data_gen.shots.TRAJECTORIES_AT_ONCE", 7)
    assert simulate(settings, tmp_path / "b.csv") == whole


@pytest.mark.long
@pytest.mark.parametrize(("n_sites", "n_settings"), [(2, 50), (8, 4)])
def test_shots_are_the_same_whatever_the_number_of_workers(n_sites, n_settings, tmp_path):
    noise = JumpSettings({"decay": 0.2})
    settings = chain(n_sites, n_settings=n_settings, shots=10, jumps=noise)
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    assert simulate(settings, one) == simulate(settings, two, workers=2)
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.long
@pytest.mark.parametrize("workers", [1, 2])
def test_the_same_command_continues_after_a_kill(workers, tmp_path):
    flags = ["--config=ising_shots:8,0.3", "--config.shots=200", "--config.n_settings=4"]
    flags += ["--config.times=(0.5,1.0)", f"--workers={workers}"]
    command = [sys.executable, "-m", "data_gen.simulate_shots", *flags, "--out_file=a.csv"]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    journal = journal_of(tmp_path / "a.csv")
    with subprocess.Popen(command, cwd=tmp_path, env=environment) as process:
        while not journal.exists() or journal.read_text().count("\n") < 3:
            assert process.poll() is None
            time.sleep(0.02)
        process.kill()
    n_lines = journal.read_text().count("\n")
    assert not (tmp_path / "a.csv").exists()
    # Workers end with the process that started them, and let go of nothing that it held.
    done = run("data_gen.simulate_shots", *flags, "--out_file=a.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert 3 <= n_lines < 9
    run("data_gen.simulate_shots", *flags, "--out_file=b.csv", cwd=tmp_path)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"a.csv", "b.csv"}


def test_noise_is_in_the_model_where_it_is_asked_for():
    quiet = chain(2)
    assert quiet.model.names == ("hamiltonian",)
    noisy = chain(2, jumps=JumpSettings({"decay": [0.1, 0.3]}), e10=0.2)
    assert noisy.model.names == ("hamiltonian", "jumps", "e01", "e10")
    assert noisy.parameters.tolist() == [1.0, 1.0, 0.0, 0.2]
    assert [jump.rate for jump in noisy.model.jumps["jumps"]] == [0.1, 0.3]
    one, each = chain(3, depolarised=(0.1,)), chain(3, depolarised=(0.1, 0.0, 0.3), e01=0.2)
    assert one.model.preparation_errors == {"depolarised@1": range(3)}
    assert each.model.preparation_errors == {
        "depolarised@1": range(1),
        "depolarised@3": range(2, 3),
    }
    assert each.parameters.tolist() == [1.0, 0.1, 0.3, 0.2, 0.0]
    assert isinstance(chain(8, depolarised=(0.1,)).model, TrajectoryModel)


def test_bases_and_preparations():
    fixed = chain(3, basis="XYZ", preparation="+x").setting(4)
    assert (fixed.basis, fixed.words, fixed.time) == ("XYZ", "+x +x +x", 0.2)
    axes = chain(3, preparation="axes")
    assert all(word[0] in "+-" for n in range(9) for word in axes.setting(n).words.split())
    assert axes.setting(0) != axes.setting(1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"basis": "XY"}, "Setting `basis` must be `random` or have 3 letters, but is"),
        ({"basis": "XYQ"}, "`basis` must be letters X, Y or Z"),
        ({"preparation": "up"}, "`preparation` must be one of"),
        ({"times": ()}, "Setting `times` must hold at least 1 value"),
        ({"times": (-1.0,)}, "Setting `times` holds values each of which must not be negative"),
        ({"depolarised": (0.1, 0.2)}, "Setting `depolarised` must hold one number or 3, but is"),
        ({"depolarised": (1.5,)}, "Setting `depolarised` holds values each of which must be at"),
        ({"e01": 0.5}, "Setting `e01` must be at least 0 and below 0.5"),
        ({"shots": 0}, "Setting `shots` must be positive"),
    ],
)
def test_settings_that_are_not_allowed(settings, message):
    with pytest.raises(ValueError, match=message):
        chain(3, **settings)


def test_too_many_spins():
    with pytest.raises(ValueError, match="with jumps, at most 16, but is 17"):
        chain(17, jumps=JumpSettings({"decay": 1.0}))


def test_the_configuration_that_comes_with_the_package():
    from runpy import run_path

    make = run_path(str(find_configuration("ising_shots")))["get_config"]
    settings = from_config(ShotSettings, make("3,0"))
    assert (settings.n_sites, settings.jumps.has_rates(), settings.e10) == (3, False, 0.02)


def test_a_drive_is_in_the_model():
    entry = {"times": [0, 1], "values": [0, 2], "law": "linear"}
    drive = ({"term": "transverse_field", **entry}, {"term": {"name": "ising"}, **entry})
    driven = chain(2, drive=drive)
    assert driven.model.names == ("hamiltonian", "drive1*term", "drive2*term")
    assert driven.parameters.tolist() == [1.0, 1.0, 1.0]
    assert driven.model.shapes["drive1"](0.5) == 1.0
    with pytest.raises(ValueError, match=r"reaches from 0.0 to 1.0 and is asked at 3.0"):
        chain(2, drive=drive, times=(3.0, 0.1))
    with pytest.raises(ValueError, match=r"reaches from 0.0 to 1.0 and is asked at 2.0"):
        driven.check_measured([Setting("+z", 2.0, "ZZ", 1)])
