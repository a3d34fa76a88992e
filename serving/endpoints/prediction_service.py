"""The gRPC service `tensorflow.serving.PredictionService`."""

import time
from collections.abc import Callable
from typing import Any, cast

import numpy as np
from google.protobuf.message import Message
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    inference_pb2,
    model_pb2,
    predict_pb2,
    regression_pb2,
)

from serving.endpoints.aside import aside
from serving.endpoints.infer import infer
from serving.endpoints.service import Service
from serving.models.served_model import Servable
from serving.protocol import prediction
from serving.protocol.examples import serialized
from serving.protocol.inference import Classes, find_task, find_tasks, regression_proto
from serving.status import invalid_argument

SERVICE = "tensorflow.serving.PredictionService"
SIGNATURE_FIELD = "signature_def"


class PredictionService:
    """Answers requests already parsed; every error is a `StatusError`.

    Args:
        service: Models, metrics and limits.
        as_content: Whether tensors are written as raw memory instead of typed fields.
    """

    def __init__(self, service: Service, *, as_content: bool = False) -> None:
        self._service = service
        self._as_content = as_content

    @property
    def methods(self) -> dict[str, tuple[type, Callable[..., Any]]]:
        """Method name -> message type of the request and the function that answers."""
        return {
            "Predict": (predict_pb2.PredictRequest, self.predict),
            "GetModelMetadata": (
                get_model_metadata_pb2.GetModelMetadataRequest,
                self.get_model_metadata,
            ),
            "Classify": (classification_pb2.ClassificationRequest, self.classify),
            "Regress": (regression_pb2.RegressionRequest, self.regress),
            "MultiInference": (inference_pb2.MultiInferenceRequest, self.multi_inference),
        }

    async def predict(self, request: predict_pb2.PredictRequest, seconds: float | None) -> bytes:
        """Runs a signature; returns the wire format of a `PredictResponse`."""
        with self._service.request("Predict", "GRPC") as record:
            record.model_name = request.model_spec.name
            deadline = self._deadline(seconds)
            with self._use(request) as (version, servable):
                signature = prediction.find_signature(
                    servable.loaded.signatures, request.model_spec.signature_name
                )
                if self._service.limits.by_method:
                    prediction.check_method(signature)
                size = request.ByteSize()
                inputs = await aside(size, prediction.read_inputs, request, signature)
                wanted = prediction.wanted_outputs(request.output_filter, signature)
                outputs = await servable.execution.run(signature, inputs, wanted, deadline)
            spec = _answering_spec(request.model_spec.name, version, signature.name)
            size = sum(array.nbytes for array in outputs.values())
            return await aside(
                size,
                prediction.write_response,
                spec,
                signature,
                outputs,
                as_content=self._as_content,
            )

    async def get_model_metadata(
        self, request: get_model_metadata_pb2.GetModelMetadataRequest, seconds: float | None
    ) -> bytes:
        """Returns the signatures of a version."""
        _check_spec(request)
        if not request.metadata_field:
            raise invalid_argument(
                "GetModelMetadataRequest must specify at least one metadata_field"
            )
        for name in request.metadata_field:
            if name != SIGNATURE_FIELD:
                raise invalid_argument(f"Metadata field {name} is not supported")
        with self._use(request) as (version, servable):
            return metadata(request.model_spec.name, version, servable).SerializeToString()

    async def classify(
        self, request: classification_pb2.ClassificationRequest, seconds: float | None
    ) -> bytes:
        """Runs a signature on examples; returns a `ClassificationResponse`."""
        version, found = await self._infer(request, "Classify", seconds)
        answer = classification_pb2.ClassificationResponse(result=cast(Classes, found).to_proto())
        return self._answer(answer, request.model_spec, version)

    async def regress(
        self, request: regression_pb2.RegressionRequest, seconds: float | None
    ) -> bytes:
        """Runs a signature on examples; returns a `RegressionResponse`."""
        version, found = await self._infer(request, "Regress", seconds)
        values = regression_proto(cast(np.ndarray, found))
        answer = regression_pb2.RegressionResponse(result=values)
        return self._answer(answer, request.model_spec, version)

    async def multi_inference(
        self, request: inference_pb2.MultiInferenceRequest, seconds: float | None
    ) -> bytes:
        """Runs several signatures of a model on the same examples."""
        with self._service.request("MultiInference", "GRPC") as record:
            spec = request.tasks[0].model_spec if request.tasks else model_pb2.ModelSpec()
            record.model_name = spec.name
            answer = inference_pb2.MultiInferenceResponse()
            with self._use_spec(spec) as (version, servable):
                by_name = self._service.limits.by_method
                tasks = find_tasks(servable.loaded.signatures, request.tasks, by_name=by_name)
                examples = await aside(request.ByteSize(), serialized, request.input)
                deadline = self._deadline(seconds)
                found = [await infer(servable, task, examples, deadline) for task in tasks]
            for result, asked in zip(found, request.tasks, strict=True):
                one = answer.results.add(
                    model_spec=_answering_spec(spec.name, version, asked.model_spec.signature_name)
                )
                if isinstance(result, Classes):
                    one.classification_result.CopyFrom(result.to_proto())
                else:
                    one.regression_result.CopyFrom(regression_proto(result))
            return answer.SerializeToString()

    async def _infer(
        self, request: Any, api: str, seconds: float | None
    ) -> tuple[int, Classes | np.ndarray]:
        """Returns the version that answered, and what it says of each example."""
        with self._service.request(api, "GRPC") as record:
            record.model_name = request.model_spec.name
            with self._use(request) as (version, servable):
                task = find_task(
                    servable.loaded.signatures,
                    request.model_spec.signature_name,
                    api.lower(),
                    by_name=self._service.limits.by_method,
                )
                examples = await aside(request.ByteSize(), serialized, request.input)
                return version, await infer(servable, task, examples, self._deadline(seconds))

    def _deadline(self, seconds: float | None) -> float:
        allowed = self._service.limits.grpc_seconds
        return time.monotonic() + (allowed if seconds is None else min(seconds, allowed))

    @staticmethod
    def _answer(answer: Any, spec: model_pb2.ModelSpec, version: int) -> bytes:
        answer.model_spec.CopyFrom(_answering_spec(spec.name, version, spec.signature_name))
        return answer.SerializeToString()

    def _use(self, request: Message) -> Any:
        _check_spec(request)
        return self._use_spec(request.model_spec)

    def _use_spec(self, spec: model_pb2.ModelSpec) -> Any:
        if not spec.name:
            raise invalid_argument("ModelSpec has no name specified.")
        choice = spec.WhichOneof("version_choice")
        return self._service.models.use(
            spec.name,
            version=spec.version.value if choice == "version" else None,
            label=spec.version_label if choice == "version_label" else None,
        )


def metadata(
    name: str, version: int, servable: Servable
) -> get_model_metadata_pb2.GetModelMetadataResponse:
    """Returns the answer that describes a version: all its signatures."""
    answer = get_model_metadata_pb2.GetModelMetadataResponse(
        model_spec=_answering_spec(name, version, "")
    )
    signatures = get_model_metadata_pb2.SignatureDefMap()
    for key, proto in servable.loaded.signature_protos.items():
        signatures.signature_def[key].CopyFrom(proto)
    answer.metadata[SIGNATURE_FIELD].Pack(signatures)
    return answer


def _check_spec(request: Message) -> None:
    if not request.HasField("model_spec"):
        raise invalid_argument("Missing ModelSpec")


def _answering_spec(name: str, version: int, signature: str) -> model_pb2.ModelSpec:
    spec = model_pb2.ModelSpec(name=name, signature_name=signature)
    spec.version.value = version
    return spec
