"""The reflection service of gRPC, by which tools such as grpcurl learn what can be called."""

from collections.abc import AsyncIterator, Iterable

from google.protobuf.message import DecodeError
from grpc_reflection.v1alpha import reflection
from grpc_reflection.v1alpha._async import ReflectionServicer
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest

# What is told of the services stands in these.
from tensorflow_serving.apis import model_service_pb2, prediction_service_pb2  # noqa: F401

from serving.status import Code, StatusError

SERVICE = reflection.SERVICE_NAME
METHOD = "ServerReflectionInfo"


class ReflectionService:
    """Tells the services and their messages; every error is a `StatusError`.

    Args:
        services: Full names of the services.
    """

    def __init__(self, services: Iterable[str]) -> None:
        self._servicer = ReflectionServicer([*services, SERVICE])

    async def answers(self, bodies: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yields the wire format of an answer to each request.

        Raises:
            StatusError: INTERNAL, a request is no message.
        """
        async for answer in self._servicer.ServerReflectionInfo(_requests(bodies), None):
            yield answer.SerializeToString()


async def _requests(bodies: AsyncIterator[bytes]) -> AsyncIterator[ServerReflectionRequest]:
    async for body in bodies:
        try:
            yield ServerReflectionRequest.FromString(body)
        except DecodeError:
            raise StatusError(
                Code.INTERNAL, "Request is no valid ServerReflectionRequest."
            ) from None
