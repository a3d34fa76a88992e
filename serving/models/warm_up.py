"""Replays the requests that a SavedModel brings along, before its version is announced."""

from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from serving.models.loaded_version import LoadedVersion
from serving.protocol.prediction import find_signature, read_inputs, wanted_outputs
from serving.status import Code, StatusError, invalid_argument

RECORDS = Path("assets.extra") / "tf_serving_warmup_requests"
MAX_RECORDS = 1000


def warm_up(version: LoadedVersion, *, n_times: int = 1) -> int:
    """Runs every warm-up request of a version and returns their number.

    Args:
        version: The version.
        n_times: How often each request is run.

    Raises:
        StatusError: A record is damaged, there are too many, or a request fails; the
            version must then not be served.
    """
    n_records = 0
    for n_records, log in enumerate(_logs(version.path / RECORDS), start=1):  # noqa: B007
        if n_records > MAX_RECORDS:
            raise StatusError(
                Code.INVALID_ARGUMENT,
                f"Number of warmup records exceeds the maximum ({MAX_RECORDS}) at "
                f"{version.path / RECORDS}",
            )
        kind = log.WhichOneof("log_type")
        if kind == "predict_log":
            for _ in range(n_times):
                _predict(version, log.predict_log.request)
        elif kind is not None:
            raise StatusError(Code.UNIMPLEMENTED, f"Unsupported log_type for warmup: {kind}")
    return n_records


def _predict(version: LoadedVersion, request: predict_pb2.PredictRequest) -> None:
    signature = find_signature(version.signatures, request.model_spec.signature_name)
    outputs = wanted_outputs(request.output_filter, signature)
    version.run(signature.name, read_inputs(request, signature), outputs)


def _logs(path: Path) -> Iterator[prediction_log_pb2.PredictionLog]:
    if not path.is_file():
        return
    try:
        for record in tf.compat.v1.io.tf_record_iterator(str(path)):
            yield prediction_log_pb2.PredictionLog.FromString(record)
    except DecodeError as error:
        raise invalid_argument(f"Failed to parse warmup record: {error} from {path}") from error
    except tf.errors.OpError as error:
        raise StatusError(
            Code.DATA_LOSS,
            f"{error.message} at {path}. Please verify your warmup data is in TFRecord format.",
        ) from error
