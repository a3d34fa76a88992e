"""Wheel and sdist, the bill of materials in the form of CycloneDX, and their checksums."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from release.versions import ROOT, current

CONSTRAINTS = "constraints.txt"
# What a bill of materials says of qtf itself; the tool reads it from a file of this form.
_PROJECT = """[project]
name = "qtf"
version = "{version}"
description = "Quantum many-body physics with TensorFlow and Keras"
license = "Apache-2.0"
"""


def build(folder: Path, root: Path = ROOT) -> list[Path]:
    """Builds sdist, wheel and bill of materials, and writes their checksums beside them.

    The wheel is built from the sdist, which so is known to hold all that it takes.

    Args:
        folder: Folder that gets them; other files of the same version there are replaced.
        root: Root of the clone.

    Returns:
        The files.

    Raises:
        RuntimeError: A tool has failed.
    """
    version = current(root)
    with tempfile.TemporaryDirectory() as scratch:
        built = Path(scratch)
        _run("build", "--no-isolation", f"--outdir={built}", str(root))
        _write_bill(built / f"qtf-{version}.cdx.json", version, root)
        folder.mkdir(parents=True, exist_ok=True)
        files = [Path(shutil.copy(path, folder)) for path in sorted(built.iterdir())]
    sums = folder / "SHA256SUMS"
    sums.write_text("".join(f"{_digest(path)}  {path.name}\n" for path in files))
    return [*files, sums]


def pinned(constraints: str) -> list[tuple[str, str]]:
    r"""Returns name and version of every pin of a file of constraints, whatever Python it is for.

    Example:
        >>> pinned("# Tested.\nabsl-py==2.5.1\nnumpy==2.4.6; python_version < '3.12'\n")
        [('absl-py', '2.5.1'), ('numpy', '2.4.6')]
    """
    return re.findall(r"^([\w.-]+)==([^\s;]+)", constraints, re.MULTILINE)


def _write_bill(path: Path, version: str, root: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch) / "pyproject.toml"
        project.write_text(_PROJECT.format(version=version))
        _run(
            *("cyclonedx_py", "requirements", str(root / CONSTRAINTS)),
            *(f"--pyproject={project}", "--mc-type=library", "--output-reproducible"),
            *("--output-format=JSON", f"--output-file={path}"),
        )
    components = json.loads(path.read_text())["components"]
    listed = {(each["name"], each["version"]) for each in components}
    missing = set(pinned((root / CONSTRAINTS).read_text())) - listed
    if missing:
        raise RuntimeError(f"The bill of materials lacks {', '.join(map(' '.join, missing))}.")


def _run(module: str, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        capture_output=True,
        text=True,
        check=False,
        # Modules of the clone must not stand in for those of the tools.
        cwd=tempfile.gettempdir(),
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )
    if done.returncode != 0:
        raise RuntimeError(f"{module} has failed:\n{done.stdout}{done.stderr}")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
