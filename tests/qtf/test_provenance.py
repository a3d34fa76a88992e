import datetime

from qtf.provenance import machine, today, versions


def test_machine_is_in_words():
    assert " cores, " in machine()
    assert machine().endswith("no GPU used")
    assert machine("NVIDIA H200").endswith(", NVIDIA H200")


def test_versions_and_date():
    assert versions()["tensorflow"].count(".") == 2
    assert abs(datetime.date.fromisoformat(today()) - datetime.date.today()).days <= 1
