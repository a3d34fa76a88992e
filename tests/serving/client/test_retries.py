"""When something is asked again: the policy alone, without a server."""

import time

import pytest

from serving.client import Client, Code, RetryPolicy, ServingError
from serving.client.deadline import Deadline
from serving.client.retries import Attempts

BUSY = ServingError(Code.UNAVAILABLE, "busy", is_transient=True)


def pauses(attempts, count):
    return [attempts.pause_after(BUSY) for _ in range(count)]


def test_delays_double_up_to_the_longest_and_are_shortened_by_chance():
    longest = [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    drawn = []
    for _ in range(50):
        attempts = Attempts(RetryPolicy(longest_delay=1.0), Deadline(99.0))
        drawn.append(pauses(attempts, len(longest)))
    for column, most in zip(zip(*drawn, strict=True), longest, strict=True):
        assert most / 2 <= min(column) < 0.6 * most
        assert 0.9 * most < max(column) <= most


def test_attempts_are_counted_and_limited():
    attempts = Attempts(RetryPolicy(max_attempts=3), Deadline(99.0))
    pauses(attempts, 2)
    with pytest.raises(ServingError, match=r"^UNAVAILABLE: busy \(3 attempts\)$") as caught:
        attempts.pause_after(BUSY)
    assert caught.value.is_transient
    once = Attempts(RetryPolicy(max_attempts=1), Deadline(99.0))
    with pytest.raises(ServingError, match="^UNAVAILABLE: busy$"):
        once.pause_after(BUSY)


def test_nothing_begins_after_the_deadline():
    attempts = Attempts(RetryPolicy(first_delay=5.0), Deadline(2.0))
    with pytest.raises(ServingError, match="busy"):
        attempts.pause_after(BUSY)


def test_lasting_errors_are_asked_again_only_where_they_are_awaited():
    missing = ServingError(Code.NOT_FOUND, "not yet")
    with pytest.raises(ServingError, match="^NOT_FOUND: not yet$"):
        Attempts(RetryPolicy(), Deadline(9.0)).pause_after(missing)
    assert Attempts(RetryPolicy(), Deadline(9.0), {Code.NOT_FOUND}).pause_after(missing) > 0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"first_delay": 0}, "Argument `first_delay` must be positive and finite, but is 0."),
        ({"longest_delay": "1"}, "Argument `longest_delay` must be positive and finite, but is '1"),
        ({"max_attempts": 0}, "Argument `max_attempts` must be an integer of at least 1, but is 0"),
    ],
)
def test_policies_that_are_none_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        RetryPolicy(**values)


def test_client_takes_a_policy_only():
    with pytest.raises(ValueError, match=r"Argument `retry` must be a RetryPolicy, but is 3\."):
        Client("http://127.0.0.1:1", retry=3)


def test_a_pause_beyond_the_deadline_tells_the_last_error():
    attempts = Attempts(RetryPolicy(first_delay=1e-3), Deadline(0.05))
    attempts.check_time(BUSY)
    attempts.pause_after(BUSY)
    attempts.check_time(BUSY)
    time.sleep(0.06)
    with pytest.raises(ServingError, match=BUSY.message):
        attempts.check_time(BUSY)
