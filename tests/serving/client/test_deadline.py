"""Which errors are tried again, and that every call ends with its deadline."""

import time

import pytest

from qtf.physics import printed_state
from serving.client import Client, Code, ServingError
from tests.serving.client.fakes import VERSION, Refusal


@pytest.mark.parametrize("code", [Code.UNAVAILABLE, Code.RESOURCE_EXHAUSTED])
def test_transient_errors_are_retried(client, served, code):
    served[2].faults.extend([Refusal(code), Refusal(code)])
    assert client.rollout(printed_state(2), 1).psi.shape == (2, 4)
    assert len(served[2].seen) == 3


@pytest.mark.parametrize(
    "code", [Code.INTERNAL, Code.DEADLINE_EXCEEDED, Code.ABORTED, Code.UNIMPLEMENTED]
)
def test_other_errors_are_not_retried(client, served, code):
    served[2].faults.append(Refusal(code))
    with pytest.raises(ServingError) as caught:
        client.status()
    assert (caught.value.code, caught.value.message) == (code, "refused by the test")
    assert len(served[2].seen) == 1


def test_transient_errors_end_with_the_deadline(served):
    served[2].faults.extend([Refusal(Code.UNAVAILABLE, "busy")] * 99)
    start = time.monotonic()
    with Client(served[1], timeout=0.6) as client, pytest.raises(ServingError) as caught:
        client.rollout(printed_state(2), 1)
    assert time.monotonic() - start < 1.0
    attempts = len(served[2].seen)
    assert 2 <= attempts <= 4
    assert str(caught.value) == f"UNAVAILABLE: busy ({attempts} attempts)"


def test_slow_server_is_left_at_the_deadline(served):
    served[2].delay = 2.0
    start = time.monotonic()
    with Client(served[1], timeout=0.3) as client, pytest.raises(ServingError) as caught:
        client.rollout(printed_state(2), 1)
    assert caught.value.code == Code.DEADLINE_EXCEEDED
    assert 0.25 < time.monotonic() - start < 1.5


@pytest.mark.parametrize("scheme", ["", "http://"])
def test_absent_server_is_unavailable_at_the_deadline(free_port, scheme):
    start = time.monotonic()
    with (
        Client(f"{scheme}127.0.0.1:{free_port}", timeout=0.5) as client,
        pytest.raises(ServingError, match=r"UNAVAILABLE: .*[Cc]onnection refused.*attempts"),
    ):
        client.status()
    assert time.monotonic() - start < 1.0


def test_waiting_ends_when_the_model_is_served(served):
    served[2].faults.extend([Refusal(Code.NOT_FOUND, "not yet"), Refusal(Code.UNAVAILABLE)])
    with Client(served[1]) as client:
        assert client.wait_until_ready(5.0) == VERSION
    assert len(served[2].seen) == 3


def test_waiting_for_a_label_ends_when_the_server_knows_it(served):
    served[2].faults.append(Refusal(Code.INVALID_ARGUMENT, "Unrecognized servable version label"))
    with Client(served[1], label="stable") as client:
        assert client.wait_until_ready(5.0) == VERSION


def test_waiting_in_vain_says_why(served):
    with Client(served[1], model="other") as client, pytest.raises(ServingError) as caught:
        client.wait_until_ready(0.5)
    assert caught.value.code == Code.NOT_FOUND
    assert "Not ready after 0.5 s: Servable not found" in caught.value.message


def test_waiting_stops_where_it_cannot_help(served):
    served[2].faults.append(Refusal(Code.PERMISSION_DENIED))
    with Client(served[1]) as client, pytest.raises(ServingError, match="PERMISSION_DENIED"):
        client.wait_until_ready(5.0)
    assert len(served[2].seen) == 1
