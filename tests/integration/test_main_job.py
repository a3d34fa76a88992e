"""Generate, train, evaluate, export, predict: each command in a process of its own."""

import json
import os
import re
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
    "--config.model.units=16",
    "--config.model.n_layers=1",
    "--config.model.n_max=4",
    "--config.data.n_sites=2,3",
    "--config.data.weights=1.0,1.0",
    "--config.data.batch_size=4",
    "--config.data.window=8",
    "--config.data.n_validation=8",
    "--config.data.rollout_steps=20",
    "--config.training.n_epochs=3",
    "--config.training.steps_per_epoch=100",
    "--config.training.log_every_steps=10",
    "--config.training.checkpoint_every_minutes=0.005",
    "--config.training.optimizer.warmup_steps=5",
)


def command(module, *arguments):
    return [sys.executable, "-m", module, *map(str, arguments)]


def run(module, *arguments):
    return preloaded.run(
        command(module, *arguments), cwd=ROOT, capture_output=True, text=True, check=False
    )


def succeed(module, *arguments):
    result = run(module, *arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout


def train_arguments(data, workdir):
    return (
        "--config=configs/dynamics/demo.py",
        *TINY,
        f"--data_dir={data}",
        f"--workdir={workdir}",
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "small"
    succeed(
        "data_gen.generate",
        "--config=configs/data/small.py",
        "--config.n_sites=2,3",
        "--config.n_trajectories.train=(300,)",
        "--config.n_steps=40",
        f"--out_dir={folder}",
    )
    return folder


@pytest.fixture(scope="module")
def workdir(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    out = succeed("trainers.dynamics", *train_arguments(data, folder))
    assert f"tensorboard --logdir {folder}/tensorboard" in out
    return folder


def test_kill_9_then_the_same_command_gives_identical_weights(data, workdir, tmp_path):
    arguments = train_arguments(data, tmp_path / "run")
    process = preloaded.Popen(
        command("trainers.dynamics", *arguments), cwd=ROOT, stderr=subprocess.DEVNULL
    )
    metrics, checkpoints = tmp_path / "run" / "metrics.jsonl", tmp_path / "run" / "checkpoints"
    wait_until(lambda: metrics.exists() and list(checkpoints.glob("ckpt-*.index")))
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert '"step": 300' not in metrics.read_text()
    succeed("trainers.dynamics", *arguments)
    assert final_weights(tmp_path / "run") == final_weights(workdir)
    assert (tmp_path / "run" / "metrics.jsonl").read_text() == (
        workdir / "metrics.jsonl"
    ).read_text()


def wait_until(condition):
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def final_weights(workdir):
    """Bytes of every tensor of the last checkpoint but the number of saves."""
    import tensorflow as tf

    reader = tf.train.load_checkpoint(str(workdir / "checkpoints"))
    names = sorted(
        name for name in reader.get_variable_to_shape_map() if "save_counter" not in name
    )
    assert any("kernel" in name or "_embedding" in name or "/0" in name for name in names)
    return {
        name: np.asarray(reader.get_tensor(name)).tobytes()
        for name in names
        if reader.get_variable_to_dtype_map()[name] != tf.string
    }


def test_sigterm_leaves_a_checkpoint_and_one_line(data, tmp_path):
    arguments = train_arguments(data, tmp_path / "run")
    process = preloaded.Popen(
        command("trainers.dynamics", *arguments), cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    wait_until((tmp_path / "run" / "metrics.jsonl").exists)
    process.terminate()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "qtf-train: interrupted; the same command continues."
    assert list((tmp_path / "run" / "checkpoints").glob("ckpt-*.index"))


def test_evaluation_writes_metrics_csv_figures_and_page(data, workdir, tmp_path):
    arguments = (f"--workdir={workdir}", f"--data_dir={data}", f"--out_dir={tmp_path}/r")
    out = succeed("trainers.evaluate", *arguments, "--n_steps=60", "--n_samples=20")
    assert f"Report: {tmp_path}/r/report.html" in out
    content = json.loads((tmp_path / "r" / "metrics.json").read_text())
    assert content["n_sequences"] == {"2": 20, "3": 20}
    for n_sites in "23":
        for metric in content["n_sites"][n_sites].values():
            assert set(metric) == {"model", "persistence", "straight line", "least squares"}
            for summary in metric.values():
                assert len(summary["mean"]) == len(summary["low"]) == 61
        entropy = content["n_sites"][n_sites]["mean_relative_entropy"]
        assert entropy["least squares"]["mean"][60] < 1e-5
        assert entropy["straight line"]["mean"][60] < entropy["persistence"]["mean"][60]
    lines = (tmp_path / "r" / "metrics.csv").read_text().splitlines()
    assert lines[0] == "n_sites,predictor,metric,step,mean,low,high,median"
    assert len(lines) == 1 + 2 * 4 * 7 * 61
    page = (tmp_path / "r" / "report.html").read_text()
    figures = {path.stem for path in (tmp_path / "r" / "figures").iterdir()}
    assert {"mean_relative_entropy", "amplitudes", "magnetization", "components_n3"} <= figures
    assert page.count("<img") == len(figures)
    # Pictures are inside, and their letters are random.
    assert "http" not in re.sub(r"base64,[^\"']+", "", page)


def test_export_and_prediction_without_qtf(workdir, tmp_path):
    for number in "12":
        out = succeed("trainers.export", f"--workdir={workdir}", f"--model_dir={tmp_path}/m")
        assert out == f"SavedModel: {tmp_path}/m/{number}\n"
    script = ROOT / "examples" / "predict_saved_model.py"
    result = subprocess.run(
        [sys.executable, script, tmp_path / "m" / "2", "--n_sites=3", "--n_steps=9"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    answer = json.loads(result.stdout)
    assert answer["shape"] == [1, 10, 8]
    assert answer["qtf_importable"] is False
    assert 0.5 < answer["norm"] < 2


def test_transfer_starts_from_the_weights_of_another_run(data, workdir, tmp_path):
    arguments = [*train_arguments(data, tmp_path / "run"), f"--init_from={workdir}"]
    arguments += ["--config.training.n_epochs=1", "--config.training.steps_per_epoch=10"]
    arguments += ["--config.training.optimizer.learning_rate=1e-6"]
    succeed("trainers.dynamics", *arguments)
    first = json.loads((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()[0])
    rows = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    assert first["loss"] < 0.3 * rows[0]["loss"]


def spoil_shard(data, folder):
    import shutil

    shutil.copytree(data, folder)
    shard = sorted(folder.glob("train-n03*"))[0]
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    return shard


def test_a_flipped_byte_stops_training_naming_file_and_record(data, tmp_path):
    shard = spoil_shard(data, tmp_path / "data")
    result = run("trainers.dynamics", *train_arguments(tmp_path / "data", tmp_path / "run"))
    assert result.returncode == 1
    error = result.stderr.splitlines()[-1]
    assert error.startswith("qtf-train: error: ")
    assert shard.name in error
    assert "record" in error
    assert "Traceback" not in result.stderr


def test_a_mistake_in_training_is_one_line_and_leaves_nothing(data, tmp_path):
    arguments = train_arguments(data, tmp_path / "run")
    for change, code, message in (
        ("--data_dir=/nowhere", 1, "/nowhere does not exist"),
        ("--workdir=/proc/run", 1, "/proc/run cannot be written to"),
        ("--config.model.unitz=1", 2, "Unknown configuration key `unitz`. Did you mean"),
        ("--config=/nowhere.py", 2, "/nowhere.py"),
    ):
        result = run("trainers.dynamics", *arguments, change)
        assert result.returncode == code
        assert result.stderr.count("\n") == 1, result.stderr
        assert result.stderr.startswith("qtf-train: error: ")
        assert message in result.stderr
        assert not (tmp_path / "run" / "config.json").exists()


def test_mistakes_in_evaluation_and_export_are_one_line(data, workdir, tmp_path):
    for module, arguments, message in (
        ("trainers.evaluate", [f"--workdir={tmp_path}", f"--data_dir={data}"], "holds no run"),
        ("trainers.evaluate", [f"--workdir={workdir}", "--data_dir=/nowhere"], "does not exist"),
        ("trainers.export", [f"--workdir={tmp_path}"], "holds no run: no config.json"),
        ("trainers.export", [f"--workdir={workdir}", "--max_steps=0"], "`max_steps` must be"),
    ):
        place = "--out_dir" if module == "trainers.evaluate" else "--model_dir"
        result = run(module, *arguments, f"{place}={tmp_path}/out")
        assert result.returncode == 1
        assert result.stderr.count("\n") == 1, result.stderr
        assert message in result.stderr
        assert not list(tmp_path.glob("out/*"))


def test_help_is_fast():
    for module in (
        "data_gen.generate",
        "data_gen.verify",
        "trainers.dynamics",
        "trainers.evaluate",
        "trainers.export",
    ):
        started = time.monotonic()
        result = run(module, "--help")
        assert result.returncode == 0
        assert re.search(r"^  --[a-z_]+$", result.stdout, re.MULTILINE)
        assert time.monotonic() - started < 3
    program = "import sys, qtf; print([m for m in ('numpy', 'tensorflow') if m in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout == "[]\n"
    assert os.path.exists(ROOT / "qtf")
