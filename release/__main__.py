"""Makes releases; see "Releases" of CONTRIBUTING.md.

python -m release version 1.0.0    the version, everywhere, and a dated section of the changelog
python -m release dist             wheel, sdist, bill of materials, checksums, and the audit
python -m release audit            known holes in what is pinned
"""

import argparse
import datetime
import sys
from pathlib import Path

from release.audit import NOT_KNOWN, audit
from release.distributions import build
from release.versions import ROOT, advance, current, notes


def main(arguments: list[str] | None = None) -> int:
    """Runs one of the commands.

    Args:
        arguments: Words of the command line; those of the process by default.

    Returns:
        The exit code: 0; 1 for a mistake, a failure or a hole; 3 where holes could not be looked
        for.
    """
    parser = argparse.ArgumentParser(prog="python -m release", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    version = commands.add_parser("version", help="make another version")
    version.add_argument("version", help="MAJOR.MINOR.PATCH")
    version.add_argument("--date", type=datetime.date.fromisoformat, default=datetime.date.today())
    dist = commands.add_parser("dist", help="build what is released")
    dist.add_argument("--out_dir", type=Path, default=ROOT / "dist")
    commands.add_parser("audit", help="look for known holes")
    given = parser.parse_args(arguments)
    try:
        return _run(given)
    except (ValueError, RuntimeError) as error:
        print(f"release: error: {error}", file=sys.stderr)
        return 1


def _run(given: argparse.Namespace) -> int:
    if given.command == "version":
        before = current()
        advance(given.version, given.date)
        print(f"{before} is {given.version} now, of {given.date.isoformat()}.")
        return 0
    if given.command == "dist":
        _build(given.out_dir)
    found = audit()
    print(found.report(), file=sys.stderr if found.exit_code else sys.stdout)
    # What was built is there; only that nobody could be asked is no fault of it.
    return 0 if given.command == "dist" and found.exit_code == NOT_KNOWN else found.exit_code


def _build(folder: Path) -> None:
    version = current()
    for path in build(folder):
        print(path)
    try:
        text = notes(version, (ROOT / "CHANGELOG.md").read_text())
    except ValueError as error:
        print(f"This is no release yet: {error}", file=sys.stderr)
        return
    path = folder / f"qtf-{version}.notes.md"
    path.write_text(f"{text}\n")
    print(path)


if __name__ == "__main__":
    sys.exit(main())
