"""Tensors between NumPy and `TensorProto`, at the speed of copying memory.

A packed field of floats holds the same bytes as the array, so answers are written as wire
format directly; filling such a field from Python takes a hundred times longer.
"""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2

from serving.status import invalid_argument

# Fields of TensorProto whose packed bytes equal the memory of the array.
_PACKED_FIELD = {
    np.dtype("float32"): tensor_pb2.TensorProto.FLOAT_VAL_FIELD_NUMBER,
    np.dtype("float64"): tensor_pb2.TensorProto.DOUBLE_VAL_FIELD_NUMBER,
    np.dtype("complex64"): tensor_pb2.TensorProto.SCOMPLEX_VAL_FIELD_NUMBER,
    np.dtype("complex128"): tensor_pb2.TensorProto.DCOMPLEX_VAL_FIELD_NUMBER,
}
_LENGTH_DELIMITED = 2
MAX_ELEMENTS = 2**26
_CONTENT_FIELD = tensor_pb2.TensorProto.TENSOR_CONTENT_FIELD_NUMBER


def to_array(proto: tensor_pb2.TensorProto, alias: str) -> np.ndarray:
    """Returns the array of a tensor that a client sent as input `alias`.

    A tensor with one value stands for an array filled with it, as everywhere in
    TensorFlow, so a few bytes can ask for any memory; hence the limit on its elements.

    Raises:
        StatusError: Type, shape and values of the tensor contradict one another, or it is
            larger than `MAX_ELEMENTS`.
    """
    n_elements = 1
    for axis in proto.tensor_shape.dim:
        if axis.size < 0:
            raise invalid_argument(
                f"Input `{alias}` must have a shape without negative axes, but one is {axis.size}."
            )
        n_elements *= axis.size
    if n_elements > MAX_ELEMENTS:
        raise invalid_argument(
            f"Input `{alias}` must have at most {MAX_ELEMENTS} elements, but has {n_elements}."
        )
    try:
        return tf.make_ndarray(proto)
    except (TypeError, ValueError, KeyError, IndexError, OverflowError) as error:
        text = " ".join(str(error).split())
        raise invalid_argument(f"Input `{alias}` is no valid tensor: {text}") from error


def serialized(array: np.ndarray, dtype: tf.DType, *, as_content: bool = False) -> bytes:
    """Returns the wire format of the `TensorProto` of `array`.

    Args:
        array: The values.
        dtype: Their TensorFlow type.
        as_content: Whether to write raw memory (`tensor_content`) instead of typed fields.
    """
    field = _CONTENT_FIELD if as_content else _PACKED_FIELD.get(array.dtype)
    if field is None or (as_content and array.dtype == object) or array.size == 0:
        return tf.make_tensor_proto(array, dtype, array.shape).SerializeToString()
    header = tensor_pb2.TensorProto(
        dtype=dtype.as_datatype_enum, tensor_shape=tf.TensorShape(array.shape).as_proto()
    )
    values = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
    return b"".join((header.SerializeToString(), _length_delimited(field, len(values)), values))


def serialized_map(field: int, entries: Mapping[str, bytes]) -> bytes:
    """Returns the wire format of a map field from names to messages already written."""
    parts = []
    for key, value in entries.items():
        name = key.encode()
        head = _length_delimited(1, len(name)) + name + _length_delimited(2, len(value))
        parts += [_length_delimited(field, len(head) + len(value)), head, value]
    return b"".join(parts)


def _length_delimited(field: int, length: int) -> bytes:
    return _varint(field << 3 | _LENGTH_DELIMITED) + _varint(length)


def _varint(value: int) -> bytes:
    """Writes a whole number in groups of seven bits, lowest first."""
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)
