import dataclasses
import importlib
from pathlib import Path

import pytest

from trainers.settings_tables import TABLES, with_tables

PAGES = [
    path
    for path in sorted((Path(__file__).parents[2] / "docs").glob("*.md"))
    if "<!-- settings:" in path.read_text()
]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_tables_of_settings_are_as_the_settings_are(path):
    page = path.read_text()
    assert page.count("<!-- settings:") == page.count("<!-- end of settings -->")
    assert with_tables(page) == page, "python -m trainers.settings_tables docs/*.md"


@pytest.mark.parametrize("name", TABLES)
def test_every_setting_is_on_a_page(name):
    def keys(text):
        return {line.split("`")[1] for line in text.splitlines() if line.startswith("| `")}

    whole = with_tables(f"<!-- settings: {name} -->\n<!-- end of settings -->\n")
    module, kind = TABLES[name]
    own = dataclasses.fields(getattr(importlib.import_module(module), kind))
    # Those of sections are told one by one.
    assert len(keys(whole)) >= len(own) > 5
    assert {field.name for field in own} <= {key.split(".")[0] for key in keys(whole)}
    written = set().union(*(keys(path.read_text()) for path in PAGES))
    assert keys(whole) <= written


def test_a_table_has_key_type_default_rule_and_meaning():
    page = "A\n<!-- settings: dynamics data.window -->\nold\n<!-- end of settings -->\nB\n"
    row = "| `data.window` | int | 100 | at least 2 | States of a training window |\n"
    assert row in with_tables(page)
    assert "old" not in with_tables(page)


@pytest.mark.parametrize(
    ("comment", "message"),
    [("dynamic", "Settings must be one of dynamics.* but"), ("dynamics datum", "have no `datum`")],
)
def test_a_comment_with_a_mistake_is_told(comment, message):
    with pytest.raises(ValueError, match=message):
        with_tables(f"<!-- settings: {comment} -->\n<!-- end of settings -->\n")
