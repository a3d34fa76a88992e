"""Sections of docs/extending.md are executed as a reader would enter them."""

import re
from pathlib import Path

import pytest

from qtf.physics import HAMILTONIANS, JUMP_MATRICES, LATTICES, OBSERVABLES

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.M | re.S))
TABLES = (HAMILTONIANS, JUMP_MATRICES, LATTICES, OBSERVABLES)


@pytest.fixture(autouse=True)
def unchanged_tables():
    before = [dict(table) for table in TABLES]
    yield
    for table, entries in zip(TABLES, before, strict=True):
        table.clear()
        table.update(entries)


@pytest.mark.parametrize("title", SECTIONS)
def test_section_does_what_it_says(title):
    blocks = re.findall(r"^```python\n(.*?)^```", SECTIONS[title], re.M | re.S)
    assert blocks
    namespace = {"__name__": "extending"}
    for number, block in enumerate(blocks):
        exec(compile(block, f"{title}, block {number}", "exec"), namespace)


@pytest.mark.parametrize("title", SECTIONS)
def test_section_names_at_most_two_files(title):
    files = set(re.findall(r"\b(?:qtf|trainers|serving)/[\w/]+\.py\b", SECTIONS[title]))
    assert 1 <= len(files - {"qtf/physics/lattices/chain.py"}) <= 2
