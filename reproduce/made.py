"""On what machine, when and with what a page of results was made."""

from pathlib import Path
from typing import Any

from qtf import provenance
from qtf.files import read_json

Values = dict[str, Any]
TO = " to "


def made_now() -> Values:
    """Returns date, machine and versions, as they are kept beside the numbers."""
    return {
        "date": provenance.today(),
        "machine": provenance.machine(),
        "versions": provenance.versions(),
    }


def kept_beside(path: Path, key: str, made: Values) -> tuple[Values, Values]:
    """Returns the entries that a file of numbers holds already, and when all of it was made.

    Stages that were run elsewhere or long ago so stay on the page, but only those of the same
    machine and versions.

    Args:
        path: The file, which need not exist.
        key: Of the entries.
        made: Of the new ones, from `made_now`.
    """
    numbers = read_json(path) if path.exists() else {}
    earlier = numbers.get("made", {})
    if any(earlier.get(name) != made[name] for name in ("machine", "versions")):
        return {}, made
    first, today = earlier["date"].split(TO)[0], made["date"]
    dates = today if first == today else f"{first}{TO}{today}"
    return numbers[key], {**made, "date": dates}


def made_lines(made: Values) -> str:
    """Returns them as a list in markdown."""
    names = ", ".join(f"{name} {version}" for name, version in made["versions"].items())
    return f"- Machine: {made['machine']}\n- Date: {made['date']}\n- Versions: {names}"
