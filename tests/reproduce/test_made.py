import json

import pytest

from reproduce.made import kept_beside

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
    assert kept_beside(numbers(date=date), "cases", NOW) == ({"old": 1}, {**NOW, "date": dates})


@pytest.mark.parametrize("change", [{"machine": "one core"}, {"versions": {"keras": "4"}}])
def test_numbers_of_others_are_not(numbers, change):
    assert kept_beside(numbers(**change), "cases", NOW) == ({}, NOW)


def test_at_first_there_are_none(tmp_path):
    assert kept_beside(tmp_path / "numbers.json", "cases", NOW) == ({}, NOW)
