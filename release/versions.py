"""The version of qtf, in every file that names it, and the changelog of a version."""

import datetime
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UNRELEASED = "## Unreleased"
_NUMBER = r"(\d+\.\d+\.\d+)"
_FORM = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")


@dataclass(frozen=True)
class Place:
    """Where a version stands.

    Attributes:
        path: File, from the root.
        before: Text in front of it, a regular expression.
    """

    path: str
    before: str

    def find(self, root: Path) -> set[str]:
        """Returns the versions that stand there.

        Raises:
            ValueError: There is none.
        """
        found = set(re.findall(self.before + _NUMBER, (root / self.path).read_text()))
        if not found:
            raise ValueError(f"File {self.path} must name the version, but does not.")
        return found

    def write(self, root: Path, version: str) -> None:
        """Puts another version there."""
        path = root / self.path
        text = re.sub(f"({self.before}){_NUMBER}", rf"\g<1>{version}", path.read_text())
        path.write_text(text)


PLACES = (
    Place("qtf/__init__.py", '__version__ = "'),
    Place("CITATION.cff", r"(?m:^version: )"),
    Place("deploy/Dockerfile", "qtf-serve:"),
    Place("deploy/README.md", "qtf-serve:"),
    Place("deploy/kubernetes/qtf_serve/kustomization.yaml", "newTag: "),
    Place("docs/kubernetes.md", "qtf-serve:"),
)


def current(root: Path = ROOT) -> str:
    """Returns the version, checked to be the same everywhere.

    Args:
        root: Root of the clone.

    Raises:
        ValueError: A file names another one, or none.

    Example:
        >>> current().count(".")
        2
    """
    (version,) = PLACES[0].find(root)
    for place in PLACES[1:]:
        if (found := place.find(root)) != {version}:
            others = ", ".join(sorted(found - {version}))
            raise ValueError(f"File {place.path} names version {others}, but qtf is {version}.")
    return version


def advance(version: str, date: datetime.date, root: Path = ROOT) -> None:
    """Makes `version` the version of qtf, and what is not released yet its dated changelog.

    Args:
        version: New version, MAJOR.MINOR.PATCH, above the one before.
        date: Day of the release.
        root: Root of the clone.

    Raises:
        ValueError: `version` is none or not above the one before, or there is nothing to release.
    """
    if _FORM.fullmatch(version) is None:
        raise ValueError(f"A version must be MAJOR.MINOR.PATCH, but is {version!r}.")
    before = current(root)
    if _numbers(version) <= _numbers(before):
        raise ValueError(f"The version must be above {before}, but is {version}.")
    changelog = root / "CHANGELOG.md"
    text = _dated(changelog.read_text(), version, date)
    for place in PLACES:
        place.write(root, version)
    citation = root / "CITATION.cff"
    citation.write_text(_with_date(citation.read_text(), date))
    changelog.write_text(text)


def notes(version: str, changelog: str) -> str:
    r"""Returns what the changelog says of a version.

    Raises:
        ValueError: It has no dated section of that version.

    Example:
        >>> notes("1.0.0", "## 1.0.0 (2026-12-24)\n\n- All of it.\n")
        '- All of it.'
    """
    heading = rf"^## {re.escape(version)} \(\d{{4}}-\d\d-\d\d\)\n"
    parts = re.split(heading, changelog, maxsplit=1, flags=re.MULTILINE)
    if len(parts) == 1:
        raise ValueError(f"CHANGELOG.md must have a dated section of {version}, but has none.")
    return re.split(r"^## ", parts[1], maxsplit=1, flags=re.MULTILINE)[0].strip()


def _dated(changelog: str, version: str, date: datetime.date) -> str:
    head, mark, rest = changelog.partition(f"{UNRELEASED}\n")
    if not mark or not re.split(r"^## ", rest, maxsplit=1, flags=re.MULTILINE)[0].strip():
        raise ValueError(f"CHANGELOG.md must hold something below {UNRELEASED!r}, but does not.")
    return f"{head}{mark}\n## {version} ({date.isoformat()})\n{rest}"


def _with_date(citation: str, date: datetime.date) -> str:
    citation = re.sub(r"^date-released: .*\n", "", citation, flags=re.MULTILINE)
    line = f"date-released: {date.isoformat()}\n"
    return re.sub(r"^version: .*\n", lambda found: found[0] + line, citation, flags=re.MULTILINE)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
