"""Rows of `docs/results.md` about what has pages of its own: ground states and open systems."""

from pathlib import Path
from typing import Any

from qtf.files import read_json
from reproduce.ground_state_cases import CASES as GROUND_STATES
from reproduce.open_system_cases import CASES as OPEN_SYSTEMS
from reproduce.tables import table

Values = dict[str, Any]
TITLE = "## Ground states and open systems"
INTRODUCTION = (
    "From the pages on [ground states](ground_state_results.md),"
    " [growing them](growth_results.md) and [open systems](open_system_results.md), as they were"
    " when this one was written. Errors of energies are relative; those of open systems are the"
    " largest distance of an averaged Pauli matrix from its exact value."
)


def section(docs_dir: Path) -> str:
    """Returns the table as markdown, or nothing where there are no such pages.

    Args:
        docs_dir: Folder of the pages and of the numbers that they were made from.
    """
    rows = [*_ground_states(docs_dir), *_growths(docs_dir), *_open_systems(docs_dir)]
    head = ["", "error found", "asked for"]
    return "\n\n".join([TITLE, INTRODUCTION, table(head, rows)]) if rows else ""


def _ground_states(docs_dir: Path) -> list[list[str]]:
    found = _numbers(docs_dir / "ground_state_results.json").get("cases", {})
    return [
        [case.words, f"{found[case.name]['relative_error']:.1e}", f"{case.limit:.0e}"]
        for case in GROUND_STATES
        if case.name in found
    ]


def _growths(docs_dir: Path) -> list[list[str]]:
    rows = []
    for name, growth in _numbers(docs_dir / "growth_results.json").get("growths", {}).items():
        for asked in growth["requirements"]:
            if not asked["key"].startswith("relative_error") or asked["found"] is None:
                continue
            sizes = f"size {asked['sizes']}" if isinstance(asked["sizes"], int) else asked["sizes"]
            words = f"growing Heisenberg {name}, {asked['words']}, {sizes}"
            rows.append([words, f"{asked['found']:.1e}", f"{asked['limit']:.0e}"])
    return rows


def _open_systems(docs_dir: Path) -> list[list[str]]:
    found = _numbers(docs_dir / "open_system_results.json").get("cases", {})
    rows = []
    for case in OPEN_SYSTEMS:
        if case.name in found:
            limit = "" if case.limit is None else f"{case.limit:g}"
            rows.append([case.words, f"{found[case.name]['off_by']:.4f}", limit])
    return rows


def _numbers(path: Path) -> Values:
    return read_json(path) if path.exists() else {}
