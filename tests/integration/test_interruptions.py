"""Ctrl-C and SIGTERM at any time: one line, no traceback, and what is there goes on."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import preloaded

ROOT = Path(__file__).parents[2]
TRAINING = (
    "trainers.ground_state",
    "--config=configs/ground_state/ising_square.py:2,3.0",
    "--config.training.steps_per_epoch=4",
    "--config.training.n_epochs=2",
)
FINISHING = "finishing this step and saving it; again to stop now."
END = "interrupted; the same command continues."


def start(module, *arguments, start_process=preloaded.Popen):
    return start_process(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def lines_until(process, text):
    """Reads standard error up to a line with a text."""
    for line in process.stderr:
        if text in line:
            return
    pytest.fail(f"The command ended before it said {text!r}.")


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_first_step_is_finished_or_given_up_and_the_run_goes_on(tmp_path, number):
    arguments = (*TRAINING, f"--workdir={tmp_path / 'run'}")
    # In the middle of compiling, which takes longer than anything here waits.
    process = start(*arguments)
    lines_until(process, "step 0/8")
    time.sleep(1.5)
    sent = time.monotonic()
    process.send_signal(number)
    lines_until(process, FINISHING)
    assert time.monotonic() - sent < 2.0
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err == f"qtf-ground-state: {END}\n"
    assert not list((tmp_path / "run" / "checkpoints").glob("ckpt-*"))
    # Once more, and patiently.
    process = start(*arguments)
    lines_until(process, "step 0/8")
    time.sleep(1.5)
    process.send_signal(number)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 130
    assert err.splitlines()[-1] == f"qtf-ground-state: {END}"
    assert (tmp_path / "run/checkpoints/ckpt-1.index").exists()
    process = start(*arguments)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert "Energy: " in out
    assert re.search(r"step 4/8 .* min left", err)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Folder of a run and of its data."""
    folder = tmp_path_factory.mktemp("made")
    data = ("data_gen.generate", "--config=configs/data/demo.py", f"--out_dir={folder / 'data'}")
    run = (
        "trainers.dynamics",
        "--config=configs/dynamics/demo.py",
        "--config.training.n_epochs=1",
        "--config.training.steps_per_epoch=2",
        f"--data_dir={folder / 'data'}",
        f"--workdir={folder / 'run'}",
    )
    for module, *arguments in (data, run):
        preloaded.run([sys.executable, "-m", module, *arguments], cwd=ROOT, check=True)
    return folder


COMMANDS = {
    "generate": ("data_gen.generate", "--config=configs/data/ising.py", "--out_dir={out}"),
    "verify": ("data_gen.verify", "--data_dir={made}/data", "--n_samples=1000"),
    "evaluate": (
        "trainers.evaluate",
        "--workdir={made}/run",
        "--data_dir={made}/data",
        "--out_dir={out}",
    ),
    "export": ("trainers.export", "--workdir={made}/run", "--model_dir={out}"),
    "trajectories": (
        "trainers.trajectories",
        "--config=configs/open_system/ising_chain.py:10,2.0",
        "--workdir={out}",
        "--workers=2",
    ),
    "compare_samplers": ("trainers.compare_samplers", "--workdir={out}", "--n_steps=1000"),
}


@pytest.mark.long
@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("seconds", [1.0, 4.0, 9.0])
def test_any_command_ends_at_any_time_with_one_line(tmp_path, made, name, seconds):
    module, *arguments = (part.format(made=made, out=tmp_path / "out") for part in COMMANDS[name])
    # Imports are a part of the time here.
    process = start(module, *arguments, start_process=subprocess.Popen)
    time.sleep(seconds)
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    assert process.returncode in (0, 130), err
    if process.returncode:
        assert re.fullmatch(
            r"qtf-\S+: interrupted(; the same command continues)?\.", err.splitlines()[-1]
        )
    if (tmp_path / "out").exists():
        # A half version, a part of a figure.
        assert not [path for path in (tmp_path / "out").iterdir() if path.name.startswith(".1")]
