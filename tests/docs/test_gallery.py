"""The gallery has every figure, and what makes it exists."""

import re
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from documentation import gallery
from qtf import physics
from reproduce.__main__ import SECTIONS

ROOT = Path(__file__).resolve().parents[2]
FILES = {path.name for path in (ROOT / "docs/figures").glob("*.png")}


def test_the_page_is_written_from_the_figures():
    assert gallery.PAGE.read_text() == gallery.page()


def test_every_figure_is_on_the_page_once():
    shown = re.findall(r"\(figures/([\w.]+)\)", gallery.PAGE.read_text())
    assert len(shown) == len(set(shown))
    assert set(shown) == FILES


@pytest.mark.parametrize("group", gallery.GROUPS, ids=lambda group: group.title)
def test_the_command_of_a_group_exists(group):
    program, *words = group.command.split()
    if program == "make":
        assert re.search(rf"^{words[0]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
    elif words[:2] == ["-m", "reproduce"]:
        assert words[2] in SECTIONS
    elif words[0] == "-m":
        assert (ROOT / words[1].replace(".", "/") / "__main__.py").exists()
    else:
        assert (ROOT / words[0]).exists()


def test_lines_of_lattices_draw_them():
    calls = gallery.lattice_calls()
    assert set(calls) == {file for file in FILES if file.startswith("lattice_")}
    for line in calls.values():
        assert isinstance(eval(line, vars(physics)), Figure)


def test_the_first_page_of_the_site_leads_to_it():
    assert "(gallery.md)" in (ROOT / "docs/index.md").read_text()
