"""What pip-audit prints is read so that nobody takes silence for safety."""

import json

import pytest

from release import __main__ as command
from release import audit as module
from release.audit import HOLES, NO_HOLES, NOT_KNOWN, Audit, audit, read
from release.distributions import pinned
from release.versions import ROOT

PINS = [("absl-py", "2.5.1"), ("ast_serialize", "0.13.1")]
WELL = [
    {"name": "absl-py", "version": "2.5.1", "vulns": []},
    {"name": "ast-serialize", "version": "0.13.1", "vulns": []},
]
HOLE = {"id": "PYSEC-2026-1", "fix_versions": ["2.5.2"], "aliases": [], "description": "."}
SKIPPED = {"name": "absl-py", "skip_reason": "Dependency not found on PyPI: absl-py (2.5.1)"}


def read_all(*dependencies):
    return read(json.dumps({"dependencies": dependencies, "fixes": []}), "", PINS)


def test_all_is_well_only_where_every_package_was_checked():
    found = read_all(*WELL)
    assert (found.n_checked, found.exit_code) == (2, NO_HOLES)
    assert found.report() == ("2 of 2 pinned packages were checked for known holes.\nNone has any.")


@pytest.mark.parametrize("others", [WELL[1:], [SKIPPED | {"name": "ast-serialize"}]])
def test_a_hole_is_named_with_what_mends_it(others):
    found = read_all({**WELL[0], "vulns": [HOLE]}, *others)
    assert found.exit_code == HOLES
    assert "absl-py 2.5.1: PYSEC-2026-1, mended in 2.5.2" in found.report()
    found = read_all({**WELL[0], "vulns": [{**HOLE, "fix_versions": []}]}, WELL[1])
    assert "mended in no version" in found.report()


def test_packages_that_were_left_out_are_told():
    """The tool itself calls this a success."""
    found = read_all(SKIPPED, WELL[1])
    assert (found.n_checked, found.exit_code) == (1, NOT_KNOWN)
    assert "NOT CHECKED: 1 packages, of which nothing is known" in found.report()
    assert "Dependency not found on PyPI" in found.report()
    assert "None has any" not in found.report()
    assert read_all(WELL[0]).unchecked == {"ast_serialize 0.13.1": "pip-audit does not tell of it"}


@pytest.mark.parametrize("printed", ["", "no JSON", "{}"])
def test_without_a_network_nothing_is_known(printed):
    found = read(printed, "Some warning\nERROR: Connection refused\n", PINS)
    assert (found.n_checked, found.exit_code) == (0, NOT_KNOWN)
    assert "There is no network, or the registry" in found.report()
    assert "ERROR: Connection refused" in found.report()


def test_every_pin_is_asked_about_and_two_of_one_package_apart(monkeypatch):
    constraints = (ROOT / "constraints.txt").read_text()
    lines = [line for line in constraints.splitlines() if not line.startswith("#")]
    asked = []

    def ask(file):
        asked.append(pinned(file.read_text()))
        names = [name for name, _ in asked[-1]]
        assert len(set(names)) == len(names)
        return json.dumps({"dependencies": [{"name": name, "vulns": []} for name in names]}), ""

    monkeypatch.setattr(module, "_ask", ask)
    found = audit()
    assert (found.n_checked, found.exit_code) == (len(lines), NO_HOLES)
    assert sorted(pin for pins in asked for pin in pins) == sorted(pinned(constraints))


def test_a_tool_that_is_not_there_is_told():
    # The environment of the tests has none.
    found = audit()
    assert found.exit_code == NOT_KNOWN
    assert "pip_audit" in found.report()


@pytest.mark.parametrize(
    ("found", "alone", "after_building"),
    [
        (Audit(2, (), {}), 0, 0),
        (Audit(1, (), {"a": "unknown"}), 3, 0),
        (Audit(2, ("a 1: X",), {}), 1, 1),
    ],
)
def test_exit_codes(monkeypatch, capsys, tmp_path, found, alone, after_building):
    monkeypatch.setattr(command, "audit", lambda: found)
    monkeypatch.setattr(command, "build", lambda folder: [folder / "a.whl"])
    assert command.main(["audit"]) == alone
    assert command.main(["dist", f"--out_dir={tmp_path}"]) == after_building
    out, err = capsys.readouterr()
    assert "a.whl" in out
    assert found.report() in out + err


def test_a_mistake_is_one_line(capsys):
    assert command.main(["version", "1"]) == 1
    assert capsys.readouterr().err.startswith("release: error: A version must be MAJOR.MINOR.PATCH")


def test_the_codes_differ():
    assert len({module.NO_HOLES, module.HOLES, module.NOT_KNOWN}) == 3
