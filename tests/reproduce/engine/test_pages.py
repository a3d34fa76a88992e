import json
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from reports.provenance import Made
from reproduce.engine.layout import Layout
from reproduce.engine.pages import Page, earlier_entries, write_page

NOW = {"date": "2026-03-02", "machine": "two cores", "versions": {"keras": "3"}}


@pytest.fixture
def numbers(tmp_path):
    def write(**changes):
        path = tmp_path / "numbers.json"
        path.write_text(json.dumps({"made": {**NOW, **changes}, "cases": {"old": 1}}))
        return path

    return write


@pytest.mark.parametrize(
    ("date", "dates"),
    [
        ("2026-03-02", "2026-03-02"),
        ("2026-03-01", "2026-03-01 to 2026-03-02"),
        ("2026-02-01 to 2026-03-01", "2026-02-01 to 2026-03-02"),
    ],
)
def test_numbers_of_the_same_machine_and_versions_are_kept(numbers, date, dates):
    assert earlier_entries(numbers(date=date), "cases", Made(**NOW)) == (
        {"old": 1},
        Made(**{**NOW, "date": dates}),
    )


@pytest.mark.parametrize("change", [{"machine": "one core"}, {"versions": {"keras": "4"}}])
def test_numbers_of_others_are_not(numbers, change):
    assert earlier_entries(numbers(**change), "cases", Made(**NOW)) == ({}, Made(**NOW))


def test_at_first_there_are_none(tmp_path):
    assert earlier_entries(tmp_path / "numbers.json", "cases", Made(**NOW)) == ({}, Made(**NOW))


@dataclass(frozen=True)
class Results:
    made: Made
    cases: Mapping[str, int]


def page_of(value):
    return Page(
        "numbers",
        Results,
        collect=lambda layout: {"cases": {"new": value}},
        text=lambda results: f"{sorted(results.cases.items())} {results.made.date}\n",
        lines=lambda results: results.cases,
        figures=lambda layout, results: [("drawn", layout.root / "picture.png")],
        keeps="cases",
    )


def test_a_page_shows_new_numbers_beside_those_of_before(tmp_path):
    layout = Layout(tmp_path / "out", tmp_path)
    list(write_page(page_of(1), layout))
    stored = json.loads((tmp_path / "numbers.json").read_text())
    stored["cases"] = {"old": 7}
    (tmp_path / "numbers.json").write_text(json.dumps(stored))
    lines = list(write_page(page_of(2), layout))
    assert lines == ["new", "old", f"Page: {tmp_path / 'numbers.md'}"]
    assert (tmp_path / "numbers.md").read_text().startswith("[('new', 2), ('old', 7)] ")


def test_a_redrawn_page_has_the_numbers_and_figures_that_are_there(tmp_path):
    layout = Layout(tmp_path / "out", tmp_path)
    made = {**NOW, "machine": "another one"}
    content = json.dumps({"made": made, "cases": {"old": 7}})
    (tmp_path / "numbers.json").write_text(content)
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "drawn.png").write_bytes(b"before")
    list(write_page(page_of(1), layout, redraw=True))
    assert (tmp_path / "numbers.md").read_text() == "[('old', 7)] 2026-03-02\n"
    assert (tmp_path / "numbers.json").read_text() == content
    # Its run is not there.
    assert (tmp_path / "figures" / "drawn.png").read_bytes() == b"before"
    layout.root.mkdir()
    (layout.root / "picture.png").write_bytes(b"again")
    list(write_page(page_of(1), layout, redraw=True))
    assert (tmp_path / "figures" / "drawn.png").read_bytes() == b"again"
