"""What the load generator writes into `serving_results.json`, and what must hold of it."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from reports.provenance import Made
from reports.requirements import Requirement

PROTOCOLS = ("REST", "gRPC")
CLOSED, OPEN = "closed", "open"
N_BATCH = 32
LARGE_NUMBERS = 2_000_000


@dataclass(frozen=True)
class Load:
    """Rollouts of one state under one load; sequences hold one value for each repetition.

    Attributes:
        protocol: "REST" or "gRPC".
        batching: Whether the server joins requests, which is its default.
        kind: `CLOSED`, so many clients without pause, or `OPEN`, so many requests a second.
        offered: Number of clients, or rate as a share of the limit.
        rate: States a second.
        p50: Median latency in milliseconds.
        p99: Latency that 99 of 100 do not exceed, likewise.
        limit: States a second of batches of `N_BATCH` in process, just before.
        batch: Milliseconds of one such batch.
        single: Milliseconds of one state in process.
        n_failed: Requests without an answer, of all repetitions.
    """

    protocol: str
    batching: bool
    kind: str
    offered: float
    rate: tuple[float, ...]
    p50: tuple[float, ...]
    p99: tuple[float, ...]
    limit: tuple[float, ...]
    batch: tuple[float, ...]
    single: tuple[float, ...]
    n_failed: int

    @property
    def share(self) -> float:
        """States a second over the limit."""
        return statistics.median(a / b for a, b in zip(self.rate, self.limit, strict=True))

    @property
    def batches_of_p99(self) -> float:
        """The 99th percentile in times of a batch."""
        return statistics.median(a / b for a, b in zip(self.p99, self.batch, strict=True))

    @property
    def singles_of_p50(self) -> float:
        """The median latency but for a millisecond, in times of one state in process."""
        pairs = zip(self.p50, self.single, strict=True)
        return statistics.median((a - 1.0) / b for a, b in pairs)


@dataclass(frozen=True)
class Overhead:
    """Requests for three numbers of y = x / 2 + 2, by so many clients without pause.

    Attributes:
        protocol: "REST" or "gRPC".
        n_clients: Number of clients.
        rate: Requests a second.
        p50: Median latency in milliseconds.
        p99: Latency that 99 of 100 do not exceed, likewise.
        processor: Milliseconds of the processor that the server takes for a request.
    """

    protocol: str
    n_clients: int
    rate: tuple[float, ...]
    p50: tuple[float, ...]
    p99: tuple[float, ...]
    processor: tuple[float, ...]


@dataclass(frozen=True)
class Large:
    """One request of `LARGE_NUMBERS` numbers by REST, beside another client's small ones.

    Attributes:
        seconds: Seconds from the first byte sent to the last one received.
        wait: Longest time in milliseconds that the other client waited meanwhile.
        usual_wait: The same for as long without the large request.
    """

    seconds: tuple[float, ...]
    wait: tuple[float, ...]
    usual_wait: tuple[float, ...]


@dataclass(frozen=True)
class Results:
    """Everything that the page shows.

    Attributes:
        made: Machine, day and versions.
        repeats: Number of repetitions.
        seconds: Seconds of each load.
        workers: Number of processes of the server.
        loads: Rollouts.
        overheads: Requests for three numbers.
        large: Large requests.
    """

    made: Made
    repeats: int
    seconds: float
    workers: int
    loads: tuple[Load, ...]
    overheads: tuple[Overhead, ...]
    large: Large

    def closed(self, protocol: str, n_clients: int) -> Load:
        """Returns the load of so many clients with the default settings."""
        return next(
            load
            for load in self.loads
            if (load.protocol, load.kind, load.offered, load.batching)
            == (protocol, CLOSED, n_clients, True)
        )

    def overhead(self, protocol: str, n_clients: int) -> Overhead:
        """Returns the overhead with so many clients."""
        return next(
            each
            for each in self.overheads
            if (each.protocol, each.n_clients) == (protocol, n_clients)
        )


def requirements(results: Results) -> list[Requirement]:
    """Returns what must hold beside what was measured, in the order of the page."""
    asked = []
    for protocol in PROTOCOLS:
        many, one = results.closed(protocol, N_BATCH), results.closed(protocol, 1)
        asked += [
            _at_least(
                f"{protocol}: {N_BATCH} clients, states a second over those of a batch in process",
                many.share,
                0.8,
            ),
            _at_most(
                f"{protocol}: p99 of {N_BATCH} clients over the time of a batch",
                many.batches_of_p99,
                3.0,
            ),
            _at_most(
                f"{protocol}: one client but for 1 ms, over one state in process",
                one.singles_of_p50,
                1.1,
            ),
        ]
    for protocol, limit in zip(PROTOCOLS, (0.4, 0.6), strict=True):
        processor = statistics.median(results.overhead(protocol, 1).processor)
        words = f"{protocol}: processor time of a request for three numbers, in ms"
        asked.append(_at_most(words, processor, limit))
    asked += [
        _at_least(
            f"REST: requests a second of {N_BATCH} clients for three numbers",
            statistics.median(results.overhead("REST", N_BATCH).rate),
            2500.0,
        ),
        _at_most(
            "REST: 2 million numbers, in seconds", statistics.median(results.large.seconds), 0.5
        ),
        _at_most(
            "REST: longest wait of others meanwhile, in ms",
            statistics.median(results.large.wait),
            50.0,
        ),
    ]
    return asked


def spread(values: Sequence[float], digits: int = 3) -> str:
    """Returns the median with the smallest and the largest value in brackets."""
    if not values:
        return ""
    low, middle, high = (
        number(value, digits) for value in (min(values), statistics.median(values), max(values))
    )
    return middle if low == high else f"{middle} [{low}, {high}]"


def number(value: float, digits: int = 3) -> str:
    """Returns a number with so many digits, thousands separated."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.{digits}g}"


def _at_least(words: str, value: float, limit: float) -> Requirement:
    return Requirement(words, number(value), value >= limit, f"at least {number(limit)}")


def _at_most(words: str, value: float, limit: float) -> Requirement:
    return Requirement(words, number(value), value <= limit, f"at most {number(limit)}")
