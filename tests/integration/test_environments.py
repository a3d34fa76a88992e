"""Commands in environments that were set up for other programs, and in folders of odd names."""

import json
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests import preloaded

ROOT = Path(__file__).parents[2]
GROUND_STATE = (
    "trainers.ground_state",
    "--config=configs/ground_state/heisenberg_chain.py:4",
    "--config.training.steps_per_epoch=5",
    "--config.training.figures_every_epochs=0",
    "--config.sampling.n_validation=64",
    "--config.network.units=4",
)


def command(*arguments, run=preloaded.run, **environment):
    return run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def weights(path):
    found = []
    with h5py.File(path) as file:
        file.visititems(lambda _, x: found.append(x[()]) if isinstance(x, h5py.Dataset) else None)
    return found


@pytest.mark.long
def test_settings_of_keras_for_other_programs_change_no_weight(tmp_path):
    home = tmp_path / "home" / ".keras"
    home.mkdir(parents=True)
    (home / "keras.json").write_text(json.dumps({"floatx": "float16", "epsilon": 1e-3}))
    environments = {"plain": {}, "changed": {"KERAS_BACKEND": "torch", "HOME": str(home.parent)}}
    for name, environment in environments.items():
        training = (*GROUND_STATE, "--config.training.n_epochs=1", f"--workdir={tmp_path / name}")
        done = command(*training, run=subprocess.run, **environment)
        assert done.returncode == 0, done.stderr
    plain, changed = (weights(tmp_path / name / "best.weights.h5") for name in environments)
    for one, other in zip(plain, changed, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.long
def test_a_run_in_a_folder_like_a_pattern_continues_falls_back_and_is_exported(tmp_path):
    workdir, models = tmp_path / "run[1]", tmp_path / "models [1]"
    (tmp_path / "run1" / "checkpoints").mkdir(parents=True)
    (tmp_path / "run1" / "checkpoints" / "ckpt-5.index").write_text("precious")
    training = (*GROUND_STATE, "--config.training.n_epochs=3", f"--workdir={workdir}")
    done = command(*training)
    assert done.returncode == 0, done.stderr
    kept = sorted(path.name for path in (workdir / "checkpoints").glob("*.index"))
    assert kept == ["ckpt-10.index", "ckpt-15.index"]
    data = workdir / "checkpoints" / "ckpt-15.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:-1])
    before = weights(workdir / "best.weights.h5")
    done = command(*training)
    assert done.returncode == 0, done.stderr
    assert "ckpt-15 cannot be read; ckpt-10 before it is taken" in done.stderr
    for one, other in zip(before, weights(workdir / "best.weights.h5"), strict=True):
        np.testing.assert_array_equal(one, other)
    done = command("trainers.export", f"--workdir={workdir}", f"--model_dir={models}")
    assert (done.returncode, done.stdout) == (0, f"SavedModel: {models}/1\n"), done.stderr
    assert done.stderr.startswith("qtf-export: TensorFlow takes [ and \\ in paths for patterns")
    loaded = (
        "from pathlib import Path; from serving.models.loaded_version import LoadedVersion as V"
    )
    program = f"{loaded}; print(*sorted(V('m', 1, Path({str(models / '1')!r})).signatures))"
    served = preloaded.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True
    )
    assert served.stdout.split() == ["log_psi", "observables", "sample", "serving_default"]
    assert [path.name for path in (tmp_path / "run1" / "checkpoints").iterdir()] == ["ckpt-5.index"]
