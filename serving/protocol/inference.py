"""Classify, Regress and MultiInference: what TensorFlow Serving says of predict-only models.

These methods take `tf.Example` messages, which no model of a quantum system reads.
"""

from collections.abc import Mapping, Sequence

from tensorflow_serving.apis.inference_pb2 import InferenceTask

from serving.protocol.signature import DEFAULT_SIGNATURE, Signature
from serving.status import Code, StatusError, invalid_argument

_KINDS = {"classify": "classification", "regress": "regression"}


def check_inference(signatures: Mapping[str, Signature], key: str, method: str) -> StatusError:
    """Returns why a signature cannot `classify` or `regress`."""
    key = key or DEFAULT_SIGNATURE
    if key not in signatures:
        return invalid_argument(f"No signature was found with the name: {key}")
    return _mismatch(signatures[key], method)


def check_multi_inference(
    signatures: Mapping[str, Signature], tasks: Sequence[InferenceTask]
) -> StatusError:
    """Returns why a list of tasks cannot be done."""
    names = {task.model_spec.name for task in tasks}
    if len(names) > 1:
        return invalid_argument(
            "All ModelSpecs in a MultiInferenceRequest must access the same model name."
        )
    seen = set()
    for task in tasks:
        key = task.model_spec.signature_name or DEFAULT_SIGNATURE
        if key in seen:
            return invalid_argument(f"Duplicate evaluation of signature: {key}")
        seen.add(key)
        if key not in signatures:
            return invalid_argument(f"Requested signature not found in model graph: {key}")
        method = task.method_name.rpartition("/")[2]
        if method not in _KINDS:
            return StatusError(
                Code.UNIMPLEMENTED, f"Unsupported signature method_name: {task.method_name}"
            )
        return _mismatch(signatures[key], method)
    return invalid_argument("Inference request must have at least one task.")


def _mismatch(signature: Signature, method: str) -> StatusError:
    wanted = f"tensorflow/serving/{method}"
    if signature.method_name == wanted:
        return StatusError(Code.UNIMPLEMENTED, f"This server does not {method} examples.")
    return invalid_argument(
        f"Expected {_KINDS[method]} signature method_name to be {wanted}. "
        f"Was: {signature.method_name}"
    )
