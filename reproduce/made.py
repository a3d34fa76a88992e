"""On what machine, when and with what a page of results was made."""

from typing import Any

from qtf.provenance import machine, today, versions

Values = dict[str, Any]


def made_now() -> Values:
    """Returns date, machine and versions, as they are kept beside the numbers."""
    return {"date": today(), "machine": machine(), "versions": versions()}


def made_lines(made: Values) -> str:
    """Returns them as a list in markdown."""
    names = ", ".join(f"{name} {version}" for name, version in made["versions"].items())
    return f"- Machine: {made['machine']}\n- Date: {made['date']}\n- Versions: {names}"
