import json

import pytest

from reports.provenance import Made
from reproduce.engine.pages import earlier_entries

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
