"""What pip installs, without the clone beside it."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests import preloaded

ROOT = Path(__file__).parents[2]
PACKAGES = ("qtf", "data_gen", "trainers", "serving")
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this tree, built without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in (*PACKAGES, "configs"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    arguments = ["--no-deps", "--no-build-isolation", f"--wheel-dir={folder}", str(source)]
    subprocess.run([*PIP, "wheel", *arguments], check=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder with the installed wheel and its scripts."""
    folder = tmp_path_factory.mktemp("site")
    subprocess.run([*PIP, "install", "--no-deps", f"--target={folder}", str(wheel)], check=True)
    return folder


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture(scope="module")
def qtf(installed, elsewhere):
    """Function of a command's name and arguments, run in a folder of its own."""

    def run(name, *arguments):
        return preloaded.run(
            [sys.executable, installed / "bin" / f"qtf-{name}", *arguments],
            cwd=elsewhere,
            env={**os.environ, "PYTHONPATH": str(installed)},
            capture_output=True,
            text=True,
        )

    return run


def test_the_wheel_holds_every_file_of_its_packages_and_nothing_else(wheel):
    expected = set()
    for name in (*PACKAGES, "configs"):
        for path in (ROOT / name).rglob("*"):
            inner = path.relative_to(ROOT)
            if path.is_file() and "__pycache__" not in path.parts:
                expected.add(str("qtf" / inner if name == "configs" else inner))
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == expected


def test_commands_run_in_an_empty_folder(qtf, elsewhere):
    few = [f"--config.n_trajectories.{split}=(4,)" for split in ("train", "validation", "test")]
    short = ["--config.training.n_epochs=1", "--config.training.steps_per_epoch=2"]
    for command in (
        ["generate", "--config=configs/data/small.py", "--out_dir=D", "--workers=1", *few],
        ["verify", "--data_dir=D"],
        ["train", "--config=configs/dynamics/local_generator.py", "--workdir=L"],
        ["evaluate", "--workdir=L", "--data_dir=D", "--out_dir=R", "--n_steps=20"],
        ["export", "--workdir=L", "--model_dir=M", "--n_sites=2"],
        ["ground-state", "--config=configs/ground_state/ising_square.py:2,3.0", "--workdir=G"],
        ["open-system", "--config=configs/open_system/heisenberg_chain.py:3", "--workdir=O"],
        ["compare-samplers", "--workdir=C", "--run=G", "--n_steps=0", "--n_kept=20"],
    ):
        further = short if command[0] in ("ground-state", "open-system") else []
        done = qtf(*command, *further)
        assert done.returncode == 0, done.stderr
    # Of the installed package, which lies in no clone.
    (start,) = json.loads((elsewhere / "G/run.json").read_text())["starts"]
    assert start["git_revision"] is None
