"""Finished runs are extended with another learning rate, killed by kill -9, and continued."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from qtf.training.run_folder import RunFolder
from tests import preloaded

from .test_old_runs import CHAIN, DECAY, DYNAMICS

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
N_MORE = 30
COMMANDS = {
    "dynamics": [*DYNAMICS, "--config.training.xla=False"],
    "ground_state": [*CHAIN, "--config.training.xla=False"],
    "open_system": [*DECAY, "--config.training.xla=False", "--config.steady_state.n_epochs=2"],
}
CHANGE = [
    f"--extend={N_MORE}",
    "--change",
    "--config.training.optimizer.learning_rate=0.004",
    "--config.training.optimizer.floor=0.001",
]


def command(module, flags, workdir):
    return [sys.executable, "-m", f"trainers.{module}", *flags, f"--workdir={workdir}"]


def run(module, flags, workdir):
    return preloaded.run(
        command(module, flags, workdir), cwd=ROOT, capture_output=True, text=True, timeout=300
    )


def succeed(module, flags, workdir):
    done = run(module, flags, workdir)
    assert done.returncode == 0, done.stderr
    return done


def contents(folder):
    """Returns the bytes of every file of a run but those of TensorBoard and hidden ones."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "tensorboard" not in path.parts and not path.name.startswith(".")
    }


@pytest.mark.parametrize("module", COMMANDS)
def test_an_extended_and_changed_run_resumes_after_kill_9(tmp_path, module):
    flags, whole, killed = COMMANDS[module], tmp_path / "whole", tmp_path / "killed"
    succeed(module, flags, whole)
    before = contents(whole)
    refused = run(module, [*flags, *CHANGE[2:]], whole)
    assert refused.returncode == 1
    assert "add --change to go on so from now on" in refused.stderr
    assert contents(whole) == before
    shutil.copytree(whole, killed)
    succeed(module, [*flags, *CHANGE], whole)
    process = preloaded.Popen(
        command(module, [*flags, *CHANGE], killed),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: len(checkpoints(killed) - checkpoints(killed / "before-6")) > 0)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    succeed(module, [*flags, *CHANGE], killed)
    for folder in (whole, killed):
        assert contents(folder / "before-6") == before
        (change,) = json.loads((folder / "changes.json").read_text())
        assert change["step"] == 6
        assert change["settings"]["training.extend"] == {"before": 0, "after": N_MORE}
    texts = [(folder / "metrics.jsonl").read_bytes() for folder in (whole, killed)]
    assert texts[0] == texts[1]
    assert texts[0].startswith(before["metrics.jsonl"])
    weights = [RunFolder(folder).load_model().get_weights() for folder in (whole, killed)]
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)


def checkpoints(folder):
    return {path.name for path in (folder / "checkpoints").glob("ckpt-*.index")}


def wait_until(condition):
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_refinement_is_extended_and_a_ground_state_starts_from_another_run(tmp_path):
    run_folder, other = tmp_path / "run", tmp_path / "other"
    flags = [
        "--config=configs/ground_state/heisenberg_chain.py:4",
        "--config.network.units=4",
        "--config.sampling.n_samples=32",
        "--config.sampling.n_validation=64",
        "--config.training.xla=False",
        "--config.training.n_epochs=1",
        "--config.training.steps_per_epoch=3",
        "--config.refinement.n_epochs=1",
        "--config.refinement.steps_per_epoch=2",
    ]
    succeed("ground_state", flags, run_folder)
    before = contents(run_folder / "refinement")
    succeed("ground_state", [*flags, "--extend=2"], run_folder)
    refined = RunFolder(run_folder / "refinement")
    assert contents(refined.path / "before-2") == before
    steps = [json.loads(line)["step"] for line in refined.metrics.read_text().splitlines()]
    assert max(steps) == 6
    assert RunFolder(run_folder).load_config()["training"]["extend"] == 0
    start = [*flags[:-2], "--config.physics.hamiltonian.coupling=2.0", f"--init_from={run_folder}"]
    done = run("ground_state", [*start, "--config.network.units=5"], other)
    assert done.returncode == 1
    assert "must name a run with `network.units` = 5, but" in done.stderr
    assert not other.exists()
    succeed("ground_state", start, other)
    assert RunFolder(other).load_config()["init_from"] == str(run_folder)
