"""The gRPC service `tensorflow.serving.ModelService`: status and reload."""

from collections.abc import Callable, Sequence
from typing import Any

from tensorflow_serving.apis import get_model_status_pb2, model_management_pb2

from serving.configuration.text_config import models_from_proto
from serving.endpoints.access import check_base_paths
from serving.endpoints.service import Service
from serving.models.served_model import Version, error_status
from serving.status import invalid_argument

SERVICE = "tensorflow.serving.ModelService"


class ModelService:
    """Answers requests already parsed; every error is a `StatusError`.

    Args:
        service: Models, metrics and limits.
    """

    def __init__(self, service: Service) -> None:
        self._service = service

    @property
    def methods(self) -> dict[str, tuple[type, Callable[..., Any]]]:
        """Method name -> message type of the request and the function that answers."""
        return {
            "GetModelStatus": (get_model_status_pb2.GetModelStatusRequest, self.get_model_status),
            "HandleReloadConfigRequest": (
                model_management_pb2.ReloadConfigRequest,
                self.handle_reload_config_request,
            ),
        }

    async def get_model_status(
        self, request: get_model_status_pb2.GetModelStatusRequest, seconds: float | None
    ) -> bytes:
        """Returns the states of all versions of a model, or of the one asked for."""
        if not request.HasField("model_spec"):
            raise invalid_argument("Missing ModelSpec")
        spec = request.model_spec
        number = spec.version.value if spec.HasField("version") else None
        return status(self._service.models.versions(spec.name, number)).SerializeToString()

    async def handle_reload_config_request(
        self, request: model_management_pb2.ReloadConfigRequest, seconds: float | None
    ) -> bytes:
        """Replaces the list of models; answers once the new ones are available everywhere."""
        await self.configure(request)
        if self._service.peers is not None:
            await self._service.peers.reload(request.SerializeToString())
        return model_management_pb2.ReloadConfigResponse(status={}).SerializeToString()

    async def configure(self, request: model_management_pb2.ReloadConfigRequest) -> None:
        """Replaces the list of models of this process.

        Raises:
            StatusError: The list is refused, or a model cannot be loaded.
        """
        if request.config.WhichOneof("config") != "model_config_list":
            raise invalid_argument(
                "ServerModelConfig type not supported by HandleReloadConfigRequest. "
                "Only ModelConfigList is currently supported"
            )
        try:
            configs = models_from_proto(request.config)
        except ValueError as error:
            raise invalid_argument(str(error)) from error
        access = self._service.access
        check_base_paths(
            (config.base_path for config in configs), access.reload_root, allowed=access.may_reload
        )
        await self._service.models.configure(configs)


def status(versions: Sequence[Version]) -> get_model_status_pb2.GetModelStatusResponse:
    """Returns the answer that tells the states of `versions`."""
    answer = get_model_status_pb2.GetModelStatusResponse()
    for version in versions:
        code, message = error_status(version)
        entry = answer.model_version_status.add(version=version.number, state=int(version.state))
        entry.status.error_code = int(code)
        entry.status.error_message = message
    return answer
