"""What pip installs: the wheel alone and with each extra, in an environment of its own."""

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest

from commands.table import COMMANDS

ROOT = Path(__file__).parents[2]
PACKAGES = ("commands", "qtf", "data_gen", "trainers", "serving")
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
MOST_BYTES = 250e6
ASK_FOR_A_GROUND_STATE = """
import qtf
from qtf.physics import Chain, ising
qtf.find_ground_state(ising(Chain(4)), preset="quick", workdir="N")
"""
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
def elsewhere(tmp_path_factory):
    """The empty folder in which all commands run, so that one finds what another has written."""
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture
def installed(wheel, elsewhere, tmp_path):
    """Function of the name of an extra: its environment, which is gone after the test."""

    def install(extra, *options):
        venv.create(tmp_path / "env", with_pip=False)
        python = str(tmp_path / "env/bin/python")
        package = f"qtf[{extra}] @ {wheel.as_uri()}"
        further = ["-c", str(ROOT / "constraints.txt"), *options, package]
        subprocess.run([*PIP, "--python", python, "install", *further], check=True)
        return Environment(tmp_path / "env", elsewhere)

    yield install
    shutil.rmtree(tmp_path / "env", ignore_errors=True)


class Environment:
    """An environment with qtf, and a folder to run it in."""

    def __init__(self, path, folder):
        self.path, self.folder = path, folder

    def start(self, *words, **options):
        environment = {name: x for name, x in os.environ.items() if name != "PYTHONPATH"}
        command = [str(self.path / "bin" / words[0]), *words[1:]]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def run(self, *words):
        """Returns exit code, standard output and standard error."""
        process = self.start(*words)
        out, err = process.communicate()
        return process.returncode, out, err

    def output(self, *words):
        code, out, err = self.run(*words)
        assert code == 0, err
        return out

    def modules(self):
        """Returns the names of what is installed."""
        return {path.name for path in self.packages.iterdir()}

    @property
    def packages(self):
        return next(self.path.glob("lib/python3*/site-packages"))


def test_the_wheel_holds_every_file_of_its_packages_and_nothing_else(wheel):
    expected = set()
    for name in (*PACKAGES, "configs"):
        for path in (ROOT / name).rglob("*"):
            inner = path.relative_to(ROOT)
            if path.is_file() and "__pycache__" not in path.parts:
                expected.add(str("qtf" / inner if name == "configs" else inner))
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == expected
    (metadata,) = [name for name in zipfile.ZipFile(wheel).namelist() if name.endswith("/METADATA")]
    text = zipfile.ZipFile(wheel).read(metadata).decode()
    versions = re.search(r"^Requires-Python: (.+)$", text, re.MULTILINE)[1]
    assert {*versions.split(",")} == {">=3.11", "<3.14"}


def test_the_core_is_small_learns_hamiltonians_and_names_the_extra_of_the_rest(installed, tmp_path):
    core = installed("")
    np.save(tmp_path / "a.npy", np.full((20, 3, 4), 0.5))
    assert {"keras", "tensorflow", "matplotlib", "tfrecord"}.isdisjoint(core.modules())
    size = sum(path.lstat().st_blocks * 512 for path in core.packages.rglob("*"))
    assert size < MOST_BYTES
    assert seconds_of(core, "python", "-c", "import qtf") < 0.1
    assert seconds_of(core, "qtf", "--help") < 0.3
    fit = core.output("python", str(ROOT / "tests/learned_hamiltonian.py"))
    assert fit.startswith("XXZ chain with coupling 1.000000000 +- ")
    assert "ising_square:SIDE,FIELD" in core.output("qtf", "configs")
    assert "lattice_and_flip" in core.output(
        "qtf", "ground-state", "--config=ising_square", "--print_config"
    )
    for name, command in COMMANDS.items():
        assert core.output("qtf", name, "--help")
        if not command.module.startswith("commands."):
            assert (core.path / "bin" / f"qtf-{name}").is_file()
    for words, extra in (
        (("generate", "--config=small", "--out_dir=N"), "data"),
        (("import", f"{tmp_path}/a.npy", "--dt=1", "--out_dir=N"), "data"),
        (("ground-state", "--config=ising_square", "--workdir=N"), "train"),
        (("evaluate", "--workdir=N", "--out_dir=N"), "train"),
        (("serve", "--model_base_path=N"), "serve"),
        (("python", "-c", "import qtf.ground_states.wave_function"), "train"),
        (("python", "-c", ASK_FOR_A_GROUND_STATE), "train"),
    ):
        code, out, err = core.run(*(words if words[0] == "python" else ("qtf", *words)))
        assert (code, out) == (1, "")
        assert err.splitlines()[-1].endswith(f"it comes with pip install 'qtf[{extra}]'."), err
        assert words[0] == "python" or err.count("\n") == 1
    assert not list(core.folder.iterdir())


def seconds_of(environment, *words):
    """Returns the shortest of three, in seconds of the processor: other work makes it longer."""
    times = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        environment.output(*words)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


FEW = [f"--config.n_trajectories.{split}=(4,)" for split in ("train", "validation", "test")]
GENERATE = ("qtf", "generate", "--config=small", "--workers=1", *FEW)


@pytest.fixture
def data(elsewhere, installed):
    """A folder of trajectories, written where only the extra `data` is installed."""
    if not (elsewhere / "D").exists():
        environment = installed("data")
        environment.output(*GENERATE, "--out_dir=D")
        assert "18 files" in environment.output("qtf-verify", "--data_dir=D")
        shutil.rmtree(environment.path)
    return elsewhere / "D"


def test_data_is_written_and_verified(data):
    assert (data / "manifest.json").is_file()


@pytest.mark.install
def test_data_is_written_by_workers_of_dask(installed, data):
    environment = installed("dask")
    environment.output(*GENERATE, "--out_dir=D2", "--dask_scheduler=local")
    for path in data.glob("*.tfrecord"):
        assert (data.parent / "D2" / path.name).read_bytes() == path.read_bytes()


SHORT = ["--config.training.n_epochs=1", "--config.training.steps_per_epoch=2"]
SMALL_NETWORK = [
    "--config=demo",
    "--config.model.units=16",
    "--config.model.n_max=4",
    "--config.data.n_sites=(2,3)",
    "--config.data.weights=()",
    "--config.data.batch_size=2",
    "--config.data.n_validation=4",
    "--config.data.n_rollouts=4",
    "--config.training.xla=False",
    *SHORT,
]


@pytest.fixture
def runs(installed, data, elsewhere):
    """The folder of the runs of all trainings, and of what follows, by the extra `train` alone."""
    if not (elsewhere / "M").exists():
        environment = installed("train", "--no-compile")
        for words in (
            ("train", *SMALL_NETWORK, "--data_dir=D", "--workdir=N"),
            ("train", "--config=local_generator", "--workdir=L"),
            ("evaluate", "--workdir=N", "--data_dir=D", "--out_dir=R", "--n_steps=20"),
            ("ground-state", "--config=ising_square:3,3.0", "--workdir=G", *SHORT),
            ("open-system", "--config=heisenberg_chain:3", "--workdir=O", *SHORT),
            ("export", "--workdir=L", "--model_dir=M", "--n_sites=2"),
        ):
            environment.output("qtf", *words)
        shutil.rmtree(environment.path)
    return elsewhere


def test_models_are_trained_evaluated_and_exported(runs):
    assert (runs / "R/report.html").is_file()
    assert (runs / "M/1/saved_model.pb").is_file()
    assert list((runs / "N/tensorboard").rglob("events*"))
    # Of the installed package, which lies in no clone.
    (start,) = json.loads((runs / "G/run.json").read_text())["starts"]
    assert start["git_revision"] is None


@pytest.mark.install
def test_models_are_served_and_asked(installed, runs):
    environment = installed("serve", "--no-compile")
    server = environment.start(
        "qtf", "serve", "--port=0", "--rest_api_port=0", "--model_base_path=M"
    )
    line = server.stdout.readline()
    try:
        ready = re.match(r"qtf serve: ready, gRPC (\S+), REST (\S+)\n", line)
        for address in ready.groups():
            asked = ["--model_name=default", "--state=neel:2", "--n_steps=5", "--plot=out.png"]
            table = environment.output("qtf", "predict", f"--address={address}", *asked)
            assert "magnet" in table
    finally:
        server.terminate()
        _, err = server.communicate()
    assert server.returncode == 0, (line, err)
    assert (runs / "out.png").stat().st_size > 1000


@pytest.mark.install
def test_samplers_are_compared_by_probability(installed, runs):
    environment = installed("probability", "--no-compile")
    words = ("--workdir=C", "--run=G", "--n_steps=0", "--n_kept=20")
    environment.output("qtf", "compare-samplers", *words)
    assert (runs / "C/modes.png").is_file()


@pytest.mark.install
def test_jax_trains_where_tensorflow_is_not_installed(installed):
    environment = installed("jax", "--no-compile")
    assert "tensorflow" not in environment.modules()
    words = ("--backend=jax", "--config=ising_square:2,3.0", "--workdir=J", *SHORT)
    assert "Energy: " in environment.output("qtf", "ground-state", *words)


@pytest.mark.install
def test_versions_with_the_libraries_of_cuda_fit_together(wheel, tmp_path):
    venv.create(tmp_path, with_pip=False)
    words = ["--python", str(tmp_path / "bin/python"), "install", "--dry-run"]
    requirements = ["-c", str(ROOT / "constraints.txt"), f"qtf[gpu] @ {wheel.as_uri()}"]
    pip = [word for word in PIP if word != "--quiet"]
    done = subprocess.run([*pip, *words, *requirements], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for package in ("nvidia-cudnn-cu12", "tensorflow", "keras", "tensorboard"):
        assert f" {package}-" in done.stdout.splitlines()[-1]
