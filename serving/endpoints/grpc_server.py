"""The gRPC endpoint: services, health, TLS, limits.

Requests arrive as bytes and answers leave as bytes, so that a broken message is answered
with one line and a large answer is written only once.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import grpc
from google.protobuf.message import DecodeError, Message

from serving.configuration.options import TlsFiles
from serving.endpoints import health, model_service, prediction_service
from serving.endpoints.access_log import request_id
from serving.endpoints.listening import bound_socket
from serving.endpoints.service import Service
from serving.status import Code, StatusError

_CODES = {Code(code.value[0]): code for code in grpc.StatusCode}
_LONGEST_MESSAGE = 1024
_Methods = dict[str, tuple[type, Callable[..., Any]]]
# Whoever watches over the server needs no token.
_OPEN = f"/{health.SERVICE}/"
_HEALTH_NAMES = ("", "ModelService", "PredictionService", prediction_service.SERVICE)


class GrpcServer:
    """Listens for gRPC.

    Args:
        service: Models, metrics and limits.
        host: Address to listen on.
        port: Port; 0 for any free one.
        tls: Key and certificates; None for plain text.
        with_health: Whether the standard health service is there.
        with_reflection: Whether the reflection service is there.
        as_content: Whether tensors are written as raw memory instead of typed fields.
        socket: UNIX socket to listen on, too; None for none.
        arguments: Arguments of the gRPC server, by name.
        is_shared: Whether other processes listen on the same port.

    Raises:
        OSError: The port is taken, the address unknown, or gRPC refuses the certificates.
    """

    def __init__(
        self,
        service: Service,
        host: str,
        port: int,
        *,
        tls: TlsFiles | None = None,
        with_health: bool = True,
        with_reflection: bool = False,
        as_content: bool = False,
        socket: str | None = None,
        arguments: Mapping[str, int | str] | None = None,
        is_shared: bool = False,
    ) -> None:
        usual = dict(_options(service.limits.max_request_bytes, is_shared=is_shared))
        options = usual | dict(arguments or {})
        self._is_shared = is_shared
        self._server = grpc.aio.server(options=list(options.items()))
        predictions = prediction_service.PredictionService(service, as_content=as_content)
        management = model_service.ModelService(service)
        self._health = health.HealthService(_HEALTH_NAMES)
        self._calls = _Calls(service)
        self._add(prediction_service.SERVICE, predictions.methods)
        self._add(model_service.SERVICE, management.methods)
        if with_health:
            self._add(health.SERVICE, self._health.methods, self._health.streams)
        if with_reflection:
            self._add_reflection(with_health=with_health)
        self.port = self._listen(f"[{host}]:{port}" if ":" in host else f"{host}:{port}", tls)
        if socket is not None:
            self._listen(f"unix:{socket}", tls)

    async def start(self) -> None:
        """Starts to answer."""
        await self.announce(ready=False)
        await self._server.start()

    async def announce(self, *, ready: bool) -> None:
        """Tells health checks whether every model answers."""
        await self._health.announce(ready=ready)

    async def stop(self, seconds: float) -> None:
        """Refuses new requests and ends once those in flight are answered.

        Whoever asks for nothing, or has not said what, is not waited for.

        Args:
            seconds: Time that they have for it.
        """
        stopping = asyncio.create_task(self._server.stop(seconds))
        await self._health.close()
        await self._calls.all_answered(seconds)
        await self._server.stop(None)
        await stopping

    def _add(self, service: str, methods: _Methods, streams: _Methods | None = None) -> None:
        handlers = {
            name: grpc.unary_unary_rpc_method_handler(
                self._calls.handler(f"/{service}/{name}", message, answer)
            )
            for name, (message, answer) in methods.items()
        }
        for name, (message, answer) in (streams or {}).items():
            handlers[name] = grpc.unary_stream_rpc_method_handler(_stream(message, answer))
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(service, handlers),)
        )

    def _add_reflection(self, *, with_health: bool) -> None:
        # Only here: the package need not be there otherwise.
        from serving.endpoints import reflection

        services = [prediction_service.SERVICE, model_service.SERVICE]
        service = reflection.ReflectionService(services + [health.SERVICE] * with_health)
        handler = grpc.stream_stream_rpc_method_handler(self._calls.admitted(service.answers))
        self._server.add_generic_rpc_handlers(
            (
                grpc.method_handlers_generic_handler(
                    reflection.SERVICE, {reflection.METHOD: handler}
                ),
            )
        )

    def _listen(self, address: str, tls: TlsFiles | None) -> int:
        try:
            if tls is None:
                return self._server.add_insecure_port(address)
            return self._server.add_secure_port(address, _credentials(tls))
        except RuntimeError as error:
            # It ends in the event loop, which is there now, and not when the process ends.
            del self._server
            # gRPC does not tell why.
            if not address.startswith("unix:"):
                host, _, port = address.rpartition(":")
                bound_socket(host.strip("[]"), int(port), is_shared=self._is_shared).close()
            reason = str(error) if tls is None else "gRPC refuses its key or certificates"
            raise OSError(f"Port {address} cannot be listened on: {reason}.") from None


def _options(max_request_bytes: int, *, is_shared: bool) -> list[tuple[str, Any]]:
    return [
        ("grpc.max_receive_message_length", max_request_bytes),
        ("grpc.max_send_message_length", -1),
        # Two servers that share a port unasked would each answer half of the requests.
        ("grpc.so_reuseport", int(is_shared)),
        # Connections of clients that vanished are closed.
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
        ("grpc.server_handshake_timeout_ms", 20_000),
    ]


def _credentials(tls: TlsFiles) -> grpc.ServerCredentials:
    return grpc.ssl_server_credentials(
        [(tls.server_key, tls.server_certificate)],
        root_certificates=tls.custom_ca or None,
        require_client_auth=tls.client_verify,
    )


class _Calls:
    """The calls that are being answered, from their message to the last byte of the answer."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._n_open = 0

    def handler(
        self, method: str, message: type[Message], answer: Callable[..., Awaitable[bytes]]
    ) -> Callable[..., Awaitable[bytes]]:
        """Returns what turns the bytes of a message into those of its answer.

        Args:
            method: Path of the method.
            message: Type of its message.
            answer: Answers it.
        """

        async def handle(body: bytes, context: grpc.aio.ServicerContext) -> bytes:
            self._n_open += 1
            context.add_done_callback(self._close)
            started, code, result = time.monotonic(), Code.CANCELLED, b""
            headers, failure = _headers(context), None
            try:
                if self._service.tokens is not None and not method.startswith(_OPEN):
                    self._service.tokens.admit(headers.get("authorization"))
                result = await answer(_parse(message, body), context.time_remaining())
                code = Code.OK
            except StatusError as error:
                code, failure = error.code, error
            finally:
                if self._service.log is not None:
                    self._service.log.add(
                        request_id=request_id(headers.get),
                        api="GRPC",
                        request=method,
                        status=code.name,
                        seconds=time.monotonic() - started,
                        bytes_in=len(body),
                        bytes_out=len(result),
                        client=context.peer(),
                    )
            return result if failure is None else await _abort(context, failure)

        return handle

    def admitted(
        self, answers: Callable[[AsyncIterator[bytes]], AsyncIterator[bytes]]
    ) -> Callable[..., AsyncIterator[bytes]]:
        """Returns what answers streams of messages of clients that hold a token.

        Args:
            answers: Answers them.
        """

        async def handle(
            bodies: AsyncIterator[bytes], context: grpc.aio.ServicerContext
        ) -> AsyncIterator[bytes]:
            try:
                if self._service.tokens is not None:
                    self._service.tokens.admit(_headers(context).get("authorization"))
                async for answer in answers(bodies):
                    yield answer
            except StatusError as error:
                await _abort(context, error)

        return handle

    async def all_answered(self, seconds: float) -> None:
        """Waits until no call is open, or so many seconds."""
        deadline = time.monotonic() + seconds
        n_before = -1
        # Twice nothing: what has arrived in full may not have been looked at yet.
        while (self._n_open or n_before) and time.monotonic() < deadline:
            n_before = self._n_open
            await asyncio.sleep(0.02)

    def _close(self, context: grpc.aio.ServicerContext) -> None:
        self._n_open -= 1


def _headers(context: grpc.aio.ServicerContext) -> dict[str, str]:
    pairs = context.invocation_metadata() or ()
    return {name: value for name, value in pairs if isinstance(value, str)}


def _stream(
    message: type[Message], answers: Callable[..., AsyncIterator[bytes]]
) -> Callable[..., AsyncIterator[bytes]]:
    async def handle(body: bytes, context: grpc.aio.ServicerContext) -> AsyncIterator[bytes]:
        try:
            async for answer in answers(_parse(message, body)):
                yield answer
        except StatusError as error:
            await _abort(context, error)

    return handle


def _parse(message: type[Message], body: bytes) -> Message:
    try:
        return message.FromString(body)
    except DecodeError:
        raise StatusError(
            Code.INTERNAL, f"Request is no valid {message.DESCRIPTOR.name}."
        ) from None


async def _abort(context: grpc.aio.ServicerContext, error: StatusError) -> Any:
    text = error.message
    if len(text) > _LONGEST_MESSAGE:
        text = f"{text[:_LONGEST_MESSAGE]}...TRUNCATED"
    return await context.abort(_CODES[error.code], text)
