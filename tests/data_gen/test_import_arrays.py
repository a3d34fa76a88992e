"""`qtf-import` as a user runs it, and what it says of files that do not fit."""

import sys
import time

import numpy as np
import pytest

from data_gen.array_file import ArrayFile
from qtf.data.schema import Manifest
from qtf.physics import Chain, evolve, ising, sample_initial_states
from tests import preloaded

TIMES = 0.1 * np.arange(5)
PSI = {
    n: evolve(ising(Chain(n)), sample_initial_states("haar", n, 12, seed=2), TIMES) for n in (2, 3)
}


def run(*arguments):
    return preloaded.run(
        [sys.executable, "-m", "data_gen.import_arrays", *map(str, arguments)],
        capture_output=True,
        text=True,
    )


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "arrays.npz"
    np.savez(path, psi_2=PSI[2], anything=PSI[3], times=TIMES)
    return path


def test_a_file_becomes_a_folder(file, tmp_path):
    folder = tmp_path / "data"
    done = run(file, f"--out_dir={folder}", '--hamiltonian={"name": "ising"}')
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("validation: 1 of n = 2, 1 of n = 3\n")
    manifest = Manifest.load(folder, verify="sha256")
    assert manifest.dt == pytest.approx(0.1)
    assert manifest.hamiltonian == {"name": "ising"}
    wrong = run(file, f"--out_dir={folder}", "--dt=0.2")
    assert wrong.returncode == 1
    assert wrong.stderr == (
        "qtf-import: error: Flag --dt must be 0.1, as the file says, but is 0.2.\n"
    )
    needed = run("x.npz")
    assert "--out_dir must have a value" in needed.stderr.replace("Flag ", "")


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--dtype=float32", "Flag --dt is needed, as the file holds neither `times` nor `dt`."),
        ("--hamiltonian={", "Flag --hamiltonian must hold JSON or name a file of it: Expecting"),
        ("--hamiltonian=list.json", "Flag --hamiltonian must hold a JSON object, but holds [1]."),
    ],
)
def test_a_mistake_is_one_line(tmp_path, monkeypatch, flag, message):
    monkeypatch.chdir(tmp_path)
    np.save("psi.npy", PSI[2])
    (tmp_path / "list.json").write_text("[1]")
    dt = () if "dtype" in flag else ("--dt=0.1",)
    done = run("psi.npy", "--out_dir=data", flag, *dt)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"qtf-import: error: {message}")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "data").exists()


def test_a_single_array_needs_no_name(tmp_path):
    np.save(tmp_path / "psi.npy", PSI[3])
    arrays = ArrayFile(tmp_path / "psi.npy")
    assert (list(arrays), len(arrays), arrays.dt) == ([3], 1, None)
    np.testing.assert_array_equal(arrays[3], PSI[3])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"psi_3": PSI[2]}, r"`psi_3` must have the shape \(n_trajectories, n_times, 2\*\*3 = 8\)"),
        (
            {"psi": PSI[2][..., :3]},
            r"`psi` must have the shape \(.*, 2\*\*n\), but has \(12, 5, 3\)",
        ),
        ({"psi": PSI[2][0]}, r"but has \(5, 4\)"),
        ({"a": PSI[2], "b": PSI[2]}, "one array for each number of spins, but `b` and `a`"),
        ({"psi": PSI[2], "times": TIMES**2}, "`times` must be uniform, but the steps are 0.01 at"),
        ({"psi": PSI[2], "times": TIMES[::-1]}, "`times` must be ascending"),
        ({"psi": PSI[2], "times": np.ones((2, 2))}, "`times` must be ascending"),
        ({"psi": PSI[2], "dt": -0.1}, "`dt` must be a positive number, but is -0.1"),
        ({"psi": PSI[2], "dt": np.ones(2)}, "`dt` must be a positive number"),
        ({"psi": PSI[2], "times": TIMES, "dt": 0.3}, "`times` and `dt` must agree, but say"),
        ({"psi": np.array([None])}, "`psi` is no array of numbers"),
    ],
)
def test_wrong_arrays_are_named(tmp_path, arrays, message):
    path = tmp_path / "arrays.npz"
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match=message):
        ArrayFile(path)


def test_other_files_are_named(tmp_path):
    path = tmp_path / "arrays.npz"
    path.write_text("psi")
    with pytest.raises(ValueError, match="must be an npz or npy file of numbers"):
        ArrayFile(path)


@pytest.mark.long
def test_a_killed_import_is_continued_to_the_same_bytes(tmp_path):
    psi = np.zeros((4000, 40, 16), np.complex64)
    psi[..., 3] = np.exp(1j * np.arange(40))
    np.savez(tmp_path / "arrays.npz", psi_4=psi)
    command = [sys.executable, "-m", "data_gen.import_arrays", str(tmp_path / "arrays.npz")]
    options = ["--dt=0.1", "--compression=gzip"]
    folder = tmp_path / "killed"
    process = preloaded.Popen([*command, f"--out_dir={folder}", *options])
    deadline = time.monotonic() + 60
    while len(list(folder.glob("*.tfrecord"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.005)
    process.kill()
    process.wait()
    before = {path: path.stat().st_mtime_ns for path in folder.glob("*.tfrecord")}
    assert before
    assert not (folder / "manifest.json").exists()
    for out_dir in (folder, tmp_path / "whole"):
        assert run(tmp_path / "arrays.npz", f"--out_dir={out_dir}", *options).returncode == 0
    assert all(path.stat().st_mtime_ns == written for path, written in before.items())
    contents = [
        {path.name: path.read_bytes() for path in out_dir.iterdir()}
        for out_dir in (folder, tmp_path / "whole")
    ]
    assert contents[0] == contents[1]
