"""Driven trajectories in files: what the generator writes, and what verification sees."""

import json

import numpy as np
import pytest

from data_gen.generation import generate
from data_gen.propagation import DrivenPropagation
from data_gen.settings import settings_from_config
from data_gen.verification import verify
from qtf.data.laws import hamiltonian_of, law_of
from qtf.data.loading import load_trajectories
from qtf.data.schema import Manifest
from qtf.physics import evolve

PULSE = {
    "term": "transverse_field",
    "times": [0.0, 0.05, 0.12],
    "values": [-1.0, 1.0, 0.0],
    "law": "cubic",
}
KICK = {
    "term": {"name": "custom", "terms": [[0.5, [0], "Y"]]},
    "times": [0.0, 0.033],
    "values": [1.0, -2.0],
    "law": "piecewise_constant",
}


def driven(config, *drive, **changes):
    return settings_from_config({**config, "dtype": "float64", "drive": drive, **changes})


@pytest.fixture(scope="module")
def driven_dir(tmp_path_factory):
    from tests.data_gen.conftest import CONFIG

    folder = tmp_path_factory.mktemp("driven") / "data"
    generate(driven(CONFIG, PULSE, KICK), folder, workers=1, progress=False)
    return folder


def test_files_hold_the_evolution_and_the_manifest_tells_of_it(driven_dir):
    manifest = Manifest.load(driven_dir)
    assert [entry["term"] for entry in manifest.drive] == [PULSE["term"], KICK["term"]]
    psi = load_trajectories(driven_dir, "train", 3, 2)
    hamiltonian = hamiltonian_of(manifest, 3)
    exact = evolve(hamiltonian, psi[:, 0], manifest.dt * np.arange(manifest.n_times))
    np.testing.assert_allclose(psi, exact, atol=1e-10)
    rebuilt = law_of(manifest).operator(3)
    for time in (0.01, 0.07):
        np.testing.assert_array_equal(hamiltonian.at(time).to_dense(), rebuilt.at(time).to_dense())


def test_a_good_folder_has_no_problems(driven_dir):
    assert verify(driven_dir, progress=False).problems == ()


def test_another_drive_is_found(driven_dir, tmp_path):
    import shutil

    folder = shutil.copytree(driven_dir, tmp_path / "data")
    path = folder / "manifest.json"
    content = json.loads(path.read_text())
    content["drive"][0]["values"][1] = 0.9
    path.write_text(json.dumps(content))
    problems = "\n".join(verify(folder, progress=False).problems)
    assert "it does not obey the Schroedinger equation" in problems
    content["drive"][1]["operators"]["2"]["terms"][0]["coefficient"] = 0.25
    path.write_text(json.dumps(content))
    assert "operators for n = 2 are not those" in "\n".join(verify(folder, progress=False).problems)


def test_stepped_states_are_those_of_the_table(config, monkeypatch):
    hamiltonian = driven(config, PULSE, KICK).law.operator(2)
    psi0 = np.eye(4)[:3] + 0j
    table = DrivenPropagation(hamiltonian, dt=0.01, n_steps=12)
    monkeypatch.setattr("data_gen.propagation.TABLE_BYTES", 0)
    stepped = DrivenPropagation(hamiltonian, dt=0.01, n_steps=12)
    assert stepped.chunk_bytes > table.chunk_bytes
    np.testing.assert_allclose(stepped.trajectories(psi0), table.trajectories(psi0), atol=1e-11)


def test_undriven_settings_are_recorded_as_before(config):
    assert "drive" not in settings_from_config(config).as_record()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"times": [0.0, 0.05, 0.1]}, "reaches from 0.0 to 0.1 and is asked at 0.12"),
        ({"term": "field"}, "must have as `term` a Hamiltonian or one of coupling"),
        ({"values": [1.0]}, "`values` must be 3 numbers"),
    ],
)
def test_wrong_drives_are_named_before_anything_is_written(config, change, message):
    with pytest.raises(ValueError, match=message):
        driven(config, {**PULSE, **change})
