"""The gRPC endpoint: services, health, TLS, limits.

Requests arrive as bytes and answers leave as bytes, so that a broken message is answered
with one line and a large answer is written only once.
"""

from collections.abc import Callable
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from serving.configuration.options import TlsFiles
from serving.endpoints import model_service, prediction_service
from serving.endpoints.service import Service
from serving.status import Code, StatusError

_CODES = {Code(code.value[0]): code for code in grpc.StatusCode}
_LONGEST_MESSAGE = 1024
_HEALTH_NAMES = ("", "ModelService", "PredictionService", prediction_service.SERVICE)


class GrpcServer:
    """Listens for gRPC.

    Args:
        service: Models, metrics and limits.
        address: `host:port`; port 0 for any free one.
        tls: Key and certificates; None for plain text.
        with_health: Whether the standard health service is there.
        as_content: Whether tensors are written as raw memory instead of typed fields.

    Raises:
        OSError: The port is taken.
    """

    def __init__(
        self,
        service: Service,
        address: str,
        *,
        tls: TlsFiles | None = None,
        with_health: bool = True,
        as_content: bool = False,
    ) -> None:
        self._server = grpc.aio.server(options=_options(service.limits.max_request_bytes))
        predictions = prediction_service.PredictionService(service, as_content=as_content)
        management = model_service.ModelService(service)
        self._server.add_generic_rpc_handlers(
            (
                _handlers(prediction_service.SERVICE, predictions.methods),
                _handlers(model_service.SERVICE, management.methods),
            )
        )
        self._health = health.aio.HealthServicer()
        if with_health:
            health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        self.port = self._listen(address, tls)

    async def start(self) -> None:
        """Starts to answer."""
        await self.announce(ready=False)
        await self._server.start()

    async def announce(self, *, ready: bool) -> None:
        """Tells health checks whether every model answers."""
        serving = health_pb2.HealthCheckResponse.SERVING
        state = serving if ready else health_pb2.HealthCheckResponse.NOT_SERVING
        for name in _HEALTH_NAMES:
            await self._health.set(name, state)

    async def stop(self, seconds: float) -> None:
        """Refuses new requests and ends once those in flight are answered.

        Args:
            seconds: How long they have for it.
        """
        await self._server.stop(seconds)

    def _listen(self, address: str, tls: TlsFiles | None) -> int:
        try:
            if tls is None:
                return self._server.add_insecure_port(address)
            return self._server.add_secure_port(address, _credentials(tls))
        except RuntimeError:
            raise OSError(f"Port {address} cannot be listened on; it may be taken.") from None


def _options(max_request_bytes: int) -> list[tuple[str, Any]]:
    return [
        ("grpc.max_receive_message_length", max_request_bytes),
        ("grpc.max_send_message_length", -1),
        # Two servers on one port would each answer half of the requests.
        ("grpc.so_reuseport", 0),
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


def _handlers(
    service: str, methods: dict[str, tuple[type, Callable[..., Any]]]
) -> grpc.GenericRpcHandler:
    return grpc.method_handlers_generic_handler(
        service,
        {
            name: grpc.unary_unary_rpc_method_handler(_handler(message, answer))
            for name, (message, answer) in methods.items()
        },
    )


def _handler(message: type, answer: Callable[..., Any]) -> Callable[..., Any]:
    async def handle(body: bytes, context: grpc.aio.ServicerContext) -> bytes:
        try:
            return await answer(message.FromString(body), context.time_remaining())
        except StatusError as error:
            code, text = _CODES[error.code], error.message
        except DecodeError:
            code, text = grpc.StatusCode.INTERNAL, f"Request is no valid {message.__name__}."
        if len(text) > _LONGEST_MESSAGE:
            text = f"{text[:_LONGEST_MESSAGE]}...TRUNCATED"
        return await context.abort(code, text)

    return handle
