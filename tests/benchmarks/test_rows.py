import pytest

from benchmarks.rows import (
    BOUND,
    MEMORY,
    PEER,
    compare,
    compare_memory,
    constant_limit,
    load_rows,
    merge,
    rate,
    stamp,
    write_rows,
)
from benchmarks.timing import Timings, clock, run_in_turns

OURS, THEIRS = Timings((1.0, 2.0, 4.0)), Timings((2.0, 8.0, 12.0))


def test_ratio_is_the_median_of_neighbouring_runs():
    row = compare("room", "work", OURS, "a peer", THEIRS, PEER)
    assert row.ratio == 3.0
    assert (row.value, row.low, row.high, row.unit) == (2000.0, 1000.0, 4000.0, "ms")
    assert compare("room", "work", THEIRS, "a bound", OURS, BOUND).ratio == 3.0


def test_a_peer_that_wins_is_said_so():
    faster = compare("room", "work", OURS, "a peer", THEIRS, PEER).requirement
    slower = compare("room", "work", THEIRS, "a peer", OURS, PEER).requirement
    assert faster.measured == "3 times faster than a peer"
    assert slower.measured == "3 times slower than a peer"


@pytest.mark.parametrize(
    ("kind", "limit", "holds"),
    [(PEER, 2.9, True), (PEER, 3.1, False), (BOUND, 0.34, True), (BOUND, 0.33, False)],
)
def test_limit_is_a_floor_for_peers_and_a_ceiling_for_bounds(kind, limit, holds):
    assert compare("room", "work", OURS, "it", THEIRS, kind, limit).holds is holds


def test_memory_is_held_against_another_s():
    row = compare_memory("room", "memory", 50.0, "a peer", 200.0, limit=0.3)
    assert (row.value, row.unit, row.kind, row.ratio, row.holds) == (
        50.0,
        "MiB",
        MEMORY,
        0.25,
        True,
    )
    assert row.requirement.measured == "0.25 times the memory of a peer"
    assert row.requirement.limit == "at most 0.3"
    assert compare_memory("room", "memory", 50.0, "a peer", 200.0, limit=0.2).holds is False


def test_rate_is_an_amount_over_seconds():
    row = rate("machine", "disk", 8.0, "MB/s", OURS)
    assert (row.value, row.low, row.high, row.unit) == (4.0, 2.0, 8.0, "MB/s")
    assert row.holds is None


def test_seconds_may_be_limited():
    assert constant_limit("room", "work", OURS, 2.0).holds is True
    assert constant_limit("room", "work", OURS, 1.9).holds is False


def test_new_rows_replace_those_of_the_same_work_peer_and_device(tmp_path):
    path = tmp_path / "rows.json"
    assert load_rows(path) == []
    old = stamp([compare("room", name, OURS, "it", THEIRS, PEER) for name in "ab"], "one")
    write_rows(path, old)
    assert load_rows(path) == old
    new = stamp([compare("room", "a", THEIRS, "it", OURS, PEER)], "one")
    elsewhere = stamp([compare("room", "a", THEIRS, "it", OURS, PEER)], "two")
    rows = merge(load_rows(path), [*new, *elsewhere])
    assert [(row.name, row.device, row.value) for row in rows] == [
        ("a", "one", 8000.0),
        ("b", "one", 2000.0),
        ("a", "two", 8000.0),
    ]


def test_work_is_done_in_turns_after_a_first_run_that_does_not_count():
    done = []
    timings = run_in_turns({name: clock(lambda name=name: done.append(name)) for name in "ab"}, 2)
    assert "".join(done) == "ababab"
    assert all(len(timing.seconds) == 2 for timing in timings.values())
    assert OURS.scale(2.0).median == 4.0
