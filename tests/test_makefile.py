import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# A Python that takes itself for another version, as far as `-c PROGRAM` asks.
OTHER = f"""#!/bin/sh
exec {sys.executable} -c 'import sys; sys.version_info = (3, VERSION, 4); exec(sys.argv[1])' "$2"
"""


@pytest.mark.parametrize("target", ["demo", "test"])
@pytest.mark.parametrize("version", [10, 14])
def test_a_python_without_tensorflow_is_told_before_anything_is_installed(
    tmp_path, target, version
):
    for name in ("Makefile", "setup.py", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    python = tmp_path / "python"
    python.write_text(OTHER.replace("VERSION", str(version)))
    python.chmod(0o755)
    # The make that may run the tests must not speak with this one.
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", target, f"PYTHON={python}"]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 2
    first, *rest = done.stderr.splitlines()
    assert first == (
        f"{python} is Python 3.{version}, but qtf needs 3.11, 3.12 or 3.13; name one:"
        f" make {target} PYTHON=python3.12"
    )
    assert all(line.startswith("make: ***") for line in rest)
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize(
    ("target", "extras"),
    [
        ("demo", "data,train,serve"),
        ("samplers", "data,train,serve,probability"),
        ("test", "test"),
    ],
)
def test_a_target_installs_what_it_needs_and_no_more(tmp_path, target, extras):
    for name in ("Makefile", "setup.py", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", "--dry-run", target]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    # Of what make would call again, too.
    installed = [line for line in done.stdout.splitlines() if "pip install" in line]
    assert {line.partition("-c constraints.txt ")[2] for line in installed} == {f"-e '.[{extras}]'"}


def test_a_release_without_a_version_is_told_before_anything_is_made(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    env.pop("VERSION", None)
    done = subprocess.run(
        ["make", "release"], cwd=tmp_path, env=env, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.startswith("Say which: make release VERSION=1.0.0\n")
    assert [path.name for path in tmp_path.iterdir()] == ["Makefile"]
