import importlib.util
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from qtf.extras import (
    EXTRA_OF,
    ExtrasFinder,
    MissingExtraError,
    check_installed,
    missing_extra,
    name_missing_extras,
)

ROOT = Path(__file__).parents[2]
# Hides packages from the machinery of imports, as if they were not installed.
HIDE = """
import sys
from importlib.machinery import PathFinder
class Hiding:
    @staticmethod
    def find_spec(name, path=None, target=None):
        hidden = name.partition(".")[0] in {hidden}
        return None if hidden else PathFinder.find_spec(name, path, target)
sys.meta_path[sys.meta_path.index(PathFinder)] = Hiding
"""


def run_without(hidden, program, *arguments):
    return subprocess.run(
        [sys.executable, "-c", HIDE.format(hidden=set(hidden)) + program, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def extras():
    """Extra -> names of the distributions that `setup.py` asks for."""
    names = {}
    setup = (ROOT / "setup.py").read_text().replace("setup(\n", "dict(\n")
    content = re.sub(r"\ndict\(\n", "\narguments = dict(\n", setup)
    scope = {"__file__": str(ROOT / "setup.py")}
    exec(content, scope)
    for extra, requirements in scope["arguments"]["extras_require"].items():
        names[extra] = {normal(re.split(r"[\[><]", text)[0]) for text in requirements}
    return names


def normal(name):
    return re.sub("[-_.]+", "-", name).lower()


def test_every_extra_brings_the_packages_that_are_said_to_come_with_it(extras):
    distributions = packages_distributions()
    for module, extra in EXTRA_OF.items():
        # These two come with what others ask for.
        if module not in ("google", "distributed"):
            assert {normal(name) for name in distributions[module]} & extras[extra], module
    assert extras["all"] == set.union(
        *(extras[name] for name in ("data", "train", "serve", "probability", "jax", "dask"))
    )


def test_a_package_of_no_extra_is_none_of_ours():
    assert missing_extra("numpy", "qtf") is None
    assert missing_extra(None, "qtf") is None


@pytest.mark.parametrize(
    ("module", "room", "words"),
    [
        (
            "tensorflow",
            "trainers",
            "The package `tensorflow` is not .* with pip install 'qtf.train",
        ),
        ("tensorflow", "serving", "The package `tensorflow` is .* install 'qtf.serve.'"),
        ("google.protobuf", "serving", "The package `protobuf` is not .* install 'qtf.serve.'"),
        ("tfrecord.writer", "data_gen", "The package `tfrecord` is not .* 'qtf.data.'"),
    ],
)
def test_a_missing_package_names_the_extra(module, room, words):
    assert re.match(words, missing_extra(module, room))


def test_a_package_that_is_needed_later_is_looked_for_now(monkeypatch):
    check_installed("tfrecord", "data_gen")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"`tfrecord` is not .* 'qtf\[data\]'"):
        check_installed("tfrecord", "data_gen")


def test_imports_of_the_library_name_the_extra_and_those_of_others_are_left_alone():
    program = """
import importlib.util
from qtf.extras import MissingExtraError
try:
    from qtf.layers import SRU
except MissingExtraError as error:
    print(error, error.name)
try:
    import keras
except MissingExtraError:
    print("told where nothing of ours has asked")
except ModuleNotFoundError as error:
    print(error)
print(importlib.util.find_spec("keras"))
"""
    done = run_without(["keras"], program)
    assert done.stdout.splitlines() == [
        "The package `keras` is not installed; it comes with pip install 'qtf[train]'. keras",
        "No module named 'keras'",
        "None",
    ], done.stderr


def test_a_command_without_its_extra_says_so_in_one_line(tmp_path):
    program = """
import sys
from commands.__main__ import main
sys.argv[0] = "qtf"
main()
"""
    for command, package, extra in (
        (
            ["ground-state", "--config=ising_square", f"--workdir={tmp_path}/W"],
            "tensorflow",
            "train",
        ),
        (["generate", "--config=small", f"--out_dir={tmp_path / 'D'}"], "tfrecord", "data"),
        (["serve", "--model_base_path=M"], "protobuf", "serve"),
    ):
        done = run_without(["tensorflow", "tfrecord", "google"], program, *command)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            f"qtf {command[0]}: error: The package `{package}` is not installed; it comes with"
            f" pip install 'qtf[{extra}]'.\n"
        )
    assert not list(tmp_path.iterdir())


def test_the_finder_is_added_once():
    name_missing_extras()
    name_missing_extras()
    assert sum(isinstance(finder, ExtrasFinder) for finder in sys.meta_path) == 1


def test_hamiltonians_are_learned_without_keras_and_tensorflow():
    hidden = ["keras", "tensorflow", "h5py", "crc32c", "matplotlib", "jax"]
    done = run_without(hidden, (ROOT / "tests/learned_hamiltonian.py").read_text())
    assert done.stdout.startswith("XXZ chain"), done.stderr
    assert done.returncode == 0, done.stderr
