"""The command `qtf`: its parts, its help, and how fast it answers."""

import importlib.util
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

import qtf
from commands.__main__ import help_text, main
from commands.table import COMMANDS

ROOT = Path(__file__).parents[2]
SCRIPT = "import sys; from commands.__main__ import main; sys.argv[0] = 'qtf'; main()"


def run(*words, **options):
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        **options,
    )


@pytest.fixture
def say(capsys, monkeypatch):
    """Function of words: exit code, standard output and standard error of `qtf`."""

    def answer(*words):
        monkeypatch.setattr(sys, "argv", ["qtf", *words])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code
        return code, *capsys.readouterr()

    return answer


def test_every_part_has_its_module_and_its_old_name():
    scripts = dict(re.findall(r'"qtf-(\S+) = (\S+):main"', (ROOT / "setup.py").read_text()))
    for name, command in COMMANDS.items():
        assert importlib.util.find_spec(command.module), name
        assert not command.folder or (ROOT / "configs" / command.folder).is_dir()
        if not command.module.startswith("commands."):
            assert scripts.pop(name) == command.module
    assert not scripts


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"]])
def test_help_lists_the_parts(say, words):
    code, out, err = say(*words)
    assert (code, out, err) == (0, f"{help_text()}\n", "")
    for name, command in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(command.summary)}$", out, re.MULTILINE)


def test_the_version_is_that_of_the_package(say):
    assert say("--version") == (0, f"qtf {qtf.__version__}\n", "")


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("trian", "did you mean `train`?"),
        ("ground_state", "did you mean `ground-state`?"),
        ("zzz", "`qtf --help` lists all."),
    ],
)
def test_an_unknown_part_names_the_nearest(say, word, meant):
    assert say(word) == (2, "", f"qtf: error: Unknown command `{word}`; {meant}\n")


def test_a_part_is_called_as_it_was_typed(tmp_path):
    done = run("train", "--config=demo", "--workdir=W", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == (
        'qtf train: error: Flag --data_dir is needed when `data.source` is "files".\n'
    )
    done = run("ground-state", "--config=ising_square", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        "qtf ground-state: error: Flag --workdir must have a value other than None. See"
        " qtf ground-state -h; for example: qtf ground-state --config=ising_square --workdir=RUN\n"
    )


def test_help_of_a_part_is_its_own(tmp_path):
    done = run("train", "--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "    qtf train --config=increment --data_dir=DATA --workdir=RUN\n" in done.stdout
    assert "\n  --init_from\n" in done.stdout
    assert "--rest_api_port" not in done.stdout


def processor_seconds(*arguments):
    """Shortest of three: other work on the machine makes it longer, never shorter."""
    times = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


def test_importing_qtf_and_its_help_are_quick():
    start = processor_seconds("-c", "pass")
    assert processor_seconds("-c", "import qtf") - start < 0.1
    assert processor_seconds("-m", "commands", "--help") < 0.3


def test_help_imports_nothing_heavy():
    program = SCRIPT.replace("main()", "main(); print(*sys.modules)")
    done = subprocess.run(
        [sys.executable, "-c", program, "--help"], cwd=ROOT, capture_output=True, text=True
    )
    heavy = {"numpy", "scipy", "absl", "ml_collections", "keras", "tensorflow"}
    assert heavy.isdisjoint(done.stdout.splitlines()[-1].split()), done.stderr
