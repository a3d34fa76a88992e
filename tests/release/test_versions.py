"""A version stands in several files, and a release changes all of them and dates the changelog."""

import datetime
import doctest
import re
import shutil
import tomllib

import pytest

import qtf
from release import distributions, versions
from release.versions import PLACES, ROOT, Place, advance, current, notes

DAY = datetime.date(2026, 12, 24)


@pytest.fixture
def clone(tmp_path):
    """The files of this tree that name the version."""
    for path in {place.path for place in PLACES} | {"CHANGELOG.md"}:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    return tmp_path


def test_every_file_names_the_version_of_the_package():
    assert current() == qtf.__version__


def test_no_other_file_names_it():
    """Files that would be forgotten; numbers of others look the same."""
    version = re.escape(current())
    pattern = re.compile(rf"qtf[-:=]{version}|qtf-serve:{version}|^version: {version}", re.M)
    named = {place.path for place in PLACES}
    for folder in (".", "docs", "deploy", "deploy/kubernetes", "examples", "serving", "commands"):
        for path in (ROOT / folder).glob("*.*"):
            if path.is_file() and path.suffix in {".md", ".py", ".yaml", ".cff", ".toml", ".sh"}:
                found = pattern.search(path.read_text())
                assert found is None or str(path.relative_to(ROOT)) in named, path


def test_a_release_names_the_new_version_everywhere_and_its_day(clone):
    advance("1.0.0", DAY, clone)
    assert current(clone) == "1.0.0"
    citation = (clone / "CITATION.cff").read_text()
    assert "version: 1.0.0\ndate-released: 2026-12-24\n" in citation
    text = (clone / "CHANGELOG.md").read_text()
    assert text.index("## Unreleased\n\n## 1.0.0 (2026-12-24)\n") < text.index("The main job")
    before = (ROOT / "CHANGELOG.md").read_text().partition("## Unreleased\n")[2].strip()
    assert notes("1.0.0", text) == before
    (clone / "CHANGELOG.md").write_text(text.replace("Unreleased\n", "Unreleased\n\n- More.\n"))
    advance("1.0.1", DAY + datetime.timedelta(3), clone)
    text = (clone / "CHANGELOG.md").read_text()
    assert notes("1.0.1", text) == "- More."
    assert notes("1.0.0", text) == before
    assert (clone / "CITATION.cff").read_text().count("date-released: 2026-12-27") == 1


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("1.0", "A version must be MAJOR.MINOR.PATCH, but is '1.0'."),
        ("v1.0.0", "A version must be MAJOR.MINOR.PATCH, but is 'v1.0.0'."),
        ("0.0.9", r"The version must be above \d+\.\d+\.\d+, but is 0.0.9."),
    ],
)
def test_a_version_that_is_none_changes_nothing(clone, version, message):
    before = {place.path: (clone / place.path).read_text() for place in PLACES}
    with pytest.raises(ValueError, match=message):
        advance(version, DAY, clone)
    assert before == {path: (clone / path).read_text() for path in before}


def test_nothing_to_release_is_told_before_anything_is_changed(clone):
    advance("1.0.0", DAY, clone)
    with pytest.raises(ValueError, match="must hold something below '## Unreleased'"):
        advance("1.0.1", DAY, clone)
    assert current(clone) == "1.0.0"


def test_a_file_that_was_forgotten_is_named(clone):
    Place("CITATION.cff", r"(?m:^version: )").write(clone, "9.9.9")
    with pytest.raises(ValueError, match=r"CITATION.cff names version 9.9.9, but qtf is "):
        current(clone)
    (clone / "CITATION.cff").write_text("nothing")
    with pytest.raises(ValueError, match=r"CITATION.cff must name the version, but does not"):
        current(clone)


def test_a_version_without_a_section_has_no_notes():
    with pytest.raises(ValueError, match="must have a dated section of 3.0.0, but has none"):
        notes("3.0.0", "## Unreleased\n\n- Something.\n")


def test_examples_run():
    for module in (versions, distributions):
        found = doctest.testmod(module)
        assert found.failed == 0
        assert found.attempted > 0


def test_supported_versions_of_python_are_the_same_everywhere():
    setup = (ROOT / "setup.py").read_text()
    pythons = re.search(r"^PYTHONS = \((.+)\)$", setup, re.M)[1].replace('"', "")
    names = pythons.split(", ")
    first, last = (int(name.partition(".")[2]) for name in (names[0], names[-1]))
    assert names == [f"3.{minor}" for minor in range(first, last + 1)]
    assert f'python_requires=">=3.{first},<3.{last + 1}"' in setup
    assert f"| Python | {pythons} |" in (ROOT / "SECURITY.md").read_text()
    makefile = (ROOT / "Makefile").read_text()
    assert f"(3, {first}) <= v[:2] <= (3, {last})" in makefile
    words = f"Python {', '.join(names[:-1])} or {names[-1]}"
    assert words in (ROOT / "README.md").read_text()
    assert words in (ROOT / "CONTRIBUTING.md").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["tool"]["ruff"]["target-version"] == f"py3{first}"
