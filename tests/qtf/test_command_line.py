import importlib.util
import json
import os
import signal
import subprocess
import sys
import time

import pytest

PROGRAM = """
'''Does something.

    python -m test --what=x \\
        --size=3
'''
import os, signal, time
from absl import flags
from qtf.command_line import run_command
SIZE = flags.DEFINE_integer("size", 1, "A size.", lower_bound=1)
RATE = flags.DEFINE_float("rate", 1.0, "A rate.")
REALLY = flags.DEFINE_boolean("really", False, "Whether.")
WHAT = flags.DEFINE_string("what", None, "What to do.")
def main():
    if WHAT.value == "mistake":
        raise ValueError("Argument `dt` must be positive,\\n but is -1.")
    if WHAT.value == "nan":
        raise FloatingPointError("The loss is nan.")
    if WHAT.value == "missing":
        open("/nowhere/at/all")
    if WHAT.value == "folder":
        open("/")
    if WHAT.value == "defect":
        raise RuntimeError("a defect")
    if WHAT.value == "wait":
        print("ready", flush=True)
        time.sleep(60)
    if WHAT.value == "environment":
        print(os.environ["KERAS_BACKEND"], os.path.isdir(os.environ["KERAS_HOME"]))
    if WHAT.value == "keras":
        import keras
        config = keras.config
        print(config.backend(), config.floatx(), config.epsilon(), config.image_data_format())
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
        (["--what=missing"], 1, "There is no file /nowhere/at/all."),
        (["--what=folder"], 1, "File / cannot be used: Is a directory."),
        (["--what=x", "stray"], 1, "Unknown argument `stray`; every argument is a --flag."),
        ([], 2, "Flag --what must have a value other than None."),
        (["--what=x", "--siez=3"], 2, "Unknown command line flag 'siez'"),
        (["--what=x", "--size=0"], 2, "flag --size=0"),
        (["--what=x", "--size=a"], 2, "flag --size=a: must be an integer."),
        (["--what=x", "--rate=a"], 2, "flag --rate=a: must be a number."),
        (["--what=x", "--really=a"], 2, "flag --really=a: must be true or false."),
        (["--what="], 2, "Flag --what must not be empty."),
        ([], 2, "See qtf-test -h; for example: qtf-test --what=x --size=3"),
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


@pytest.mark.parametrize("backend", ["jax", "torch", "nonsense"])
def test_keras_is_told_its_backend_and_no_folder(tmp_path, backend):
    code, out, _ = run("--what=environment", KERAS_BACKEND=backend, KERAS_HOME=str(tmp_path))
    assert (code, out) == (0, "tensorflow False\n")


def test_what_a_user_has_set_for_keras_changes_nothing_and_keras_leaves_nothing(tmp_path):
    # The variable and the file ask for different backends.
    settings = {
        "backend": "torch",
        "floatx": "float16",
        "epsilon": 0.1,
        "image_data_format": "channels_first",
    }
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "keras.json").write_text(json.dumps(settings))
    changed = {"HOME": str(tmp_path), "KERAS_HOME": str(theirs), "KERAS_BACKEND": "jax"}
    code, out, err = run("--what=keras", TF_CPP_MIN_LOG_LEVEL="3", **changed)
    assert code == 0, err
    assert out == "tensorflow float32 1e-07 channels_last\n"
    assert not (tmp_path / ".keras").exists()


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


@pytest.mark.parametrize("word", ["-h", "--help", "-help", "--helpshort", "--helpfull"])
def test_help_is_no_mistake(word):
    code, out, err = run(word)
    assert (code, err) == (0, "")
    assert "--size" in out


COMMANDS = {
    "data_gen.generate": "--workers",
    "data_gen.verify": "--n_samples",
    "trainers.compare_samplers": "--n_chains",
    "trainers.dynamics": "--init_from",
    "trainers.evaluate": "--n_samples",
    "trainers.ground_state": "--profile",
    "trainers.export": "--average_with",
    "trainers.open_system": "--profile",
    "trainers.trajectories": "--burn_in",
    "serving.predict": "--certificate",
    "serving.server": "--rest_api_port",
}


@pytest.mark.parametrize("module", COMMANDS)
def test_help_of_an_installed_command_tells_what_it_does(module):
    # As the scripts do that pip installs, whose own docstring is empty.
    is_folder = importlib.util.find_spec(module).submodule_search_locations is not None
    place = f"{module}.__main__" if is_folder else module
    program = f"import sys; from {place} import main; sys.argv = ['x', '-h']; main()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"python -m {module} " in done.stdout
    assert f"\n  {COMMANDS[module]}\n" in done.stdout


def test_a_setting_before_its_configuration_is_told():
    command = [sys.executable, "-m", "trainers.ground_state", "--config.training.seed=3"]
    done = subprocess.run([*command, "--workdir=/tmp/x"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "Flag --config must name a configuration before --config.training.seed" in done.stderr


def test_a_section_that_is_given_a_value_is_told():
    flags = ["--config=configs/data/small.py", "--config.n_trajectories=3", "--out_dir=/tmp/x"]
    command = [sys.executable, "-m", "data_gen.generate", *flags]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "flag --config.n_trajectories=3: is a section; set the keys in it" in done.stderr
