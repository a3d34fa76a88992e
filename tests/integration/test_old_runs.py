"""Run folders and exports that an earlier version wrote are read, used and continued."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from qtf import run_kinds
from qtf.training.run_folder import RunFolder

ROOT = Path(__file__).parents[2]
# What the old runs were made with, beside their configuration files.
TINY = [
    "--config.network.units=4",
    "--config.sampling.n_samples=32",
    "--config.sampling.n_validation=64",
    "--config.training.steps_per_epoch=3",
]
GROWTH = [
    "--config=configs/ground_state/grow_chain.py",
    "--config.physics.hamiltonian.n_sites=4",
    "--config.growth.sizes=(4,6)",
    *TINY,
    "--config.training.n_epochs=2",
    "--config.growth.n_steps=(4,)",
    "--config.growth.n_samples=(32,)",
    "--config.growth.steps_per_epoch=2",
    "--config.growth.n_evaluation=64",
    "--config.growth.n_averages=32",
]
REFINED = [
    "--config=configs/ground_state/heisenberg_square.py",
    "--config.physics.hamiltonian.n_rows=2",
    "--config.physics.hamiltonian.n_columns=2",
    "--config.sampling.n_samples=32",
    "--config.sampling.n_validation=64",
    "--config.training.n_epochs=1",
    "--config.training.steps_per_epoch=3",
    "--config.refinement.n_epochs=1",
    "--config.refinement.steps_per_epoch=2",
]
CHAIN = [
    "--config=configs/ground_state/heisenberg_chain.py:4",
    *TINY,
    "--config.training.n_epochs=2",
]
DECAY = [
    "--config=configs/open_system/ising_chain.py:3,1.0",
    "--config.network.units=4",
    "--config.training.n_epochs=2",
    "--config.training.steps_per_epoch=3",
    "--config.steady_state.n_epochs=1",
]
DYNAMICS = [
    "--config=configs/dynamics/demo.py",
    "--config.data.source=exact",
    "--config.data.weights=()",
    "--config.data.n_sites=(2, 3)",
    "--config.model.n_max=3",
    "--config.model.units=8",
    "--config.model.n_layers=1",
    "--config.data.window=10",
    "--config.data.batch_size=4",
    "--config.data.n_validation=4",
    "--config.data.n_rollouts=2",
    "--config.data.rollout_steps=5",
    "--config.exact.n_steps=20",
    "--config.training.n_epochs=2",
    "--config.training.steps_per_epoch=3",
]


@pytest.fixture(scope="module")
def golden():
    path = ROOT / "tests/golden/old_runs.py"
    spec = importlib.util.spec_from_file_location("old_runs", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def folder(golden, tmp_path_factory):
    return golden.unpack(tmp_path_factory.mktemp("old"))


@pytest.fixture(scope="module")
def values(golden):
    return json.loads(golden.PATH.read_text())


def test_models_of_old_runs_have_their_values(golden, folder, values):
    assert_close(golden.model_values(folder), values["models"])


def test_kinds_of_old_runs_are_told_from_their_keys(folder):
    kinds = dict.fromkeys(("dynamics", "local_generator"), run_kinds.DYNAMICS)
    kinds |= dict.fromkeys(("ground_state", "growth/size-004"), run_kinds.GROUND_STATES)
    kinds |= {"open_system": run_kinds.OPEN_SYSTEMS}
    for run, kind in kinds.items():
        assert "kind" not in json.loads((folder / run / "run.json").read_text())
        assert RunFolder(folder / run).kind == kind


def test_old_exports_answer_as_before(golden, folder, values):
    assert_close(golden.served_values(folder), values["exports"])


@pytest.mark.long
@pytest.mark.parametrize(
    ("run", "module", "flags"),
    [
        ("ground_state", "ground_state", CHAIN),
        ("open_system", "open_system", DECAY),
        ("dynamics", "dynamics", DYNAMICS),
    ],
)
def test_an_old_run_goes_on_where_it_was(golden, values, tmp_path, run, module, flags):
    folder = golden.unpack(tmp_path)
    for path in (folder / run / "checkpoints").glob("ckpt-6.*"):
        path.unlink()
    command(f"trainers.{module}", *flags, f"--workdir={folder / run}")
    lines = map(json.loads, (folder / run / "metrics.jsonl").read_text().splitlines())
    steps = [line["step"] for line in lines if line["kind"] == "training"]
    assert steps == sorted(set(steps))
    # From the start on it would have taken all of them again.
    assert len(json.loads((folder / run / "run.json").read_text())["starts"]) == 2
    assert "ckpt-6.index" in names(folder / run / "checkpoints")
    assert_close({run: golden.model_values(folder)[run]}, {run: values["models"][run]})


@pytest.mark.long
@pytest.mark.parametrize(("run", "flags"), [("growth", GROWTH), ("refined", REFINED)])
def test_an_old_run_of_several_parts_is_at_its_end(folder, run, flags):
    before = {path: path.read_bytes() for path in sorted((folder / run).rglob("metrics.jsonl"))}
    assert len(before) == 2
    command("trainers.ground_state", *flags, f"--workdir={folder / run}")
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.long
@pytest.mark.parametrize("run", ["dynamics", "ground_state", "open_system"])
def test_an_old_run_is_exported(folder, run, tmp_path):
    command("trainers.export", f"--workdir={folder / run}", f"--model_dir={tmp_path / 'models'}")
    assert (tmp_path / "models/1/saved_model.pb").exists()


@pytest.mark.long
@pytest.mark.parametrize("run", ["dynamics", "local_generator"])
def test_an_old_run_is_evaluated(folder, run, tmp_path):
    command("trainers.evaluate", f"--workdir={folder / run}", f"--out_dir={tmp_path / 'report'}")
    assert (tmp_path / "report/report.html").exists()


def command(module, *flags):
    done = subprocess.run(
        [sys.executable, "-m", module, *flags], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]


def names(folder):
    return [path.name for path in folder.iterdir()]


def assert_close(measured, expected):
    assert measured.keys() == expected.keys()
    for key, value in expected.items():
        if isinstance(value, dict):
            assert_close(measured[key], value)
        else:
            for one, other in zip(flat(measured[key]), flat(value), strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6, err_msg=key)


def flat(values):
    if not isinstance(values, list):
        return [values]
    return [number for entry in values for number in flat(entry)]
