"""Writes the tables of settings in pages of the documentation.

    python -m trainers.settings_tables docs/*.md

A table stands between two comments of a page, the first of which names the settings and, if the
table is not to have all of them, the sections and keys at its top:

    <!-- settings: dynamics data training.optimizer -->
    <!-- end of settings -->
"""

import importlib
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from qtf.checks import Number, OneOf, Optional, Rule, Several
from qtf.settings import Settings

# Name in the comments -> module and class of the settings.
TABLES = {
    "dynamics": ("qtf.dynamics.runs.settings", "DynamicsSettings"),
    "ground_state": ("qtf.ground_states.runs.settings", "GroundStateSettings"),
    "open_system": ("qtf.open_systems.runs.settings", "OpenSystemSettings"),
    "shots": ("data_gen.shot_settings", "ShotSettings"),
    "trajectories": ("data_gen.settings", "GenerationSettings"),
}
TABLE = re.compile(r"(<!-- settings: ([\w. ]+) -->\n).*?(<!-- end of settings -->\n)", re.DOTALL)
HEAD = "| setting | type | default | must be | meaning |\n| --- | --- | --- | --- | --- |\n"
COLLECTIONS = (tuple, list)


@dataclass(frozen=True)
class Row:
    """One setting of a table.

    Attributes:
        key: Key with its sections, joined by dots.
        kind: Type in words.
        default: Default in words.
        rule: Rule in words; empty without one.
        meaning: Meaning, from the docstring of its class.
    """

    key: str
    kind: str
    default: str
    rule: str
    meaning: str

    def __str__(self) -> str:
        """Returns the line of the table."""
        cells = (f"`{self.key}`", self.kind, self.default, self.rule, self.meaning)
        return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def main() -> None:
    """Writes the tables of all pages that are named."""
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(with_tables(path.read_text()))


def with_tables(page: str) -> str:
    """Returns a page with its tables as the settings are now.

    Args:
        page: Text of the page.

    Raises:
        ValueError: A comment names settings, a section or a key that there is not.
    """
    return TABLE.sub(lambda match: f"{match[1]}{_table(*match[2].split())}{match[3]}", page)


def rows(settings: Settings, above: str = "") -> Iterator[Row]:
    """Yields the rows of settings and of the sections within them.

    Args:
        settings: The defaults.
        above: Sections around them, with a dot at the end.
    """
    kind, meanings = type(settings), _meanings(type(settings))
    hints, rules = get_type_hints(kind), kind.rules()
    for entry in fields(settings):  # type: ignore[arg-type]
        key, value = f"{above}{entry.name}", getattr(settings, entry.name)
        if isinstance(value, Settings) and not value.free:
            yield from rows(value, f"{key}.")
            continue
        rule = rules.get(entry.name)
        yield Row(
            key,
            _type_in_words(hints[entry.name]),
            _value_in_words(value),
            "" if rule is None else _rule_in_words(rule),
            meanings[entry.name],
        )


def _table(name: str, *sections: str) -> str:
    if name not in TABLES:
        raise ValueError(f"Settings must be one of {', '.join(TABLES)}, but are `{name}`.")
    module, kind = TABLES[name]
    every = list(rows(getattr(importlib.import_module(module), kind)()))
    for section in sections:
        if not any(_is_within(row.key, section) for row in every):
            raise ValueError(f"Settings `{name}` have no `{section}`.")
    chosen = [row for row in every if not sections or any(_is_within(row.key, s) for s in sections)]
    return HEAD + "".join(map(str, chosen))


def _is_within(key: str, section: str) -> bool:
    return f"{key}.".startswith(f"{section}.")


def _meanings(kind: type[Settings]) -> dict[str, str]:
    """Returns what the docstrings of a class and of those above it say of their attributes."""
    meanings: dict[str, str] = {}
    for parent in reversed(kind.__mro__):
        text = inspect.getdoc(parent) or ""
        _, _, listed = text.partition("Attributes:\n")
        block = listed.split("\n\n")[0]
        for match in re.finditer(r"^    (\w+): ((?:.|\n     +)+)", block, re.MULTILINE):
            sentence = " ".join(match[2].split()).removesuffix(".")
            meanings[match[1]] = re.sub(r'"([\w+-]+)"', r"`\1`", sentence)
    return meanings


def _type_in_words(hint: Any) -> str:
    if get_origin(hint) in COLLECTIONS:
        several = "several" if Ellipsis in get_args(hint) else "pairs of"
        return f"{several} {_type_in_words(get_args(hint)[0])}"
    if get_origin(hint) is Mapping:
        return "mapping"
    if args := get_args(hint):
        return " or ".join(_type_in_words(part) for part in args)
    return "None" if hint is type(None) else hint.__name__.removesuffix("Settings")


def _value_in_words(value: Any) -> str:
    if isinstance(value, Settings):
        words = value.as_mapping()
        return f"`{words['name']}`" if "name" in words else _mapping_in_words(words)
    if isinstance(value, COLLECTIONS):
        return ", ".join(map(str, value)) or "empty"
    return (f"`{value}`" if value else "empty") if isinstance(value, str) else str(value)


def _mapping_in_words(values: Mapping[str, Any]) -> str:
    return "; ".join(f"`{key}`: {_value_in_words(value)}" for key, value in values.items())


def _rule_in_words(rule: Rule) -> str:
    match rule:
        case Optional():
            return _rule_in_words(rule.rule)
        case Several():
            return f"each {words}" if (words := _rule_in_words(rule.rule)) else ""
        case OneOf():
            return ", ".join(f"`{word}`" for word in rule.words)
        case Number():
            return rule.bounds_in_words().replace("be ", "", 1)
    return ""


if __name__ == "__main__":
    main()
