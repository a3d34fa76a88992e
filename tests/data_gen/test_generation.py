import json
import os
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from data_gen.generation import generate
from data_gen.settings import settings_from_config
from data_gen.verification import verify
from qtf.data.schema import Manifest
from qtf.data.writing import folder as writing_folder

Usage = namedtuple("Usage", "total used free")


def test_complete_folder_is_left_alone(config, written):
    before = {path: path.stat().st_mtime_ns for path in written.iterdir()}
    assert generate(settings_from_config(config), written, workers=1, progress=False).n_written == 0
    assert {path: path.stat().st_mtime_ns for path in written.iterdir()} == before


def test_removed_file_is_written_again(config, own_dir):
    path = own_dir / "train-n03-00001-of-00002.tfrecord"
    content = path.read_bytes()
    path.unlink()
    assert generate(settings_from_config(config), own_dir, workers=1, progress=False).n_written == 1
    assert path.read_bytes() == content


def test_folder_holds_nothing_but_shards_and_manifest(written):
    named = {shard.file for shard in Manifest.load(written).files}
    assert {path.name for path in written.iterdir()} == named | {"manifest.json"}


def test_environment_is_as_before(config, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    generate(settings_from_config(config), tmp_path, workers=1, progress=False)
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in os.environ


def test_models_with_complex_amplitudes_are_verified(config, tmp_path):
    terms = [{"paulis": "XY", "on": "nearest", "coefficient": 0.7}, [0.2, [0], "Y"]]
    file = tmp_path / "terms.json"
    file.write_text(json.dumps(terms))
    config.update(hamiltonian={"name": "custom", "terms_file": str(file)}, n_sites=(2, 3))
    config.update(n_trajectories={"train": 3}, initial_states="haar", dtype="float64")
    settings = settings_from_config(config)
    file.unlink()
    generate(settings, tmp_path, workers=1, progress=False)
    assert verify(tmp_path, progress=False).problems == ()
    assert Manifest.load(tmp_path).hamiltonian == {"name": "custom", "terms": terms}


def test_generation_fails_without_workers(config, tmp_path):
    with pytest.raises(ValueError, match="Argument `workers` must be a positive .*, but is 0"):
        generate(settings_from_config(config), tmp_path, workers=0)


def test_generation_fails_before_it_starts_on_a_full_disk(config, tmp_path, monkeypatch):
    monkeypatch.setattr(writing_folder.shutil, "disk_usage", lambda path: Usage(9, 9, 10))
    with pytest.raises(OSError, match=r"has 0\.00 GB free, but 0\.00 GB are needed"):
        generate(settings_from_config(config), tmp_path, workers=1, progress=False)
    assert list(tmp_path.glob("*.tfrecord")) == []


def test_a_script_without_main_guard_is_told_what_it_lacks(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from data_gen.generation import generate\n"
        "from data_gen.settings import settings_from_config\n"
        "config = {'n_sites': (2,), 'n_trajectories': {'train': (4,)}, 'min_shards': 2}\n"
        "settings = settings_from_config(config)\n"
        f"generate(settings, {str(tmp_path / 'out')!r}, workers=2, progress=False)\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ValueError: No worker process could start: each imports the script")
    assert '`if __name__ == "__main__":`' in last
    # The workers themselves are silent.
    assert "bootstrapping" not in done.stderr
