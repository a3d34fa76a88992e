"""The commands of data_gen in fresh processes, as a user runs them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import preloaded

ROOT = Path(__file__).parents[2]
SMALL = "configs/data/small.py"
# Many small files, so that a run can be stopped between any two of them.
MANY = ["--config.n_sites=(5,)", "--config.min_shards=40", "--config.n_trajectories.train=(500,)"]
FEW = ["--config.n_sites=(2,3)", "--config.n_trajectories.train=(9,)", "--config.n_steps=10"]
INTERRUPTED = 130


def _command(name, *flags):
    return [sys.executable, "-m", f"data_gen.{name}", *map(str, flags)]


def _generate(out_dir, *flags, config=SMALL):
    return _command("generate", f"--config={config}", f"--out_dir={out_dir}", *flags)


def _run(command, run=preloaded.run, **options):
    return run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False, **options
    )


def _content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _start_and_wait_for_shards(out_dir, *flags):
    process = preloaded.Popen(
        _generate(out_dir, *flags), cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    journal = out_dir / ".journal.jsonl"
    # The first line holds the settings, every other one a finished file.
    while not journal.exists() or journal.read_text().count("\n") < 3:
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.002)
    return process


def _children(process):
    found = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(pid) for pid in found.split()]


def _wait_until_gone(pids):
    deadline = time.monotonic() + 10
    while any(_is_running(pid) for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _assert_one_line(done, *parts, code=1):
    assert done.returncode == code, done.stderr
    lines = [line for line in done.stderr.splitlines() if "error:" in line]
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert all(part in lines[0] for part in parts), lines[0]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "data"
    done = _run(_generate(folder, *MANY, "--workers=1"))
    assert done.returncode == 0, done.stderr
    return folder


def test_bytes_do_not_depend_on_the_number_of_workers(tmp_path, uninterrupted):
    assert _run(_generate(tmp_path / "d", *MANY, "--workers=3")).returncode == 0
    assert _content(tmp_path / "d") == _content(uninterrupted)


def test_killed_run_continues_and_gives_the_same_bytes(tmp_path, uninterrupted):
    folder = tmp_path / "d"
    process = _start_and_wait_for_shards(folder, *MANY, "--workers=2")
    workers = _children(process)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    _wait_until_gone(workers)
    finished = {path: path.stat().st_mtime_ns for path in folder.glob("*.tfrecord")}
    assert not (folder / "manifest.json").exists()
    journal = (folder / ".journal.jsonl").read_text()
    done = _run(_generate(folder, *MANY, "--workers=2"))
    assert done.returncode == 0, done.stderr
    assert _content(folder) == _content(uninterrupted)
    kept = [path for path in finished if f'"{path.name}"' in journal]
    assert kept
    assert all(path.stat().st_mtime_ns == finished[path] for path in kept)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_interrupted_run_ends_cleanly_and_continues(tmp_path, uninterrupted, number):
    folder = tmp_path / "d"
    process = _start_and_wait_for_shards(folder, *MANY, "--workers=2")
    workers = _children(process)
    process.send_signal(number)
    _, text = process.communicate(timeout=30)
    assert process.returncode == INTERRUPTED
    assert text.splitlines()[-1].endswith("interrupted; the same command continues.")
    assert "Traceback" not in text
    _wait_until_gone(workers)
    assert [p.name for p in folder.glob(".*")] == [".journal.jsonl"]
    assert _run(_generate(folder, *MANY, "--workers=2")).returncode == 0
    assert _content(folder) == _content(uninterrupted)


def test_complete_folder_says_so(uninterrupted):
    before = _content(uninterrupted)
    done = _run(_generate(uninterrupted, *MANY))
    assert done.returncode == 0
    assert "is complete already: 120 shards" in done.stdout
    assert _content(uninterrupted) == before


def test_another_config_is_one_line_naming_the_key(uninterrupted):
    done = _run(_generate(uninterrupted, *MANY, "--config.dt=0.004"))
    _assert_one_line(done, "another config", "`dt` is 0.002 there, but 0.004 now; choose")


@pytest.mark.parametrize("flags", [(), ("--config.dtype=float64", "--config.compression=gzip")])
def test_generated_folder_is_verified(tmp_path, flags):
    assert _run(_generate(tmp_path / "d", *FEW, *flags)).returncode == 0
    done = _run(_command("verify", f"--data_dir={tmp_path / 'd'}"))
    assert done.returncode == 0, done.stderr
    assert "0 problems" in done.stdout


def test_damaged_folder_is_not_verified(tmp_path):
    assert _run(_generate(tmp_path / "d", *FEW)).returncode == 0
    path = tmp_path / "d" / "train-n03-00001-of-00002.tfrecord"
    content = bytearray(path.read_bytes())
    content[-9] ^= 128
    path.write_bytes(content)
    done = _run(_command("verify", f"--data_dir={tmp_path / 'd'}"))
    assert done.returncode == 1
    assert f"qtf-verify: File {path}, record 4: the checksum of its content" in done.stderr


def test_no_tensorflow_is_imported(tmp_path):
    broken = tmp_path / "tensorflow.py"
    broken.write_text("raise ImportError('TensorFlow must not be imported.')")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    for command in (
        _generate(tmp_path / "d", *FEW),
        _command("verify", f"--data_dir={tmp_path / 'd'}"),
    ):
        done = _run(command, subprocess.run, env=environment)
        assert done.returncode == 0, done.stderr


def test_full_disk_is_one_line_and_leaves_nothing_half_written(tmp_path):
    # No file may grow beyond 20 kB: writing fails as on a full disk.
    command = ["prlimit", "--fsize=20000", *_generate(tmp_path / "d", *MANY, "--workers=2")]
    done = _run(command, subprocess.run)
    _assert_one_line(done, "File too large")
    assert [path.name for path in (tmp_path / "d").iterdir()] == [".journal.jsonl"]


@pytest.mark.parametrize("place", ["file/d", "file"])
def test_unusable_folder_is_one_line(tmp_path, place):
    (tmp_path / "file").write_text("")
    _assert_one_line(_run(_generate(tmp_path / place, *FEW)), str(tmp_path / place))


def test_foreign_folder_is_one_line(tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    _assert_one_line(_run(_generate(tmp_path, *FEW)), "thesis.tex")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize(
    ("flag", "part"),
    [
        ("--config.n_sites=(0,)", "`n_sites`"),
        ("--config.dt=-1.0", "`dt`"),
        ("--config.n_trajectories.train=(0,)", "`n_trajectories.train`"),
        ("--config.hamiltonian.name=icing", "icing"),
    ],
)
def test_wrong_value_is_one_line_before_a_folder_is_made(tmp_path, flag, part):
    _assert_one_line(_run(_generate(tmp_path / "d", flag)), part)
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize(
    ("flag", "part"),
    [("--config.n_step=3", "n_step"), ("--workers=0", "workers"), ("--config.dt=x", "dt")],
)
def test_wrong_flag_is_one_line(tmp_path, flag, part):
    _assert_one_line(_run(_generate(tmp_path / "d", flag)), part, code=2)


def test_unknown_key_of_a_config_file_is_one_line(tmp_path):
    config = tmp_path / "config.py"
    written = (ROOT / SMALL).read_text().replace("config.n_steps =", "config.n_stesp =")
    config.write_text(written)
    done = _run(_generate(tmp_path / "d", config=config))
    assert done.returncode == 2
    message = 'Unknown configuration key `n_stesp`. Did you mean "n_steps" instead of "n_stesp"?'
    assert done.stderr == f"qtf-generate: error: {message}\n"
    config.write_text(written.replace("Settings())", "Settings()).unlock()"))
    done = _run(_generate(tmp_path / "d", config=config))
    _assert_one_line(done, "unknown key `n_stesp`. Did you mean `n_steps`?")


def test_missing_config_file_is_one_line(tmp_path):
    done = _run(_generate(tmp_path / "d", config="configs/data/absent.py"))
    _assert_one_line(done, "absent.py does not exist; did you mean configs/data/", code=2)


def test_verifying_an_empty_folder_is_one_line(tmp_path):
    _assert_one_line(_run(_command("verify", f"--data_dir={tmp_path}")), "manifest.json is missing")


@pytest.mark.parametrize("config", ["ising", "paper", "demo", "small"])
def test_every_config_is_accepted(tmp_path, config):
    flags = ["--config.n_trajectories.train=(2,)", "--config.n_trajectories.test=(1,)"]
    flags += ["--config.n_trajectories.validation=(1,)", "--config.n_sites=(2,)"]
    done = _run(_generate(tmp_path / "d", *flags, config=f"configs/data/{config}.py"))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["generate", "verify"])
def test_help_is_quick(name):
    begin = time.monotonic()
    done = _run(_command(name, "--help"))
    assert f"data_gen.{name}" in done.stdout
    # numpy alone takes longer to import than the flags take to be parsed.
    assert time.monotonic() - begin < 3


def test_killed_worker_is_one_line(tmp_path):
    process = _start_and_wait_for_shards(tmp_path / "d", *MANY, "--workers=2")
    for pid in _children(process):
        if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGKILL)
    _, text = process.communicate(timeout=30)
    done = subprocess.CompletedProcess([], process.returncode, "", text)
    _assert_one_line(done, "A worker process was killed", "the same command continues")
