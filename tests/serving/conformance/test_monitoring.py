"""Prometheus metrics under the names of the stock server."""

import re

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.serving.running_server import error_of

PATH = "/monitoring/prometheus/metrics"
COUNT = ":tensorflow:serving:request_count"
# The parser calls every counter so.
PARSED_COUNT = f"{COUNT}_total"
LATENCY = ":tensorflow:serving:request_latency"
RUNTIME = ":tensorflow:serving:runtime_latency"
WARM_UP = ":tensorflow:serving:model_warmup_latency"
ZERO = {"x": np.float32([0])}
BY_GRPC = {"model_name": "half", "API": "Predict", "entrypoint": "GRPC"}
BY_REST = {"model_name": "half", "API": "predict", "entrypoint": "REST"}


def page(server, path=PATH):
    answer = server.rest("GET", path)
    assert answer.status == 200
    return answer.text


def samples(server):
    """Returns {(name, labels): value} of the page, read by the parser of Prometheus."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page(server))
        for sample in family.samples
    }


def value(found, name, labels):
    return found.get((name, frozenset(labels.items())), 0.0)


def count(found, status, model="half"):
    return value(found, PARSED_COUNT, {"model_name": model, "status": status})


def test_page_is_plain_text_with_types(server):
    server.predict("half", ZERO)
    answer = server.rest("GET", PATH)
    assert answer.headers["content-type"].startswith("text/plain")
    assert f"# TYPE {COUNT} counter\n" in answer.text
    assert f"# TYPE {LATENCY} histogram\n" in answer.text
    assert f"# TYPE {RUNTIME} histogram\n" in answer.text
    assert answer.text.endswith("\n")


@pytest.mark.parametrize(
    ("ask", "labels"),
    [
        (lambda server: server.predict("half", ZERO), BY_GRPC),
        (lambda server: server.post("half:predict", {"instances": [0]}), BY_REST),
    ],
)
def test_successful_request_is_counted_and_timed(server, ask, labels):
    before = samples(server)
    ask(server)
    after = samples(server)
    assert count(after, "OK") == count(before, "OK") + 1
    runtime = {"model_name": "half", "API": "Predict", "runtime": "TF1"}
    for name, chosen in ((LATENCY, labels), (RUNTIME, runtime)):
        new = value(after, f"{name}_count", chosen) - value(before, f"{name}_count", chosen)
        spent = value(after, f"{name}_sum", chosen) - value(before, f"{name}_sum", chosen)
        assert new == 1
        # Microseconds: a request takes more than one and less than a minute.
        assert 1 < spent < 60e6


@pytest.mark.parametrize(
    ("ask", "status"),
    [
        (lambda server: error_of(server.predict, "half", {}), "INVALID_ARGUMENT"),
        (
            lambda server: error_of(server.predict, "half", ZERO, signature="no"),
            "FAILED_PRECONDITION",
        ),
        (lambda server: error_of(server.predict, "half", ZERO, version=9), "NOT_FOUND"),
        (lambda server: server.post("half:predict", {"instances": ["x"]}), "INVALID_ARGUMENT"),
        (lambda server: server.post("half/versions/9:predict", {"instances": [0]}), "NOT_FOUND"),
    ],
)
def test_failed_request_is_counted_by_its_code_and_not_timed(server, ask, status):
    before = samples(server)
    ask(server)
    after = samples(server)
    assert count(after, status) == count(before, status) + 1
    assert count(after, "OK") == count(before, "OK")
    for labels in (BY_GRPC, BY_REST):
        name = f"{LATENCY}_count"
        assert value(after, name, labels) == value(before, name, labels)


def test_models_that_nobody_serves_are_counted_together(server):
    server.predict("half", ZERO)
    before = samples(server)
    for k in range(20):
        assert server.post(f"guess{k}:predict", {"instances": [0]}).status == 404
        assert error_of(server.predict, f"guess{k}", ZERO)[0] == "NOT_FOUND"
    server.predict("half", ZERO)
    after = samples(server)
    assert count(after, "NOT_FOUND", "(other)") == count(before, "NOT_FOUND", "(other)") + 40
    assert count(after, "OK") == count(before, "OK") + 1
    assert "guess" not in page(server)


def test_latency_buckets_grow_by_1_8_from_10_microseconds(server):
    server.predict("half", ZERO)
    text = re.findall(rf"^{LATENCY}_bucket\{{(.*)\}} (\d+)", page(server), re.MULTILINE)
    mine = [
        (labels, int(number))
        for labels, number in text
        if '"GRPC"' in labels and '"half"' in labels
    ]
    limits = [re.search('le="(.*?)"', labels)[1] for labels, _ in mine]
    assert limits[:4] == ["10", "18", "32.4", "58.32"]
    assert limits[-1] == "+Inf"
    assert len(limits) == 34
    np.testing.assert_allclose(
        [float(limit) for limit in limits[:-1]], 10 * 1.8 ** np.arange(33), rtol=1e-5
    )
    numbers = [number for _, number in mine]
    assert numbers == sorted(numbers)
    assert numbers[-1] == value(samples(server), f"{LATENCY}_count", BY_GRPC)


def test_warm_up_is_timed(server, models):
    labels = {"model_path": str(models.root / "warm" / "1"), "status": "OK"}
    assert value(samples(server), f"{WARM_UP}_count", labels) == 1


def test_path_comes_from_the_configuration(batching_server):
    batching_server.predict("half", ZERO)
    assert COUNT in page(batching_server, "/my/metrics")
    assert batching_server.rest("GET", PATH).status == 404


def test_batching_is_measured(batching_server):
    batching_server.predict("half", ZERO)
    text = page(batching_server, "/my/metrics")
    for name in ("queuing_latency", "padding_size", "input_batch_size", "processed_batch_size"):
        assert f"# TYPE :tensorflow:serving:batching_session:{name} histogram\n" in text
