"""What only the REST transport does: connections, and answers of all kinds."""

import socket
import time

import numpy as np
import pytest

from qtf.physics import printed_state
from serving.client import Client, RetryPolicy, ServingError
from tests.serving.client.fakes import VERSION, FakeModel, grpc_server, rest_server


def test_not_a_number_passes_over_rest(rest):
    client, model = rest
    model.spoil = lambda outputs: {k: np.full_like(v, np.nan) for k, v in outputs.items()}
    assert np.isnan(client.rollout(printed_state(2), 1).psi).all()
    with pytest.raises(ServingError, match="must be finite"):
        client.rollout([np.nan, np.inf, -1e99, 0.0], 1)
    assert str(model.seen[-1].inputs["psi0_re"]) == "[[nan, inf, -inf, 0.0]]"


def test_connection_is_kept_between_requests(rest):
    client, model = rest
    for _ in range(3):
        client.status()
    assert len({id(seen.connection) for seen in model.seen}) == 1


def test_connection_that_idled_too_long_is_replaced_at_once():
    model = FakeModel()
    once = RetryPolicy(max_attempts=1)
    with rest_server(model) as address, Client(address, retry=once) as client:
        client.status()
        model.seen[0].connection.shutdown(socket.SHUT_RDWR)
        client.status()
        assert len(model.seen) == 2


def _hang_up(handler):
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def _break_off(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")
    _hang_up(handler)


@pytest.mark.parametrize("fault", [_hang_up, _break_off])
def test_lost_connection_is_retried(rest, fault):
    client, model = rest
    model.faults.append(fault)
    assert client.status()
    assert len(model.seen) == 2


def test_answer_byte_by_byte_ends_with_the_deadline():
    def drip(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for byte in b"X-Slow: " + b"." * 200:
            handler.wfile.write(bytes([byte]))
            time.sleep(0.02)

    model = FakeModel()
    model.faults.append(drip)
    start = time.monotonic()
    with (
        rest_server(model) as address,
        Client(address, timeout=0.4) as client,
        pytest.raises(ServingError, match=r"DEADLINE_EXCEEDED: No answer from localhost:\d+ in"),
    ):
        client.status()
    assert time.monotonic() - start < 1.5


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [
        (502, b"<html>Bad\n gateway</html>", "UNAVAILABLE: HTTP status 502: <html>Bad gateway"),
        (418, b"", "UNKNOWN: HTTP status 418: I'm a Teapot"),
        (413, b'{"error": "too long"}', "RESOURCE_EXHAUSTED: too long"),
        (200, b"<html>", "INTERNAL: The server's answer cannot be used: no JSON."),
        (200, b"[]", "INTERNAL: The server's answer cannot be used: no status"),
        (200, b'{"model_version_status": [{}]}', "cannot be used: no status, KeyError"),
    ],
)
def test_answers_of_something_else_are_named(rest, status, body, text):
    client, model = rest
    model.faults.append(lambda handler: handler.reply(status, body))
    with pytest.raises(ServingError, match=text):
        client.status()
    assert len(model.seen) == 1


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"[1]", "no outputs by name"),
        (b'{"outputs": [[1.0]]}', "no outputs by name"),
        (b'{"outputs": {"psi_re": [[1.0], [2.0, 3.0]]}}', "output `psi_re` is no array of numbers"),
    ],
)
def test_predictions_of_another_form_are_named(rest, body, text):
    client, model = rest
    model.faults.append(lambda handler: handler.reply(200, body))
    with pytest.raises(ServingError, match=text):
        client.rollout(printed_state(2), 1)


def test_metadata_without_step_is_named(rest):
    client, model = rest
    body = b'{"model_spec": {"name": "a", "version": "1"}, "metadata": {"signature_def": %s}}'
    for content, text in ((b'{"signature_def": {}}', "no signature `step`"), (b"3", "no metadata")):
        answer = body % content
        model.faults.append(lambda handler, answer=answer: handler.reply(200, answer))
        with pytest.raises(ServingError, match=text):
            client.stream(printed_state(2))


def test_ports_mistaken_for_one_another_are_named():
    with grpc_server(FakeModel()) as address:
        with (
            Client(f"http://{address}", timeout=2) as client,
            pytest.raises(ServingError) as caught,
        ):
            client.status()
        assert "does not speak HTTP" in caught.value.message
    with rest_server(FakeModel()) as address:
        start = time.monotonic()
        with (
            Client(address.replace("http://localhost", "127.0.0.1"), timeout=5) as client,
            pytest.raises(ServingError, match="HTTP/2"),
        ):
            client.status()
        assert time.monotonic() - start < 2


def test_path_of_a_gateway_stands_before_the_routes(rest):
    client, model = rest
    with Client(f"http://{client._transport._address}/team/qtf") as behind:
        assert behind.metadata().version == VERSION
    assert model.seen[-1].path == "/team/qtf/v1/models/ising/metadata"
