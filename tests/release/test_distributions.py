"""make dist: what is built, and that it installs from an empty folder."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

import qtf
from release import distributions
from release.distributions import build, pinned
from release.versions import ROOT

EXTRAS = ("", "data", "train", "serve", "probability", "gpu", "jax", "dask", "all", "docs", "test")
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]


def test_a_tool_that_fails_is_quoted(tmp_path):
    with pytest.raises(RuntimeError, match="no_such_tool has failed:\n.*No module named"):
        distributions._run("no_such_tool")


def test_a_bill_that_lacks_a_package_is_refused(tmp_path, monkeypatch):
    (tmp_path / "constraints.txt").write_text("a==1\nb==2\n")

    def write(*words):
        (path,) = [word for word in words if word.startswith("--output-file=")]
        Path(path.partition("=")[2]).write_text('{"components": [{"name": "a", "version": "1"}]}')

    monkeypatch.setattr(distributions, "_run", write)
    with pytest.raises(RuntimeError, match="The bill of materials lacks b 2."):
        distributions._write_bill(tmp_path / "bill.json", "1.0.0", tmp_path)


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    """What `make dist` makes of a copy of this tree, by tools in an environment of their own."""
    folder = tmp_path_factory.mktemp("release")
    files = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name in filter(None, files.split("\0")):
        (folder / "clone" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / "clone" / name)
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        ["make", "dist", f"PYTHON={sys.executable}"],
        cwd=folder / "clone",
        env={name: value for name, value in env.items() if not name.startswith("MAKE")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # Either all packages were checked, or it is said that they were not.
    assert re.search(r"^(None has any\.|NOT CHECKED: )", done.stdout + done.stderr, re.M)
    return folder / "clone" / "dist"


@pytest.mark.install
def test_what_is_built_is_complete(dist):
    version = qtf.__version__
    names = {path.name for path in dist.iterdir()} - {f"qtf-{version}.notes.md"}
    sdist, wheel = f"qtf-{version}.tar.gz", f"qtf-{version}-py3-none-any.whl"
    bill = f"qtf-{version}.cdx.json"
    assert names == {sdist, wheel, bill, "SHA256SUMS"}
    for line in (dist / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((dist / name).read_bytes()).hexdigest() == digest
        names.discard(name)
    assert names == {"SHA256SUMS"}
    with tarfile.open(dist / sdist) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    others = {"constraints.txt", "CHANGELOG.md", "CITATION.cff", "SECURITY.md", "LICENSE"}
    assert others | {"setup.py", "README.md", "pyproject.toml"} <= held
    inner = zipfile.ZipFile(dist / wheel).namelist()
    modules = {name for name in inner if ".dist-info/" not in name}
    # Configurations lie elsewhere in a clone.
    assert {name.removeprefix("qtf/") if "/configs/" in name else name for name in modules} <= held


@pytest.mark.install
def test_the_bill_of_materials_lists_what_is_pinned(dist):
    bill = json.loads((dist / f"qtf-{qtf.__version__}.cdx.json").read_text())
    assert bill["bomFormat"] == "CycloneDX"
    component = bill["metadata"]["component"]
    assert (component["name"], component["version"]) == ("qtf", qtf.__version__)
    listed = [(each["name"], each["version"]) for each in bill["components"]]
    assert sorted(listed) == sorted(pinned((ROOT / "constraints.txt").read_text()))
    assert all(each["purl"].startswith("pkg:pypi/") for each in bill["components"])


@pytest.mark.install
@pytest.mark.parametrize("kind", ["tar.gz", "whl"])
def test_it_installs_from_an_empty_folder(dist, tmp_path, kind):
    (package,) = dist.glob(f"*.{kind}")
    venv.create(tmp_path / "env", with_pip=False)
    (tmp_path / "empty").mkdir()
    constraints = ["-c", str(ROOT / "constraints.txt")]
    python = tmp_path / "env/bin/python"
    for extra in EXTRAS:
        name = f"qtf[{extra}]" if extra else "qtf"
        words = ["--python", str(python), "install", "--dry-run", *constraints]
        command = [*PIP, *words, f"{name} @ {package.as_uri()}"]
        done = subprocess.run(command, cwd=tmp_path / "empty", capture_output=True, text=True)
        assert done.returncode == 0, (extra, done.stderr)
        assert f"qtf-{qtf.__version__}" in done.stdout.splitlines()[-1]
    install = ["--quiet", "--python", str(python), "install", *constraints, str(package)]
    subprocess.run([*PIP, *install], cwd=tmp_path / "empty", check=True)
    for words in (["qtf", "--version"], ["qtf", "configs"], ["python", "-c", "import qtf.physics"]):
        command = [str(tmp_path / "env/bin" / words[0]), *words[1:]]
        done = subprocess.run(command, cwd=tmp_path / "empty", capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert not list((tmp_path / "empty").iterdir())


def test_build_refuses_a_clone_whose_versions_differ(tmp_path):
    (tmp_path / "qtf").mkdir()
    (tmp_path / "qtf/__init__.py").write_text('__version__ = "1.0.0"\n')
    (tmp_path / "CITATION.cff").write_text("version: 1.0.1\n")
    with pytest.raises(ValueError, match=r"CITATION.cff names version 1.0.1, but qtf is 1.0.0"):
        build(tmp_path / "dist", tmp_path)
