"""One command from the first size to the last, killed in the middle, in processes of its own."""

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
    "--config=configs/ground_state/grow_chain.py",
    "--config.network.units=8",
    "--config.network.context=True",
    "--config.sampling.n_samples=32",
    "--config.sampling.n_prefixes=1",
    "--config.sampling.n_validation=64",
    "--config.training.xla=False",
    "--config.training.n_epochs=1",
    "--config.training.steps_per_epoch=20",
    "--config.training.checkpoint_every_minutes=0.001",
    "--config.growth.sizes=4,6,8",
    "--config.growth.n_averages=64",
    "--config.symmetry.group=lattice",
    "--config.growth.n_steps=(40,20)",
    "--config.growth.steps_per_epoch=20",
    "--config.growth.n_samples=(16,)",
    "--config.growth.learning_rates=(0.02,0.01)",
    "--config.growth.n_evaluation=200",
)


def command(workdir, *changes):
    program = [sys.executable, "-m", "trainers.ground_state"]
    # A list that is given twice would be joined.
    changed = {change.split("=")[0] for change in changes}
    kept = [flag for flag in TINY if flag.split("=")[0] not in changed]
    return [*program, *kept, f"--workdir={workdir}", *changes]


def run(workdir, *changes):
    return preloaded.run(
        command(workdir, *changes), cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Folder of a growth that nothing disturbed, and what it printed."""
    folder = tmp_path_factory.mktemp("growth") / "whole"
    result = run(folder)
    assert result.returncode == 0, result.stderr
    return folder, result.stdout


def test_every_size_has_its_row_and_the_figures_are_drawn(whole):
    folder, said = whole
    found = json.loads((folder / "growth.json").read_text())
    rows = found["rows"]
    assert [row["n_sites"] for row in rows] == [4, 6, 8]
    assert [row["n_steps"] for row in rows] == [20, 40, 20]
    assert [row["n_samples"] for row in rows] == [32, 16, 16]
    assert [row["learning_rate"] for row in rows] == [0.03, 0.02, 0.01]
    for row in rows:
        assert row["reference_source"] == "Lanczos"
        error = abs(row["energy"] / row["reference_energy"] - 1)
        assert row["relative_error"] == pytest.approx(error)
        bar = row["energy_error"] / abs(row["reference_energy"])
        assert row["relative_error_bar"] == pytest.approx(bar)
        assert row["seconds"] > 0
    assert rows[0]["energy_before"] is None
    for row in rows[1:]:
        assert np.isfinite(row["energy_before"])
        assert row["energy_before"] > row["reference_energy"]
        sums = json.loads((folder / f"size-00{row['size']}" / "result.json").read_text())
        distance = row["energy_with_symmetries"] - sums["energy_averaged_over_symmetries"]
        assert abs(distance) < 5 * row["energy_error_with_symmetries"]
    assert found["bulk"]["energy_error"] > 0
    assert found["bulk"]["known_energy"] == pytest.approx(0.25 - np.log(2))
    for name in ("relative_error.png", "retraining.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG")
    lines = said.splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["size", "4", "6", "8"]
    assert lines[4].startswith("Infinite lattice, from the energies with symmetries: ")


def test_kill_9_in_the_second_size_then_the_same_command_gives_identical_weights(whole, tmp_path):
    folder = tmp_path / "growth"
    process = preloaded.Popen(
        command(folder), cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    second = folder / "size-006"
    deadline = time.monotonic() + 300
    while not list(second.glob("checkpoints/ckpt-[1-9].index")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (second / "result.json").exists()
    result = run(folder)
    assert result.returncode == 0, result.stderr
    for name in ("size-004", "size-006", "size-008"):
        assert last_weights(folder / name) == last_weights(whole[0] / name)
        for file in ("metrics.jsonl", "config.json"):
            assert (folder / name / file).read_text() == (whole[0] / name / file).read_text()
    rows = [json.loads((path / "growth.json").read_text())["rows"] for path in (folder, whole[0])]
    for row in (*rows[0], *rows[1]):
        del row["seconds"]
    assert rows[0] == rows[1]


def test_what_does_not_fit_a_finished_size_is_one_line(whole):
    for change, message in (
        ("--config.growth.n_steps=(60,20)", "size-006 holds a run with `training.n_epochs` = 2"),
        ("--config.network.units=9", "whole/size-004 holds a run with `network.units` = 8, but 9"),
    ):
        result = run(whole[0], change)
        assert result.returncode == 1
        assert result.stderr.count("\n") == 1, result.stderr
        assert result.stderr.startswith("qtf-ground-state: error: ")
        assert message in result.stderr


def last_weights(workdir):
    """Bytes of every tensor of the last checkpoint but the number of saves."""
    import tensorflow as tf

    reader = tf.train.load_checkpoint(str(workdir / "checkpoints"))
    kinds = reader.get_variable_to_dtype_map()
    names = [name for name in sorted(kinds) if "save_counter" not in name]
    # Weights of layers in lists are found by way of the optimiser only.
    assert any("_trainable_variables/" in name for name in names)
    assert any(name.startswith("task_state/") for name in names)
    return {
        name: np.asarray(reader.get_tensor(name)).tobytes()
        for name in names
        if kinds[name] != tf.string
    }
