"""Looks for known holes in what is pinned, by what the package registry publishes of them."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from release.distributions import CONSTRAINTS, pinned
from release.versions import ROOT

NO_HOLES, HOLES, NOT_KNOWN = 0, 1, 3


@dataclass(frozen=True)
class Audit:
    """What is known of pinned packages.

    Attributes:
        n_checked: Number of packages that the registry has told of.
        holes: A line for each hole.
        unchecked: Package -> why nothing is known of it.
    """

    n_checked: int
    holes: tuple[str, ...]
    unchecked: Mapping[str, str]

    @property
    def exit_code(self) -> int:
        """NO_HOLES, HOLES, or NOT_KNOWN where packages could not be checked."""
        if self.holes:
            return HOLES
        return NOT_KNOWN if self.unchecked else NO_HOLES

    def report(self) -> str:
        """Returns what a person is told."""
        n_all = self.n_checked + len(self.unchecked)
        lines = [f"{self.n_checked} of {n_all} pinned packages were checked for known holes."]
        lines += [f"  {hole}" for hole in self.holes]
        if self.unchecked:
            reasons = sorted(set(self.unchecked.values()))
            shown = "; ".join(reasons[:2]) + ("; .." if len(reasons) > 2 else "")
            lines.append(
                f"NOT CHECKED: {len(self.unchecked)} packages, of which nothing is known. There is "
                f"no network, or the registry here does not publish holes: {shown}"
            )
        if self.exit_code == NO_HOLES:
            lines.append("None has any.")
        return "\n".join(lines)


def audit(root: Path = ROOT) -> Audit:
    """Asks the registry about every pinned package, by pip-audit.

    Args:
        root: Root of the clone.
    """
    waiting = pinned((root / CONSTRAINTS).read_text())
    parts = []
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "pins.txt"
        # One version of a package at a time: two Pythons may have two, and each is asked about.
        while waiting:
            pins = list({name: (name, version) for name, version in reversed(waiting)}.values())
            waiting = [pin for pin in waiting if pin not in pins]
            file.write_text("".join(f"{name}=={version}\n" for name, version in pins))
            parts.append(read(*_ask(file), pins))
    return Audit(
        sum(part.n_checked for part in parts),
        tuple(hole for part in parts for hole in part.holes),
        {name: reason for part in parts for name, reason in part.unchecked.items()},
    )


def _ask(file: Path) -> tuple[str, str]:
    words = ["--disable-pip", "--no-deps", "--progress-spinner=off", "--format=json"]
    done = subprocess.run(
        [sys.executable, "-m", "pip_audit", f"--requirement={file}", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=file.parent,
    )
    return done.stdout, done.stderr


def read(printed: str, errors: str, pins: Sequence[tuple[str, str]]) -> Audit:
    """Reads what pip-audit has printed.

    That it ends well says little: packages that it could not ask about are no failure to it.

    Args:
        printed: Its standard output, a JSON object or nothing.
        errors: Its standard error.
        pins: Name and version of all packages that it was asked about.
    """
    try:
        found = json.loads(printed)["dependencies"]
    except (ValueError, KeyError):
        reason = errors.strip().rpartition("\n")[2] or "pip-audit printed nothing"
        return Audit(0, (), {f"{name} {version}": reason for name, version in pins})
    told = {_normal(each["name"]): each for each in found}
    unchecked, holes = {}, []
    for name, version in pins:
        each = told.get(_normal(name), {"skip_reason": "pip-audit does not tell of it"})
        if "skip_reason" in each:
            unchecked[f"{name} {version}"] = each["skip_reason"].partition(":")[0]
        for hole in each.get("vulns", ()):
            fixed = ", ".join(hole["fix_versions"]) or "no version"
            holes.append(f"{name} {version}: {hole['id']}, mended in {fixed}")
    return Audit(len(pins) - len(unchecked), tuple(holes), unchecked)


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
