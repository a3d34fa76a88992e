"""The command as a user runs it, in fresh processes."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STAGES = "local_generator,increment,evaluate_increment,report"


def command(out_dir, *arguments):
    return [
        *(sys.executable, "-m", "reproduce", "--budget=tiny", f"--out_dir={out_dir}"),
        *arguments,
    ]


def run(out_dir, *arguments):
    return subprocess.run(
        command(out_dir, *arguments), cwd=ROOT, capture_output=True, text=True, check=False
    )


def terminate_during_increment(out_dir):
    process = subprocess.Popen(
        command(out_dir, f"--stages={STAGES}"),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    metrics = out_dir / "runs" / "increment" / "metrics.jsonl"
    deadline = time.monotonic() + 120
    while not metrics.exists():
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate()
    assert process.returncode == 130
    return said


@pytest.mark.long
def test_interrupted_the_training_saves_and_the_same_command_continues(tmp_path):
    assert "== local_generator, about" in terminate_during_increment(tmp_path)
    assert list((tmp_path / "runs" / "increment" / "checkpoints").glob("ckpt-*.index"))
    journal = json.loads((tmp_path / "journal.json").read_text())
    assert journal["local_generator"]["finished"] is True
    assert journal["increment"]["finished"] is False
    assert journal["increment"]["seconds"] > 1
    result = run(tmp_path, f"--stages={STAGES}")
    assert result.returncode == 0, result.stderr
    assert "== local_generator: finished already" in result.stdout
    numbers = json.loads((tmp_path / "docs" / "results.json").read_text())
    assert set(numbers) == {"increment", "local_generator", "machine", "date", "versions"}
    assert set(numbers["increment"]["n_sites"]) == {"2", "3", "4"}
    assert numbers["increment"]["steps"] == 120
    assert "falls short" in (tmp_path / "docs" / "results.md").read_text()
    assert (tmp_path / "docs" / "figures" / "results_mre_250.png").stat().st_size > 10_000
    assert run(tmp_path, f"--stages={STAGES}").stdout.count("finished already") == 4


def test_a_failing_stage_is_one_line_more_and_exit_code_1(tmp_path):
    folder = tmp_path / "runs" / "increment"
    folder.mkdir(parents=True)
    (folder / "something").write_text("not ours")
    result = run(tmp_path, "--stages=increment")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].endswith("holds files but no run; choose an empty one.")
    last = result.stdout.splitlines()[-1]
    assert last.startswith("reproduce: Stage increment ended with exit code 1")


def test_mistakes_are_one_line(tmp_path):
    for argument, code, message in (
        ("--stages=everything", 1, "Flag --stages holds 'everything'; known are local_generator,"),
        ("--budget=huge", 2, "huge"),
    ):
        result = run(tmp_path, argument)
        assert result.returncode == code
        assert result.stderr.startswith("reproduce: error: ")
        assert result.stderr.count("\n") == 1, result.stderr
        assert message in result.stderr


def ask(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "reproduce", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_sections_are_named_before_the_flags(tmp_path):
    result = ask("growth", "--list", f"--out_dir={tmp_path}")
    assert result.returncode == 0, result.stderr
    assert [line.split()[0] for line in result.stdout.splitlines()[1:]] == [
        "chain",
        "square",
        "still",
    ]


def test_mistakes_in_sections_are_one_line(tmp_path):
    for words, code, message in (
        (["grow"], 1, "reproduce grow: error: Unknown section `grow`; known are dynamics, ground_"),
        (["growth", "--budget=tiny"], 2, "reproduce growth: error: Unknown command line flag 'bud"),
        (
            ["growth", "samplers", f"--out_dir={tmp_path}"],
            1,
            "reproduce growth samplers: error: Flags --out_dir and --stages are about one section;",
        ),
    ):
        result = ask(*words)
        assert result.returncode == code
        assert result.stderr.startswith(message), result.stderr
        assert result.stderr.count("\n") == 1


def test_help_names_every_section_and_the_flags_of_the_chosen_one():
    text = ask("growth", "-h").stdout
    for word in ("dynamics", "samplers", "--stages", "--redraw", "--docs_dir", "--list"):
        assert word in text
    assert "  --budget\n" not in text
    assert "  --budget\n" in ask("-h").stdout


def test_the_list_shows_every_stage_and_starts_nothing(tmp_path):
    result = run(tmp_path / "out", "--list")
    assert result.returncode == 0
    for word in ("increment", "paper", "local_generator", "transfer_8", "times", "still to do"):
        assert word in result.stdout
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".lock"]


@pytest.mark.slow
def test_the_tiny_budget_runs_every_stage(tmp_path):
    result = run(tmp_path)
    assert result.returncode == 0, result.stderr
    numbers = json.loads((tmp_path / "docs" / "results.json").read_text())
    assert {"increment", "paper", "local_generator", "transfer_8"} <= set(numbers)
    assert set(numbers["transfer_8"]["n_sites"]) == {"5"}
    assert "6" in numbers["local_generator"]["n_sites"]
    # The one network that two minutes are enough for.
    for entry in numbers["local_generator"]["n_sites"].values():
        assert entry["mre_250"] < 1e-10
    assert len(list((tmp_path / "docs" / "figures").glob("results_*.png"))) == 10
