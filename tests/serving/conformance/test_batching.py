"""Requests joined into batches: same answers, the limits, and the errors of the stock server."""

import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import grpc
import numpy as np
import pytest
import tensorflow as tf

from tests.serving.running_server import error_of

ROW = {"x": np.float32([1.0])}


def rows(values):
    return {"x": np.asarray(values, np.float32)}


def found(answer, name="y"):
    return tf.make_ndarray(answer.outputs[name])


def at_once(function, arguments):
    """Returns the results of calls that are all under way together."""
    arguments = list(arguments)
    with ThreadPoolExecutor(len(arguments)) as pool:
        return list(pool.map(function, arguments))


def test_every_client_gets_its_own_rows(batching_server):
    random = np.random.default_rng(0)
    # Few enough rows for the queue, however they are packed.
    for sizes in ([1, 2, 1, 3], [1] * 6, [4, 4, 4], [2, 1, 2, 1]):
        requests = [random.normal(size=size) for size in sizes]
        answers = at_once(lambda x: found(batching_server.predict("half", rows(x))), requests)
        for values, answer in zip(requests, answers, strict=True):
            np.testing.assert_array_equal(answer, np.float32(values) / 2 + 3)


def test_answers_equal_those_without_batching(batching_server, server):
    requests = [[[1.5, 2.0]], [[0.1, -7.0], [3.0, 4.0]], [[5.0, 6.0]] * 3, [[8.0, 9.0]] * 4]

    def ask(chosen):
        return at_once(
            lambda values: found(chosen.predict("zoo", rows(values), signature="matrix")), requests
        )

    for joined, alone in zip(ask(batching_server), ask(server), strict=True):
        np.testing.assert_array_equal(joined, alone)


def test_requests_that_come_together_share_a_run(batching_server):
    def calls(_):
        return int(found(batching_server.predict("cold", ROW), "calls")[0])

    numbers = at_once(calls, range(4))
    # The model counts its runs, and all rows of one run see the same count.
    assert len(set(numbers)) < 4
    batch, count = Counter(numbers).most_common(1)[0]
    assert 2 <= count <= 4


def test_only_a_batch_with_room_waits_for_company(batching_server):
    def seconds(size):
        started = time.monotonic()
        batching_server.predict("half", rows([0] * size))
        return time.monotonic() - started

    # The file says 0.1 s and four rows.
    assert seconds(1) > 0.09
    assert min(seconds(4) for _ in range(5)) < 0.09


def test_rows_of_both_protocols_are_served(batching_server):
    answer = batching_server.post("half:predict", {"instances": [0, 1, 2]})
    assert json.loads(answer.text) == {"predictions": [3.0, 3.5, 4.0]}


def test_shapes_that_differ_are_not_mixed(batching_server):
    requests = [np.full((1, width), width) for width in (1, 2, 2, 1)]
    answers = at_once(lambda value: found(batching_server.predict("zoo", rows(value))), requests)
    for value, answer in zip(requests, answers, strict=True):
        np.testing.assert_array_equal(answer, value)


def test_signatures_versions_and_filters_are_not_mixed(batching_server):
    def ask(number):
        if number % 3 == 0:
            return found(batching_server.predict("half", rows([4.0]), version=1))[0]
        if number % 3 == 1:
            return found(batching_server.predict("half", rows([4.0]), signature="twice"))[0]
        inputs = {"a": np.float32([number]), "b": np.float32([1])}
        chosen = {"signature": "pair", "output_filter": ["difference"]}
        answer = batching_server.predict("zoo", inputs, **chosen)
        assert list(answer.outputs) == ["difference"]
        return found(answer, "difference")[0]

    expected = [[3.0, 8.0, number - 1.0][number % 3] for number in range(12)]
    assert at_once(ask, range(12)) == expected


def test_strings_and_typed_rows_are_joined(batching_server):
    def ask(text):
        return list(found(batching_server.predict("zoo", {"x": text}, signature="echo_string")))

    texts = [np.array([f"{number}" * number], object) for number in range(6)]
    assert at_once(ask, texts) == [[text[0].encode()] for text in texts]


ERRORS = [
    (
        "echo_float",
        rows([1] * 5),
        "INVALID_ARGUMENT",
        "Task size 5 is larger than maximum input batch size 4",
    ),
    (
        "pair",
        {"a": np.float32([1, 2]), "b": np.float32([1])},
        "INVALID_ARGUMENT",
        "Batching Run() input tensors must have equal 0th-dimension size",
    ),
    (
        "echo_float",
        {"x": np.float32(1)},
        "INVALID_ARGUMENT",
        "Batching Run() input tensors must have at least one dimension",
    ),
    ("constant", {}, "INVALID_ARGUMENT", "Batching Run() must have at least one input tensor"),
    ("scalar", rows([1]), "FAILED_PRECONDITION", "Batched output tensor has 0 dimensions"),
    (
        "uneven",
        rows([1]),
        "FAILED_PRECONDITION",
        "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension sizes "
        "of the input tensors",
    ),
]


@pytest.mark.parametrize(("signature", "inputs", "code", "message"), ERRORS)
def test_request_that_cannot_be_batched(batching_server, signature, inputs, code, message):
    found_code, text = error_of(batching_server.predict, "zoo", inputs, signature=signature)
    # The numbers may follow.
    assert (found_code, text[: len(message)]) == (code, message)
    np.testing.assert_array_equal(found(batching_server.predict("zoo", ROW)), [1])


def test_request_that_is_too_large_over_rest(batching_server):
    answer = batching_server.post("half:predict", {"instances": [0] * 5})
    assert answer.status == 400
    assert "Task size 5 is larger than maximum input batch size 4" in answer.text


def test_filter_makes_an_awkward_signature_batchable(batching_server):
    answer = batching_server.predict("zoo", rows([1, 2]), signature="scalar", output_filter=["y"])
    np.testing.assert_array_equal(found(answer), [2, 3])


def test_error_of_the_graph_reaches_the_client_and_the_next_is_served(batching_server):
    code, message = error_of(batching_server.predict, "zoo", rows([-1]), signature="checked")
    assert code == "INVALID_ARGUMENT"
    assert "Input `x` must not be negative." in message
    answer = batching_server.predict("zoo", rows([4]), signature="checked")
    np.testing.assert_array_equal(found(answer), [2])


def test_queue_that_is_full_refuses_at_once(batching_server):
    inputs = {"x": np.ones(4, np.float32), "n": np.full(4, 60_000, np.int32)}

    def ask(_):
        try:
            return len(found(batching_server.predict("zoo", inputs, signature="slow")))
        except grpc.RpcError as error:
            return error.code().name, error.details()

    # Two run, four wait, and there is no place for the others.
    answers = Counter(at_once(ask, range(12)))
    message = "The batch scheduling queue to which this task was submitted is full"
    assert set(answers) == {4, ("UNAVAILABLE", message)}
    assert answers[4] >= 4


def test_rest_request_that_takes_too_long_is_a_gateway_timeout(batching_server):
    row = {"x": 1.0, "n": 2_000_000}
    started = time.monotonic()
    answer = batching_server.post("zoo:predict", {"signature_name": "slow", "instances": [row]})
    assert answer.status == 504
    assert json.loads(answer.text)["error"]
    assert 1.4 < time.monotonic() - started < 4
    assert batching_server.post("half:predict", {"instances": [0]}).status == 200
