import asyncio
import time
from contextlib import asynccontextmanager, suppress
from types import SimpleNamespace

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from serving.configuration.options import Limits, TlsFiles
from serving.endpoints.grpc_server import GrpcServer
from serving.endpoints.listening import bound_socket
from serving.endpoints.service import Service
from serving.metrics import Metrics

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
STATUS = "/tensorflow.serving.ModelService/GetModelStatus"
# Far longer than any test takes.
DRAIN_SECONDS = 20


class Models:
    """No models; whoever asks for the states of one waits for `may_answer`."""

    def __init__(self):
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.asked = asyncio.Event()


async def answer_late(models, request, seconds):
    models.asked.set()
    await models.may_answer.wait()
    return b""


@asynccontextmanager
async def running(monkeypatch):
    """Yields a server, its models and a channel to it."""
    models = Models()
    service = Service(models, Metrics(), Limits())
    monkeypatch.setattr(
        "serving.endpoints.model_service.ModelService.get_model_status",
        lambda self, request, seconds: answer_late(models, request, seconds),
    )
    server = GrpcServer(service, "127.0.0.1", 0)
    await server.start()
    await server.announce(ready=True)
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            yield SimpleNamespace(
                server=server,
                models=models,
                channel=channel,
                health=health_pb2_grpc.HealthStub(channel),
                status=channel.unary_unary(STATUS),
            )
    finally:
        await released(server)


async def released(server):
    """Ends a server while there is an event loop, in which gRPC would end it later."""
    await server.stop(0)
    del server._server
    await asyncio.sleep(0.05)


async def seconds_to_stop(server):
    started = time.monotonic()
    await server.stop(DRAIN_SECONDS)
    return time.monotonic() - started


def run(monkeypatch, test):
    async def main():
        async with running(monkeypatch) as there:
            return await test(there)

    return asyncio.run(asyncio.wait_for(main(), 15))


@pytest.mark.parametrize("service", ["", "PredictionService"])
def test_watch_is_told_every_change_and_ends_with_the_server(monkeypatch, service):
    async def watch(there):
        call = there.health.Watch(health_pb2.HealthCheckRequest(service=service))
        told = [(await call.read()).status]
        await there.server.announce(ready=False)
        told.append((await call.read()).status)
        for ready in (False, True):
            await there.server.announce(ready=ready)
        told.append((await call.read()).status)
        stopping = asyncio.create_task(seconds_to_stop(there.server))
        with suppress(grpc.aio.AioRpcError):
            while (answer := await call.read()) is not grpc.aio.EOF:
                told.append(answer.status)
        return told, await call.code(), await stopping

    told, code, seconds = run(monkeypatch, watch)
    assert told == [SERVING, NOT_SERVING, SERVING, NOT_SERVING]
    assert code is grpc.StatusCode.UNAVAILABLE
    assert seconds < 1


def test_watch_of_an_unknown_service_says_so_and_holds_up_nothing(monkeypatch):
    async def watch(there):
        call = there.health.Watch(health_pb2.HealthCheckRequest(service="nobody"))
        told = (await call.read()).status
        await there.server.announce(ready=False)
        return told, await seconds_to_stop(there.server)

    told, seconds = run(monkeypatch, watch)
    assert told == UNKNOWN
    assert seconds < 1


def test_call_that_never_says_what_it_wants_holds_up_nothing(monkeypatch):
    async def hold(there):
        call = there.channel.stream_unary(STATUS)()
        await call.wait_for_connection()
        await asyncio.sleep(0.1)
        return await seconds_to_stop(there.server)

    assert run(monkeypatch, hold) < 1


def test_answers_in_flight_are_waited_for_and_nothing_after_them(monkeypatch):
    async def ask(there):
        watch = there.health.Watch(health_pb2.HealthCheckRequest())
        await watch.read()
        there.models.may_answer.clear()
        asked = there.status(b"")
        await there.models.asked.wait()
        stopping = asyncio.create_task(seconds_to_stop(there.server))
        await asyncio.sleep(0.5)
        early = stopping.done()
        there.models.may_answer.set()
        answered = time.monotonic()
        assert await asked == b""
        await stopping
        return early, time.monotonic() - answered

    early, seconds = run(monkeypatch, ask)
    assert not early
    assert seconds < 1


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("/grpc.health.v1.Health/Check", "HealthCheckRequest"),
        ("/grpc.health.v1.Health/Watch", "HealthCheckRequest"),
        (STATUS, "GetModelStatusRequest"),
    ],
)
def test_bytes_that_are_no_message_are_answered_in_one_line(monkeypatch, caplog, method, message):
    async def ask(there):
        is_stream = method.endswith("Watch")
        kind = there.channel.unary_stream if is_stream else there.channel.unary_unary
        call = kind(method)(b"\xff\xff no message")
        with suppress(grpc.aio.AioRpcError):
            await (call.read() if is_stream else call)
        return await call.code(), await call.details()

    code, details = run(monkeypatch, ask)
    assert code is grpc.StatusCode.INTERNAL
    assert details == f"Request is no valid {message}."
    assert caplog.records == []


def test_taken_port_and_unknown_address_are_told_apart():
    async def listen(host, port, tls=None):
        service = Service(Models(), Metrics(), Limits())
        with pytest.raises(OSError, match=f"Port {host}:{port} cannot be listened on: ") as raised:
            GrpcServer(service, host, port, tls=tls)
        await asyncio.sleep(0.05)
        return str(raised.value)

    taken = bound_socket("127.0.0.1", 0)
    taken.listen()
    port = taken.getsockname()[1]
    assert "Address already in use." in asyncio.run(listen("127.0.0.1", port))
    assert "Cannot assign requested address." in asyncio.run(listen("192.0.2.1", 0))
    taken.close()
    garbage = TlsFiles(b"key", b"certificate", b"", False)
    message = asyncio.run(listen("127.0.0.1", 0, garbage))
    assert message.endswith("gRPC refuses its key or certificates.")
