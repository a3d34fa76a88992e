"""Counters and histograms of the server in the Prometheus text format.

Names, labels and buckets are those of TensorFlow Serving, whose dashboards then work here
too. A name starts with a colon, which the common client library cannot write.
"""

import bisect
import threading
from collections.abc import Collection, Iterable, Mapping
from typing import Any

# What is counted together because nobody serves it.
OTHER = "(other)"
_LONGEST_LABEL = 200
_MOST_COMBINATIONS = 10_000
_LATENCY_BOUNDS = tuple(10 * 1.8**k for k in range(33))


class Counter:
    """A number that only grows, one for each combination of labels.

    Args:
        name: Full name of the metric.
        labels: Names of its labels.
    """

    kind = "counter"

    def __init__(self, name: str, labels: tuple[str, ...]) -> None:
        self.name = name
        self._labels = labels
        self._values: dict[tuple[str, ...], float] = {}
        self._lock = threading.Lock()

    def add(self, *labels: str, amount: float = 1) -> None:
        """Adds `amount` to the counter with these values of the labels."""
        with self._lock:
            labels = _bound(labels, self._values)
            self._values[labels] = self._values.get(labels, 0) + amount

    def values(self) -> list[Any]:
        """Returns labels and value of each combination, as JSON."""
        with self._lock:
            return [[list(labels), value] for labels, value in self._values.items()]

    def add_values(self, values: Iterable[Any]) -> None:
        """Adds what `values` of another process returned."""
        for labels, value in values:
            self.add(*labels, amount=value)

    def lines(self) -> Iterable[str]:
        """Returns one line of text for each combination of labels."""
        with self._lock:
            values = dict(self._values)
        for labels, value in values.items():
            yield f"{self.name}{_write_labels(zip(self._labels, labels, strict=True))} {value:g}"


class Histogram:
    """Counts of values below growing bounds, one set for each combination of labels.

    Args:
        name: Full name of the metric.
        labels: Names of its labels.
        bounds: Upper bounds of the buckets; one for everything above follows.
    """

    kind = "histogram"

    def __init__(
        self,
        name: str,
        labels: tuple[str, ...],
        bounds: tuple[float, ...] = _LATENCY_BOUNDS,
    ) -> None:
        self.name = name
        self._labels = labels
        self._bounds = bounds
        self._counts: dict[tuple[str, ...], list[int]] = {}
        self._sums: dict[tuple[str, ...], float] = {}
        self._lock = threading.Lock()

    def observe(self, *labels: str, value: float) -> None:
        """Records one value under these values of the labels."""
        with self._lock:
            labels = _bound(labels, self._counts)
            counts = self._counts.setdefault(labels, [0] * (len(self._bounds) + 1))
            counts[bisect.bisect_right(self._bounds, value)] += 1
            self._sums[labels] = self._sums.get(labels, 0.0) + value

    def values(self) -> list[Any]:
        """Returns labels, counts and sum of each combination, as JSON."""
        with self._lock:
            return [
                [list(labels), list(counts), self._sums[labels]]
                for labels, counts in self._counts.items()
            ]

    def add_values(self, values: Iterable[Any]) -> None:
        """Adds what `values` of another process returned."""
        with self._lock:
            for names, added, total in values:
                labels = _bound(tuple(names), self._counts)
                counts = self._counts.setdefault(labels, [0] * len(added))
                self._counts[labels] = [a + b for a, b in zip(counts, added, strict=True)]
                self._sums[labels] = self._sums.get(labels, 0.0) + total

    def lines(self) -> Iterable[str]:
        """Returns the cumulative counts, the sum and the number of values."""
        with self._lock:
            counts = {labels: list(values) for labels, values in self._counts.items()}
            sums = dict(self._sums)
        for labels, values in counts.items():
            named = list(zip(self._labels, labels, strict=True))
            total = 0
            for bound, count in zip((*self._bounds, float("inf")), values, strict=True):
                total += count
                shown = "+Inf" if bound == float("inf") else f"{bound:g}"
                yield f"{self.name}_bucket{_write_labels([*named, ('le', shown)])} {total}"
            yield f"{self.name}_sum{_write_labels(named)} {sums[labels]:g}"
            yield f"{self.name}_count{_write_labels(named)} {total}"


class Metrics:
    """Everything that the server counts; safe from many threads.

    Latencies are in microseconds. `request_latency` is that of a whole request,
    `runtime_latency` that of a run of the session, `queuing_latency` the time that a
    request waits for its batch.
    """

    def __init__(self) -> None:
        path = ":tensorflow:serving:"
        sizes = tuple(float(2**k) for k in range(14))
        self.request_count = Counter(f"{path}request_count", ("model_name", "status"))
        self.request_latency = Histogram(
            f"{path}request_latency", ("model_name", "API", "entrypoint")
        )
        self.runtime_latency = Histogram(f"{path}runtime_latency", ("model_name", "API", "runtime"))
        self.warm_up_latency = Histogram(f"{path}model_warmup_latency", ("model_path", "status"))
        self.queuing_latency = Histogram(
            f"{path}batching_session:queuing_latency",
            ("thread_pool_name",),
            tuple(100 * 1.2**k for k in range(52)),
        )
        self.input_batch_size = Histogram(f"{path}batching_session:input_batch_size", (), sizes)
        self.padding_size = Histogram(
            f"{path}batching_session:padding_size", ("execution_batch_size",), sizes
        )
        self.processed_batch_size = Histogram(
            f"{path}batching_session:processed_batch_size", (), sizes
        )

    def values(self) -> dict[str, Any]:
        """Returns all metrics as JSON."""
        return {name: metric.values() for name, metric in vars(self).items()}

    def add(self, values: Mapping[str, Any]) -> None:
        """Adds what `values` of another process returned."""
        for name, added in values.items():
            getattr(self, name).add_values(added)

    def text(self) -> str:
        """Returns all metrics in the Prometheus text format."""
        lines = []
        for metric in vars(self).values():
            lines += [f"# TYPE {metric.name} {metric.kind}", *metric.lines()]
        return "\n".join(lines) + "\n"


def _bound(labels: tuple[str, ...], recorded: Collection[tuple[str, ...]]) -> tuple[str, ...]:
    """Cuts long labels, and puts those beyond the largest number of combinations together.

    A last resort: clients must not choose labels at all, for then those that come first would
    push out those that are served.
    """
    if labels in recorded:
        return labels
    labels = tuple(label[:_LONGEST_LABEL] for label in labels)
    if labels in recorded or len(recorded) < _MOST_COMBINATIONS:
        return labels
    return (OTHER,) * len(labels)


def _write_labels(labels: Iterable[tuple[str, str]]) -> str:
    inside = ",".join(f'{name}="{_escape(value)}"' for name, value in labels)
    return f"{{{inside}}}" if inside else ""


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def microseconds(seconds: float) -> float:
    """Converts seconds to the unit of all latencies."""
    return seconds * 1e6
