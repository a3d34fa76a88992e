"""Sweeps as a user starts them, with a trainer that counts, killed and continued."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from absl import flags
from absl.testing import flagsaver

from trainers.sweep.trial_run import SweepFolder, run_trial

ROOT = Path(__file__).parents[3]
COUNTER = "tests.trainers.sweep.slow_counter"
SCRIPT = f"""
import sys
import trainers.sweep.__main__ as command
from trainers.sweep.sweep import TRAINERS
TRAINERS["train"] = ("{COUNTER}", "loss")
if __name__ == "__main__":
    sys.argv[0] = "qtf-sweep"
    command.main()
"""


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    return path


def command_of(script, out_dir, *words, workers=2):
    units = [] if any("units" in word for word in words) else ["--over=network.units=1,2,3"]
    return [
        sys.executable,
        str(script),
        "train",
        *units,
        "--seeds=0:4",
        f"--out_dir={out_dir}",
        f"--workers={workers}",
        *words,
    ]


def start(command):
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(command):
    process = start(command)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def trials_of(process):
    children = psutil.Process(process.pid).children(recursive=True)
    return [child for child in children if is_trial(child)]


def is_trial(process):
    try:
        words = process.cmdline()
        # Not where settings are checked first.
        is_running = COUNTER in words and "--print_config" not in words
        return is_running and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.long
def test_sweep_killed_with_a_worker_and_as_a_whole_continues_to_the_same_table(script, tmp_path):
    expected = tmp_path / "one by one"
    assert finish(command_of(script, expected, workers=1))[0] == 0
    out_dir = tmp_path / "killed"
    process = start(command_of(script, out_dir))
    # A worker dies with its trial in it: another one continues.
    wait_until(lambda: trials_of(process))
    trials_of(process)[0].parent().kill()
    wait_until(lambda: len(list((out_dir / "outcomes").glob("*.json"))) >= 3)
    running = trials_of(process)
    process.kill()
    process.communicate()
    wait_until(lambda: not any(is_trial(trial) for trial in running))
    n_outcomes = len(list((out_dir / "outcomes").glob("*.json")))
    assert 3 <= n_outcomes < 12
    code, out, err = finish(command_of(script, out_dir))
    assert code == 0, err
    assert f"12 runs, {n_outcomes} of them finished" in out
    assert (out_dir / "table.csv").read_bytes() == (expected / "table.csv").read_bytes()
    assert len((out_dir / "table.csv").read_text().splitlines()) == 13
    # A finished sweep only draws anew.
    assert "12 runs, 12 of them finished" in finish(command_of(script, out_dir))[1]


@pytest.mark.long
def test_failed_run_is_named_and_leaves_the_others_unharmed(script, tmp_path):
    command = command_of(script, tmp_path / "sweep", "--over=network.units=1,7", "--metric=loss")
    code, out, err = finish([word.replace("0:4", "0:1") for word in command])
    assert code == 1
    assert "units=7,seed=0  failed" in out
    assert "counter: error: 7 brings bad luck." in out
    assert err.strip() == "qtf-sweep: error: 1 of 2 runs failed: units=7,seed=0"
    assert (tmp_path / "sweep" / "figure.png").exists()


def test_trial_records_its_last_line(tmp_path):
    folder = SweepFolder(tmp_path)
    folder.make()
    code = "import sys; print('begun'); sys.exit('no luck')"
    outcome = run_trial("a", [sys.executable, "-c", code], folder, cwd=str(tmp_path))
    assert (outcome.status, outcome.error) == ("failed", "no luck")
    assert folder.outcome("a").error == "no luck"
    silent = run_trial("b", [sys.executable, "-c", "exit(3)"], folder, cwd=str(tmp_path))
    assert silent.error == "exit code 3"


def test_trial_waits_for_a_former_start_that_is_still_at_work(tmp_path):
    folder = SweepFolder(tmp_path)
    folder.make()
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time\n"
            "sys.path.insert(0, sys.argv[1])\n"
            "from pathlib import Path\n"
            "from qtf.files import locked\n"
            "workdir = Path(sys.argv[2])\n"
            "workdir.mkdir()\n"
            "lock = locked(workdir)\n"
            "print('held', flush=True)\n"
            "time.sleep(1.5)\n",
            str(ROOT),
            str(folder.workdir("a")),
        ],
        stdout=subprocess.PIPE,
    )
    assert holder.stdout.readline() == b"held\n"
    outcome = run_trial("a", [sys.executable, "-c", ""], folder, cwd=str(tmp_path))
    assert outcome.is_finished
    assert holder.poll() == 0 or holder.wait(1) == 0
    holder.stdout.close()


MISTAKES = {
    "must be one of train, ground-state, open-system, but is 'trian'; did you mean train?": (
        "trian",
        "--seeds=0:2",
    ),
    "must be one of train, ground-state, open-system, but is ''": ("--seeds=0:2",),
    "A sweep needs something to vary": ("train",),
    "Flag --workdir must not be given": ("train", "--seeds=0:2", "--workdir=x"),
    "Flag --seeds must be FIRST:END": ("train", "--seeds=a"),
    "Trial units=13,seed=0 cannot be run: 13 is refused.": (
        "train",
        "--over=network.units=1,13",
        "--seeds=0:1",
    ),
    "Flag --scheduler must name a scheduler that answers": (
        "train",
        "--over=network.units=1",
        "--seeds=0:1",
        "--scheduler=127.0.0.1:9",
    ),
}


@pytest.mark.parametrize("message", MISTAKES)
def test_mistake_is_one_line(message, tmp_path, monkeypatch):
    import trainers.sweep.__main__ as command
    from qtf import cluster
    from trainers.sweep import sweep

    monkeypatch.setattr(cluster, "CONNECTION_SECONDS", 0.2)
    monkeypatch.setitem(sweep.TRAINERS, "train", (COUNTER, "loss"))
    words = command.take_words(argv := ["qtf-sweep", *MISTAKES[message], f"--out_dir={tmp_path}"])
    with flagsaver.flagsaver():
        for name in ("over", "seeds", "scheduler"):
            flags.FLAGS[name].unparse()
        flags.FLAGS(argv)
        monkeypatch.chdir(ROOT)
        with pytest.raises(ValueError, match=re.escape(message)):
            command._main(words)


def test_folder_of_another_sweep_is_refused(tmp_path):
    from trainers.sweep.sweep import Sweep
    from trainers.sweep.trials import make_trials

    folder, trials = SweepFolder(tmp_path), make_trials([], "0:2")
    Sweep("train", ("--config=a",), trials, folder, cwd=".").record()
    # More seeds are welcome.
    Sweep("train", ("--config=a",), make_trials([], "0:3"), folder, cwd=".").record()
    with pytest.raises(ValueError, match=r"holds a sweep with the flags \['--config=a'\]"):
        Sweep("train", ("--config=b",), trials, folder, cwd=".").record()
