import asyncio
import json
import math
from dataclasses import asdict, replace

import pytest

from benchmarks.load.clients import Answers, RestCaller, closed_loop, open_loop
from benchmarks.load.page import draw, page
from benchmarks.load.results import (
    CLOSED,
    OPEN,
    PROTOCOLS,
    Large,
    Load,
    Overhead,
    Results,
    requirements,
)
from reports.provenance import Made
from reports.records import read_record


def load(protocol, kind, offered, *, batching=True, rate=80.0, p50=21.9, p99=90.0):
    return Load(
        protocol=protocol,
        batching=batching,
        kind=kind,
        offered=offered,
        rate=(rate, rate / 2, 2 * rate),
        p50=(p50,) * 3,
        p99=(p99,) * 3,
        limit=(100.0, 50.0, 200.0),
        batch=(30.0,) * 3,
        single=(19.0,) * 3,
        n_failed=0,
    )


def results(**changes):
    loads = [
        load(protocol, kind, offered, batching=batching)
        for protocol in PROTOCOLS
        for batching in (True, False)
        for kind, offered in ((CLOSED, 1), (CLOSED, 32), (OPEN, 0.1), (OPEN, 0.5))
    ]
    overheads = [
        Overhead(protocol, n, (2600.0,) * 3, (1.0,) * 3, (2.0,) * 3, (0.3,) * 3)
        for protocol in PROTOCOLS
        for n in (1, 32)
    ]
    made = Made("2026-01-01", "a machine", {"python": "3.11"})
    large = Large((0.4, 0.5, 0.6), (40.0, 50.0, 60.0), (2.0, 2.0, 2.0))
    return replace(Results(made, 3, 4.0, 1, tuple(loads), tuple(overheads), large), **changes)


def test_all_that_must_hold_is_asked_for_and_holds_at_its_limits():
    asked = requirements(results())
    assert len(asked) == 11
    assert all(each.holds for each in asked)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"large": Large((0.6,), (40.0,), (2.0,))}, "2 million"),
        ({"large": Large((0.4,), (51.0,), (2.0,))}, "longest wait"),
    ],
)
def test_what_falls_short_is_told(change, word):
    (short,) = [each for each in requirements(results(**change)) if not each.holds]
    assert word in short.words


@pytest.mark.parametrize(
    ("change", "word"),
    [({"rate": 79.0}, "states a second"), ({"p99": 91.0}, "p99"), ({"p50": 22.0}, "one client")],
)
def test_loads_that_fall_short_are_told(change, word):
    loads = tuple(
        load(each.protocol, each.kind, each.offered, batching=each.batching, **change)
        if each.batching and each.protocol == "REST"
        else each
        for each in results().loads
    )
    (short,) = [each for each in requirements(results(loads=loads)) if not each.holds]
    assert word in short.words


def test_page_and_figure_are_drawn_from_what_is_stored():
    stored = read_record(Results, json.loads(json.dumps(asdict(results()))))
    assert stored == results()
    text = page(stored)
    assert "11 of 11 requirements hold" in text
    assert text.count("### ") == 6
    assert len(draw(stored).axes) == 4


def test_percentiles_count_answers():
    answers = Answers([0.01 * k for k in range(100, 0, -1)], 0, 2.0)
    assert [answers.percentile(p) for p in (1, 50, 99, 100)] == pytest.approx([0.01, 0.5, 0.99, 1])
    assert answers.rate == 50
    assert math.isnan(Answers([], 3, 1.0).percentile(50))


def test_closed_loop_asks_again_when_it_is_answered():
    async def call():
        await asyncio.sleep(0.05)

    answers = asyncio.run(closed_loop(call, 4, 1.0))
    assert 30 <= len(answers.latencies) <= 80
    assert min(answers.latencies) >= 0.05


def test_open_loop_asks_whether_or_not_it_is_answered():
    n_asked, n_open, most = 0, 0, 0

    async def call():
        nonlocal n_asked, n_open, most
        n_asked += 1
        n_open += 1
        fails = n_asked % 3 == 0
        most = max(most, n_open)
        await asyncio.sleep(0.2)
        n_open -= 1
        if fails:
            raise OSError("refused")

    answers = asyncio.run(open_loop(call, 100.0, 1.0, seed=3))
    assert 60 <= len(answers.latencies) + answers.n_failed <= 140
    assert most > 5
    assert answers.n_failed == n_asked // 3


@pytest.mark.parametrize(("status", "n_refused"), [(200, 0), (503, 3)])
def test_rest_caller_reads_answers_to_their_end_and_errors(status, n_refused):
    async def answer(reader, writer):
        for _ in range(3):
            await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(2)
            head = f"HTTP/1.1 {status} X\r\nContent-Length: 5\r\n\r\n".encode()
            for part in (head[:20], head[20:] + b"ab", b"cde"):
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0.01)
        writer.close()
        await writer.wait_closed()

    async def ask():
        n_failed = 0
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with RestCaller(port, "/", [b"{}"]) as call:
            for _ in range(3):
                try:
                    await call()
                except OSError:
                    n_failed += 1
            assert call.n_sent == 3
        server.close()
        await asyncio.sleep(0.1)
        return n_failed

    assert asyncio.run(ask()) == n_refused
