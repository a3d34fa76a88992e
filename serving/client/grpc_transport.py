"""Requests over gRPC, by the stubs of `tensorflow-serving-api`.

Importing this imports TensorFlow, whose tensor messages the stubs use.
"""

from collections.abc import Callable, Mapping
from typing import Any

import grpc
import numpy as np
from google.protobuf import json_format, message
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving.client.address import Address, Certificates
from serving.client.deadline import Deadline
from serving.client.errors import ServingError, readable, unusable_answer
from serving.client.transport import ModelName
from serving.status import Code

_TRANSIENT = {Code.UNAVAILABLE, Code.RESOURCE_EXHAUSTED}
# These carry such codes too, but are the same however often they are tried.
_LASTING_TEXTS = (
    "larger than max",
    "Failed parsing HTTP/2",
    "http1.x server",
    "CERTIFICATE_VERIFY_FAILED",
)
_OPTIONS = (
    # Answers of a few dozen trajectories pass gRPC's limit of 4 MiB.
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # The channel waits between connections by itself; our retries must find it trying.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # Like the REST transport, never through a proxy that happens to be configured.
    ("grpc.enable_http_proxy", 0),
)
_DTYPES = {
    np.dtype("float32"): types_pb2.DataType.DT_FLOAT,
    np.dtype("int32"): types_pb2.DataType.DT_INT32,
    np.dtype("int64"): types_pb2.DataType.DT_INT64,
}


class GrpcTransport:
    """A channel to one server; safe to use from many threads.

    Args:
        address: Address of the server.
        certificates: Files for TLS.
        token: Token of every request; None: none.

    Raises:
        OSError: A certificate cannot be read.
    """

    def __init__(
        self, address: Address, certificates: Certificates, token: str | None = None
    ) -> None:
        self._metadata = None if token is None else (("authorization", f"Bearer {token}"),)
        if address.is_secure:
            credentials = grpc.ssl_channel_credentials(
                certificates.authority and certificates.authority.read_bytes(),
                certificates.key and certificates.key.read_bytes(),
                certificates.chain and certificates.chain.read_bytes(),
            )
            self._channel = grpc.secure_channel(str(address), credentials, options=_OPTIONS)
        else:
            self._channel = grpc.insecure_channel(str(address), options=_OPTIONS)
        self._prediction = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self._models = model_service_pb2_grpc.ModelServiceStub(self._channel)

    def predict(
        self,
        model: ModelName,
        signature: str,
        inputs: Mapping[str, np.ndarray],
        deadline: Deadline,
    ) -> tuple[dict[str, np.ndarray], int | None]:
        """Returns float32 outputs by name, and the version that answered.

        Raises:
            ServingError: The request was not answered.
        """
        request = predict_pb2.PredictRequest(model_spec=_spec(model, signature))
        for name, array in inputs.items():
            request.inputs[name].CopyFrom(_tensor(array))
        answer = self._call(self._prediction.Predict, request, deadline)
        outputs = {name: _array(name, tensor) for name, tensor in answer.outputs.items()}
        has_version = answer.model_spec.HasField("version")
        return outputs, answer.model_spec.version.value if has_version else None

    def status(self, model: ModelName, deadline: Deadline) -> dict[str, Any]:
        """Returns the answer of the model service in the protocol's JSON form.

        Raises:
            ServingError: The request was not answered.
        """
        request = get_model_status_pb2.GetModelStatusRequest(model_spec=_spec(model))
        return _as_json(self._call(self._models.GetModelStatus, request, deadline))

    def metadata(self, model: ModelName, deadline: Deadline) -> dict[str, Any]:
        """Returns the model's metadata in the protocol's JSON form.

        Raises:
            ServingError: The request was not answered.
        """
        request = get_model_metadata_pb2.GetModelMetadataRequest(
            model_spec=_spec(model), metadata_field=["signature_def"]
        )
        return _as_json(self._call(self._prediction.GetModelMetadata, request, deadline))

    def close(self) -> None:
        """Closes the channel; requests under way end as CANCELLED."""
        self._channel.close()

    def _call(
        self,
        method: Callable[..., message.Message],
        request: message.Message,
        deadline: Deadline,
    ) -> Any:
        seconds = deadline.remaining()
        if seconds <= 0:
            raise ServingError(Code.DEADLINE_EXCEEDED, "The time for this call is over.")
        try:
            return method(request, timeout=seconds, metadata=self._metadata)
        except grpc.RpcError as error:
            code, text = Code[error.code().name], readable(error.details() or "")
            is_lasting = any(lasting in text for lasting in _LASTING_TEXTS)
            is_transient = code in _TRANSIENT and not is_lasting
            raise ServingError(code, text, is_transient=is_transient) from error


def _spec(model: ModelName, signature: str = "") -> model_pb2.ModelSpec:
    spec = model_pb2.ModelSpec(name=model.name, signature_name=signature)
    if model.version is not None:
        spec.version.value = model.version
    if model.label is not None:
        spec.version_label = model.label
    return spec


def _tensor(array: np.ndarray) -> tensor_pb2.TensorProto:
    # Raw memory: copying it takes a microsecond where a list of numbers takes milliseconds.
    tensor = tensor_pb2.TensorProto(dtype=_DTYPES[array.dtype], tensor_content=array.tobytes())
    for size in array.shape:
        tensor.tensor_shape.dim.add(size=size)
    return tensor


def _array(name: str, tensor: tensor_pb2.TensorProto) -> np.ndarray:
    is_integer = tensor.dtype == types_pb2.DataType.DT_INT32
    if tensor.dtype != types_pb2.DataType.DT_FLOAT and not is_integer:
        dtype = types_pb2.DataType.Name(tensor.dtype)
        raise unusable_answer(f"output `{name}` is {dtype}, not DT_FLOAT or DT_INT32.")
    shape = tuple(axis.size for axis in tensor.tensor_shape.dim)
    if tensor.tensor_content:
        values = np.frombuffer(tensor.tensor_content, "<i4" if is_integer else "<f4")
    elif is_integer:
        values = np.array(tensor.int_val, np.int32)
    else:
        # Copies memory; `np.fromiter` and `tf.make_ndarray` take a hundred times longer.
        values = np.array(tensor.float_val, np.float32)
    if values.size == 1:
        # One value stands for an array filled with it, as everywhere in TensorFlow.
        return np.full(shape, values[0])
    if values.size != np.prod(shape):
        raise unusable_answer(f"output `{name}` has {values.size} values, but shape {shape}.")
    return values.reshape(shape)


def _as_json(answer: message.Message) -> dict[str, Any]:
    return json_format.MessageToDict(
        answer, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
