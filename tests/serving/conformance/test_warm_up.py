"""Warm-up records are replayed before a version is announced, and may refuse it."""

import numpy as np
import pytest
import tensorflow as tf

from tests.serving.running_server import error_of, wait_for

ROW = {"x": np.float32([0])}


def calls(server, model):
    return int(tf.make_ndarray(server.predict(model, ROW).outputs["calls"])[0])


def test_records_are_replayed_once_before_the_first_request(server):
    assert calls(server, "warm") == 4
    assert calls(server, "warm") == 5


def test_version_without_records_starts_cold(server):
    assert calls(server, "cold") == 1


def test_flag_switches_the_warm_up_off(batching_server):
    assert calls(batching_server, "warm") == 1


REFUSED = [
    ("warm_bad_request", 9, 'Serving signature key "absent" not found.'),
    ("warm_bad_record", 3, "Failed to parse warmup record: "),
    ("warm_no_records", 15, "Please verify your warmup data is in TFRecord format."),
    ("warm_too_many", 3, "Number of warmup records exceeds the maximum (1000) at "),
]


@pytest.mark.parametrize(("model", "code", "message"), REFUSED)
def test_failing_records_fail_the_load(server, model, code, message):
    # There is a second attempt.
    wait_for(lambda: server.status(model)[1][0] == "END")
    ((version, (_, found_code, found_message)),) = server.status(model).items()
    assert version == 1
    assert (found_code, message in found_message) == (code, True), found_message
    expected = ("NOT_FOUND", f"Servable not found for request: Latest({model})")
    assert error_of(server.predict, model, ROW) == expected
