"""One command, killed in the middle, in processes of its own."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests import preloaded

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
TINY = (
    "--config=configs/open_system/heisenberg_chain.py:3",
    "--config.network.units=4",
    "--config.objective.every_outcome=False",
    "--config.sampling.n_samples=16",
    # So few samples would make larger steps go too far.
    "--config.natural_gradient.diag_shift=1e-2",
    "--config.sampling.n_validation=32",
    "--config.training.xla=False",
    "--config.training.n_epochs=2",
    "--config.training.steps_per_epoch=60",
    "--config.training.checkpoint_every_minutes=0.001",
)


def command(workdir, *changes):
    return [sys.executable, "-m", "trainers.open_system", *TINY, f"--workdir={workdir}", *changes]


def run(workdir, *changes):
    return preloaded.run(
        command(workdir, *changes), cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_kill_9_in_the_second_step_of_time_then_the_same_command_gives_the_same(tmp_path):
    whole, folder = tmp_path / "whole", tmp_path / "parts"
    result = run(whole)
    assert result.returncode == 0, result.stderr
    said = result.stdout.splitlines()
    assert said[0] == "Time: 0.02"
    assert [line[:4] for line in said[1:4]] == ["<X>:", "<Y>:", "<Z>:"]
    assert said[-1] == f"Run folder: {whole}"
    assert (whole / "curves.png").read_bytes().startswith(b"\x89PNG")
    killed_in_the_second_epoch(folder)
    assert not (folder / "result.json").exists()
    result = run(folder)
    assert result.returncode == 0, result.stderr
    refused = run(folder, "--config.dynamics.tau=0.1")
    # Imports TensorFlow here, with variables that commands must not see.
    assert last_weights(folder) == last_weights(whole)
    for name in ("metrics.jsonl", "result.json", "config.json"):
        assert (folder / name).read_text() == (whole / name).read_text()
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1, refused.stderr
    assert refused.stderr.startswith("qtf-open-system: error: ")
    assert "`dynamics.tau` = 0.005, but 0.1 is asked" in refused.stderr


def killed_in_the_second_epoch(folder):
    process = preloaded.Popen(
        command(folder), cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    metrics = folder / "metrics.jsonl"
    deadline = time.monotonic() + 300
    while not (metrics.exists() and validations(metrics)):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert len(validations(metrics)) == 1


def validations(metrics):
    rows = [json.loads(line) for line in metrics.read_text().splitlines() if line.endswith("}")]
    return [row for row in rows if row["kind"] == "validation"]


def last_weights(workdir):
    """Bytes of every tensor of the last checkpoint but the number of saves."""
    import tensorflow as tf

    reader = tf.train.load_checkpoint(str(workdir / "checkpoints"))
    kinds = reader.get_variable_to_dtype_map()
    names = [name for name in sorted(kinds) if "save_counter" not in name]
    assert any(name.startswith("model/") for name in names)
    assert any(name.startswith("task_state/") for name in names)
    return {
        name: np.asarray(reader.get_tensor(name)).tobytes()
        for name in names
        if kinds[name] != tf.string
    }
