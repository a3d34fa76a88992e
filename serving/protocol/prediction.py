"""Predict requests in protocol buffers: checked, read, answered."""

from collections.abc import Collection, Mapping

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import model_pb2, predict_pb2

from serving.protocol import tensor_proto
from serving.protocol.signature import DEFAULT_SIGNATURE, Signature, type_name
from serving.status import Code, StatusError, invalid_argument

_METHODS = tuple(f"tensorflow/serving/{method}" for method in ("predict", "classify", "regress"))
_OUTPUTS_FIELD = predict_pb2.PredictResponse.OUTPUTS_FIELD_NUMBER


def find_signature(signatures: Mapping[str, Signature], key: str) -> Signature:
    """Returns the signature that a request names, the default one for an empty name.

    Raises:
        StatusError: FAILED_PRECONDITION, the model has no such signature.
    """
    key = key or DEFAULT_SIGNATURE
    if key not in signatures:
        raise StatusError(Code.FAILED_PRECONDITION, f'Serving signature key "{key}" not found.')
    return signatures[key]


def check_method(signature: Signature) -> None:
    """Checks that a signature says to be of a method that predicts.

    Raises:
        StatusError: INTERNAL, it says to be of another one.
    """
    if signature.method_name not in _METHODS:
        raise StatusError(
            Code.INTERNAL,
            "Expected prediction signature method_name to be one of "
            f"{{{', '.join(_METHODS)}}}. Was: {signature.method_name}",
        )


def read_inputs(request: predict_pb2.PredictRequest, signature: Signature) -> dict[str, np.ndarray]:
    """Returns alias -> array for the inputs of a request, defaults for those that it leaves out.

    Raises:
        StatusError: INVALID_ARGUMENT, the inputs are not those of the signature.
    """
    check_aliases(request.inputs.keys(), signature)
    arrays = {}
    for alias, proto in request.inputs.items():
        check_type(alias, tensor_proto.type_of(proto, alias), signature)
        arrays[alias] = tensor_proto.to_array(proto, alias)
    return {**signature.defaults, **arrays}


def check_type(alias: str, sent: tf.DType, signature: Signature) -> None:
    """Checks that an input has the type of the signature; nothing is converted.

    Raises:
        StatusError: INVALID_ARGUMENT, naming both types.
    """
    expected = signature.inputs[alias].dtype
    if sent.as_datatype_enum != expected.as_datatype_enum:
        raise invalid_argument(
            f"Expects input {alias} to be {type_name(expected)} but {type_name(sent)} is provided"
        )


def check_aliases(sent: Collection[str], signature: Signature) -> None:
    """Checks that exactly the inputs of a signature were sent, but for those with defaults.

    Raises:
        StatusError: INVALID_ARGUMENT, naming what is missing and what is too much.
    """
    expected = set(signature.inputs)
    extra, missing = set(sent) - expected, expected - set(sent) - set(signature.defaults)
    if not extra and not missing:
        return
    if len(sent) != len(expected):
        raise invalid_argument(
            f"input size does not match signature: {len(sent)}!={len(expected)} "
            f"len({_list(sent)}) != len({_list(expected)}). "
            f"Sent extra: {_list(extra)}. Missing but required: {_list(missing)}."
        )
    raise invalid_argument(
        f"input tensor alias not found in signature: {min(extra)}. "
        f"Inputs expected to be in the set {_list(expected)}."
    )


def wanted_outputs(output_filter: Collection[str], signature: Signature) -> tuple[str, ...]:
    """Returns the aliases of the outputs that a request asks for, all without a filter.

    They come in one order, however they were asked for.

    Raises:
        StatusError: INVALID_ARGUMENT, an alias is unknown or named twice.
    """
    if not output_filter:
        return signature.output_aliases
    for alias in output_filter:
        if alias not in signature.outputs:
            raise invalid_argument(
                f"output tensor alias not found in signature: {alias} "
                f"Outputs expected to be in the set {_list(signature.outputs)}."
            )
    if len(set(output_filter)) != len(output_filter):
        twice = next(a for a in output_filter if list(output_filter).count(a) > 1)
        raise invalid_argument(f"duplicate output tensor alias: {twice}")
    return tuple(sorted(output_filter))


def write_response(
    spec: model_pb2.ModelSpec,
    signature: Signature,
    outputs: Mapping[str, np.ndarray],
    *,
    as_content: bool = False,
) -> bytes:
    """Returns the wire format of a `PredictResponse`.

    Args:
        spec: Model, version and signature that answered.
        signature: The signature, which knows the types.
        outputs: alias -> array.
        as_content: Whether to write tensors as raw memory instead of typed fields.
    """
    tensors = {
        alias: tensor_proto.serialize_tensor(
            array, signature.outputs[alias].dtype, as_content=as_content
        )
        for alias, array in outputs.items()
    }
    head = predict_pb2.PredictResponse(model_spec=spec).SerializeToString()
    return head + tensor_proto.serialized_map(_OUTPUTS_FIELD, tensors)


def _list(aliases: Collection[str]) -> str:
    return "{" + ",".join(sorted(aliases)) + "}"
