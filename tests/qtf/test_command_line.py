import os
import signal
import subprocess
import sys
import time

import pytest

PROGRAM = """
import os, signal, time
from absl import flags
from qtf.command_line import run_command
SIZE = flags.DEFINE_integer("size", 1, "A size.", lower_bound=1)
WHAT = flags.DEFINE_string("what", None, "What to do.")
def main():
    if WHAT.value == "mistake":
        raise ValueError("Argument `dt` must be positive,\\n but is -1.")
    if WHAT.value == "nan":
        raise FloatingPointError("The loss is nan.")
    if WHAT.value == "missing":
        open("/nowhere/at/all")
    if WHAT.value == "defect":
        raise RuntimeError("a defect")
    if WHAT.value == "wait":
        print("ready", flush=True)
        time.sleep(60)
    return 7 if WHAT.value == "seven" else None
flags.mark_flags_as_required(["what"])
run_command("qtf-test", main)
"""


def start(*arguments, **environment):
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


def run(*arguments, **environment):
    process = start(*arguments, **environment)
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["--what=mistake"], 1, "Argument `dt` must be positive, but is -1."),
        (["--what=nan"], 1, "The loss is nan."),
        (["--what=missing"], 1, "[Errno 2] No such file or directory: '/nowhere/at/all'"),
        (["--what=x", "stray"], 1, "Unknown argument `stray`; every argument is a --flag."),
        ([], 2, "Flag --what must have a value other than None."),
        (["--what=x", "--siez=3"], 2, "Unknown command line flag 'siez'"),
        (["--what=x", "--size=0"], 2, "flag --size=0"),
    ],
)
def test_a_mistake_is_one_line_and_a_code(arguments, code, line):
    found, out, err = run(*arguments)
    assert found == code
    assert err.startswith("qtf-test: error: ")
    assert line in err
    assert err.count("\n") == 1
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("def get_config(:", "Configuration cannot be loaded, SyntaxError"),
        ("import nowhere_at_all", "Configuration cannot be loaded, ModuleNotFoundError"),
        ("x = 1", "Configuration file must define the function get_config"),
        (
            "def get_config():\n    raise ValueError('No such chain.')",
            "Configuration cannot be loaded, ValueError: No such chain.",
        ),
    ],
)
def test_a_broken_configuration_file_is_one_line(tmp_path, content, message):
    path = tmp_path / "broken.py"
    path.write_text(content)
    command = [sys.executable, "-m", "trainers.dynamics", f"--config={path}", "--workdir=/tmp/x"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert result.stderr.startswith(f"qtf-train: error: {message}")
    assert result.stderr.count("\n") == 1


def test_success_and_exit_codes_pass_through():
    assert run("--what=x")[0] == 0
    assert run("--what=seven")[0] == 7


def test_a_defect_keeps_its_traceback():
    code, _, err = run("--what=defect")
    assert code == 1
    assert "Traceback" in err
    assert "RuntimeError: a defect" in err


def test_traceback_of_a_mistake_on_demand():
    assert "Traceback" in run("--what=mistake", QTF_TRACEBACK="1")[2]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_with_one_line(number):
    process = start("--what=wait")
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.1)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err == "qtf-test: interrupted; the same command continues.\n"


def test_help_names_the_flags():
    code, out, _ = run("--help")
    assert code in (0, 1)
    assert "--what" in out
    assert "--size" in out
