import ast
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import pytest

from qtf.checks import COUNT
from qtf.resolved_configuration import lines_of
from qtf.settings import Settings

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class InnerSettings(Settings, section="inner"):
    width: Annotated[int, COUNT] = 3
    sizes: tuple[int, ...] = (1, 2)


@dataclass(frozen=True)
class OuterSettings(Settings):
    name: str = "none"
    inner: InnerSettings = field(default_factory=InnerSettings)


@pytest.mark.parametrize(
    ("changed", "sources"),
    [
        ([], ["default", "file", "default"]),
        (["inner.width"], ["default", "flag", "default"]),
        (["inner.sizes[0]"], ["default", "file", "flag"]),
        (["name", "inner.wid"], ["flag", "file", "default"]),
        (["inner.widths"], ["default", "file", "default"]),
    ],
)
def test_every_setting_has_its_value_and_its_source(changed, sources):
    lines = lines_of(OuterSettings().changed({"inner": {"width": 7}}), changed=changed)
    assert [line.split() for line in lines] == [
        ["name", "=", "'none'", "#", sources[0]],
        ["inner.width", "=", "7", "#", sources[1]],
        ["inner.sizes", "=", "(1,", "2)", "#", sources[2]],
    ]
    assert len({line.index("=") for line in lines}) == len({line.index("#") for line in lines}) == 1


@pytest.mark.parametrize(
    ("module", "name", "further", "expected"),
    [
        ("data_gen.generate", "small", [], {"n_steps": (100, "file"), "dt": (0.002, "default")}),
        (
            "trainers.dynamics",
            "demo",
            ["--config.training.seed=3", "--config.data.window=9"],
            {
                "training.seed": (3, "flag"),
                "data.window": (9, "flag"),
                "model.units": (256, "file"),
                "exact.hamiltonian.name": ("ising", "default"),
            },
        ),
        (
            "trainers.ground_state",
            "ising_square:3,2.5",
            ["--config.physics.hamiltonian.periodic=True"],
            {
                "physics.hamiltonian.transverse_field": (2.5, "file"),
                "physics.hamiltonian.periodic": (True, "flag"),
                "reference": (None, "default"),
            },
        ),
        ("trainers.open_system", "heisenberg_chain:3", [], {"start": ("-y", "file")}),
    ],
)
def test_commands_print_their_settings_without_tensorflow_and_write_nothing(
    tmp_path, module, name, further, expected
):
    program = f"""
import runpy, sys
sys.modules["tensorflow"] = sys.modules["keras"] = sys.modules["crc32c"] = None
sys.argv[0] = "{module}"
runpy.run_module("{module}", run_name="__main__", alter_sys=True)
"""
    words = [f"--config={name}", *further, "--print_config"]
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    head, *lines = done.stdout.splitlines()
    assert head == f"# --config={name}"
    printed = {}
    for line in lines:
        key, _, rest = line.partition(" = ")
        value, _, source = rest.rpartition("#")
        printed[key.strip()] = (ast.literal_eval(value.strip()), source.strip())
    assert expected.items() <= printed.items()
    assert not list(tmp_path.iterdir())
