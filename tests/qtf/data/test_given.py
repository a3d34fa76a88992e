import json

import numpy as np
import pytest

from data_gen.verification import verify
from qtf.data import load_trajectories, write_trajectories
from qtf.data.laws import law_of
from qtf.data.schema import SPLITS, Manifest
from qtf.physics import Chain, HamiltonianSettings, evolve, sample_initial_states, xxz

DT = 0.05
PSI = {
    n: evolve(xxz(Chain(n)), sample_initial_states("haar", n, 20, seed=1), DT * np.arange(7))
    for n in (2, 3)
}
XXZ = {"name": "xxz"}


def folder_bytes(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data"


def test_every_trajectory_is_in_one_split_and_unchanged(folder):
    manifest = write_trajectories(folder, PSI, dt=DT, dtype="float64", validation=0.2, test=0.1)
    assert (manifest.initial_states, manifest.hamiltonian, manifest.operators) == ("given", {}, {})
    assert [manifest.n_trajectories(split, 3) for split in SPLITS] == [14, 4, 2]
    for n, psi in PSI.items():
        stored = np.concatenate([load_trajectories(folder, split, n) for split in SPLITS])
        order = [int(np.abs(psi[:, 0] - row[0]).sum(axis=1).argmin()) for row in stored]
        assert sorted(order) == list(range(20))
        assert order != list(range(20))
        np.testing.assert_array_equal(stored, psi[order])


def test_without_a_hamiltonian_norms_are_verified(folder):
    write_trajectories(folder, PSI, dt=DT)
    done = verify(folder, progress=False)
    assert (done.problems, done.n_records, done.n_samples) == ((), 40, 0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_with_a_hamiltonian_evolution_is_verified(folder, dtype):
    manifest = write_trajectories(folder, PSI, dt=DT, hamiltonian=XXZ, dtype=dtype)
    done = verify(folder, progress=False)
    assert done.problems == ()
    assert done.n_samples == 40
    assert law_of(manifest).operator(3) == xxz(Chain(3))


def test_another_hamiltonian_than_theirs_is_found(folder):
    write_trajectories(folder, PSI, dt=DT, hamiltonian={**XXZ, "anisotropy": 0.9})
    assert "does not obey the Schroedinger equation" in verify(folder, progress=False).problems[0]


@pytest.mark.parametrize("hamiltonian", [xxz(Chain(3)), HamiltonianSettings("xxz")])
def test_operators_and_settings_are_hamiltonians_too(folder, hamiltonian):
    write_trajectories(folder, {3: PSI[3]}, dt=DT, hamiltonian=hamiltonian)
    done = verify(folder, progress=False)
    assert done.problems == ()
    assert done.n_samples > 0


def test_a_call_that_was_stopped_goes_on(folder, tmp_path, monkeypatch):
    write_trajectories(tmp_path / "whole", PSI, dt=DT)
    import qtf.data.given as given

    written = []

    def stopping(*arguments, **options):
        if len(written) == 5:
            raise KeyboardInterrupt
        written.append(1)
        return original(*arguments, **options)

    original = given.write_file
    monkeypatch.setattr(given, "write_file", stopping)
    with pytest.raises(KeyboardInterrupt):
        write_trajectories(folder, PSI, dt=DT)
    assert not (folder / "manifest.json").exists()
    monkeypatch.undo()
    before = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.tfrecord")}
    assert len(before) == 5
    write_trajectories(folder, PSI, dt=DT)
    assert folder_bytes(folder) == folder_bytes(tmp_path / "whole")
    assert all((folder / name).stat().st_mtime_ns == time for name, time in before.items())


def test_other_arrays_are_refused_in_the_same_folder(folder):
    write_trajectories(folder, PSI, dt=DT)
    with pytest.raises(ValueError, match="holds data of another config: `sha256.2` is"):
        write_trajectories(folder, {**PSI, 2: PSI[2][::-1]}, dt=DT)


def test_states_are_divided_by_their_norms_if_asked_for(folder):
    write_trajectories(folder, {2: 3.0 * PSI[2]}, dt=DT, normalize=True, dtype="float64")
    norms = np.linalg.norm(load_trajectories(folder, "train", 2), axis=-1)
    np.testing.assert_allclose(norms, 1.0, atol=1e-14)


def test_folders_of_the_first_version_are_read(folder):
    write_trajectories(folder, PSI, dt=DT, hamiltonian=XXZ)
    path = folder / "manifest.json"
    content = json.loads(path.read_text())
    del content["drive"]
    path.write_text(json.dumps({**content, "schema_version": 1}))
    assert Manifest.load(folder).drive == []


def spoiled(value, row=4, time=2):
    psi = PSI[3].copy()
    psi[row, time] *= value
    return {3: psi}


BAD = {
    "no mapping": (PSI[2], {}, "must be a mapping of arrays by their numbers of spins"),
    "empty": ({}, {}, "must be a mapping of arrays by their numbers of spins"),
    "key": ({"a": PSI[2]}, {}, r"numbers of spins, 1 to 24, but has \['a'\]"),
    "two axes": ({2: PSI[2][0]}, {}, r"\(n_trajectories, n_times, 4\) of at least 2 times, but"),
    "width": ({3: PSI[2]}, {}, r"\(n_trajectories, n_times, 8\) .*, but holds complex128"),
    "one time": ({2: PSI[2][:, :1]}, {}, "of at least 2 times"),
    "integers": ({2: np.ones((3, 4, 4), int)}, {}, "but holds int64"),
    "times": ({**PSI, 2: PSI[2][:, :4]}, {}, r"same number of times, but holds some of \[4, 7\]"),
    "nan": (spoiled(np.nan), {}, "finite states, but that of n = 3 at trajectory 4, time 2"),
    "long": (spoiled(1.1), {}, "norm 1, unless they are to be normalized, but .* trajectory 4"),
    "short": (spoiled(0.9), {}, "norm 1, unless they are to be normalized, but .* trajectory 4"),
    "zero": (spoiled(0.0), {"normalize": True}, "finite states, but .* has norm 0.0"),
    "few": ({2: PSI[2][:2]}, {}, "more than 2 trajectories of n = 2, as 1 validate and 1 test"),
    "dt": (PSI, {"dt": 0.0}, "`dt` must be positive"),
    "share": (PSI, {"validation": 1.0}, "`validation` must be at least 0 and below 1"),
    "dtype": (PSI, {"dtype": "int8"}, "`dtype` must be one of float32, float64"),
    "operator": (PSI, {"hamiltonian": xxz(Chain(2))}, "a configuration where there are several n"),
    "sized": (PSI, {"hamiltonian": {**XXZ, "n_sites": 2}}, "a configuration without `n_sites`"),
    "text": (PSI, {"hamiltonian": "xxz"}, "must be a PauliSum or a configuration"),
    "name": (PSI, {"hamiltonian": {"name": "xxy"}}, "`name` must be one of"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named_and_nothing_is_written(case, folder):
    trajectories, options, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        write_trajectories(folder, trajectories, **{"dt": DT, **options})
    assert not folder.exists()


def test_arrays_are_asked_for_one_by_one(folder):
    class OneByOne(dict):
        held = None

        def __getitem__(self, n):
            return super().__getitem__(n)()

    write_trajectories(folder, OneByOne({n: lambda n=n: PSI[n] for n in PSI}), dt=DT)
    assert Manifest.load(folder).n_sites("train") == (2, 3)
