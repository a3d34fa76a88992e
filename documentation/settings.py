"""The reference of settings: every key that each kind of configuration knows."""

from collections.abc import Iterator
from importlib import import_module
from itertools import groupby

from trainers.settings_tables import TABLES, Row, rows

HEAD = """# Settings: every key of a configuration

The keys that `--config.KEY=VALUE` changes and that files of configurations set, with their defaults
and rules. `qtf configs` lists the configurations that come with the package; how they are written
stands in [training](../training.md#configuration).
"""
WORDS = {
    "dynamics": "Models of the time evolution: `qtf train`",
    "ground_state": "Ground states: `qtf ground-state`",
    "open_system": "Open systems: `qtf open-system`",
    "shots": "Simulated measurements: `qtf simulate-shots`",
    "trajectories": "Exact trajectories: `qtf generate`",
}


def page() -> str:
    """Returns the page as markdown."""
    return "\n".join([HEAD, *(part for name in TABLES for part in _parts(name))])


def _parts(name: str) -> Iterator[str]:
    """Yields what the page says of one kind of configuration, section by section."""
    module, kind = TABLES[name]
    yield f"## {WORDS[name]}\n"
    settings = getattr(import_module(module), kind)()
    for section, listed in groupby(rows(settings), key=lambda row: row.key.rpartition(".")[0]):
        if section:
            yield f"### {name}: {section}\n"
        yield from map(_definition, listed)


def _definition(row: Row) -> str:
    facts = [row.kind, f"default {row.default}", *([f"must be {row.rule}"] if row.rule else [])]
    return f"`{row.key}`\n: {row.meaning}.\n: *{'; '.join(facts)}*\n"
