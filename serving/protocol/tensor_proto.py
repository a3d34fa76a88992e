"""Tensors between NumPy and `TensorProto`, at the speed of copying memory.

A packed field of floats holds the same bytes as the array, so answers are written as wire
format directly; filling such a field from Python takes a hundred times longer.
"""

import functools
import math
from collections.abc import Mapping

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2

from serving.status import StatusError, invalid_argument

_QUANTIZED = (tf.qint8, tf.quint8, tf.qint16, tf.quint16, tf.qint32)
# Fields of TensorProto whose packed bytes equal the memory of the array.
_PACKED_FIELD = {
    np.dtype("float32"): tensor_pb2.TensorProto.FLOAT_VAL_FIELD_NUMBER,
    np.dtype("float64"): tensor_pb2.TensorProto.DOUBLE_VAL_FIELD_NUMBER,
    np.dtype("complex64"): tensor_pb2.TensorProto.SCOMPLEX_VAL_FIELD_NUMBER,
    np.dtype("complex128"): tensor_pb2.TensorProto.DCOMPLEX_VAL_FIELD_NUMBER,
}
# Types whose fields hold something else than their values.
_NOT_PLAIN = {tf.string, tf.float16, tf.bfloat16, *_QUANTIZED}
# Types whose memory means the same to TensorFlow and NumPy.
_RAW = {tf.float32, tf.float64, tf.int32, tf.int64, tf.uint8, tf.complex64, tf.complex128}
# Values read or written at a stretch, so that other threads have their turn.
_PIECE = 2**15
_LENGTH_DELIMITED = 2
MAX_FILLED = 2**20
_CONTENT_FIELD = tensor_pb2.TensorProto.TENSOR_CONTENT_FIELD_NUMBER


def type_of(proto: tensor_pb2.TensorProto, alias: str) -> tf.DType:
    """Returns the type of a tensor that a client sent as input `alias`.

    Raises:
        StatusError: INVALID_ARGUMENT, there is no such type.
    """
    try:
        return _dtype(proto.dtype)
    except TypeError:
        raise _unreadable(alias, f"there is no type {proto.dtype}") from None


def to_array(proto: tensor_pb2.TensorProto, alias: str) -> np.ndarray:
    """Returns the array of a tensor that a client sent as input `alias`.

    A tensor with fewer values than elements stands for one filled with the last of them,
    as everywhere in TensorFlow, so a few bytes can ask for any memory; hence the limit.

    Raises:
        StatusError: Type, shape and values of the tensor contradict one another, or it
            would be filled up to more than `MAX_FILLED` elements.
    """
    sizes = [axis.size for axis in proto.tensor_shape.dim]
    if min(sizes, default=0) < 0:
        raise _unreadable(alias, f"the shape {sizes} has a negative axis")
    n_elements = math.prod(sizes)
    if n_elements > MAX_FILLED and n_elements > _n_values(proto):
        raise _unreadable(
            alias,
            f"a shape of {n_elements} elements must come with all values or have at most "
            f"{MAX_FILLED} elements",
        )
    try:
        return _read(proto, sizes, n_elements)
    except (TypeError, ValueError, KeyError, IndexError, OverflowError) as error:
        raise _unreadable(alias, " ".join(str(error).split())) from error


def _read(proto: tensor_pb2.TensorProto, sizes: list[int], n_elements: int) -> np.ndarray:
    dtype = _dtype(proto.dtype)
    if proto.tensor_content and dtype in _RAW:
        values = np.frombuffer(proto.tensor_content, dtype.as_numpy_dtype)
        if values.size == n_elements:
            return values.reshape(sizes).copy()
    given = getattr(proto, _typed_field(dtype))
    is_complete = len(given) == n_elements * (2 if dtype.is_complex else 1)
    if proto.tensor_content or not is_complete or dtype in _NOT_PLAIN:
        return tf.make_ndarray(proto)
    if n_elements < _PIECE and not dtype.is_complex:
        return np.array(list(given), dtype.as_numpy_dtype).reshape(sizes)
    if np.dtype(dtype.as_numpy_dtype) in _PACKED_FIELD:
        return _packed_values(proto, dtype).reshape(sizes)
    values = np.empty(n_elements, dtype.as_numpy_dtype)
    for start in range(0, n_elements, _PIECE):
        values[start : start + _PIECE] = np.array(
            given[start : start + _PIECE], dtype.as_numpy_dtype
        )
    return values.reshape(sizes)


def _packed_values(proto: tensor_pb2.TensorProto, dtype: tf.DType) -> np.ndarray:
    """Reads floats as the memory that they are when written again."""
    field = _typed_field(dtype)
    alone = tensor_pb2.TensorProto(**{field: getattr(proto, field)}).SerializeToString()
    values = np.dtype(dtype.as_numpy_dtype)
    n_bytes = len(getattr(proto, field)) * values.itemsize // (2 if dtype.is_complex else 1)
    return np.frombuffer(alone, values, offset=len(alone) - n_bytes)


@functools.lru_cache(64)
def _dtype(number: int) -> tf.DType:
    return tf.dtypes.as_dtype(number)


def _unreadable(alias: str, reason: str) -> StatusError:
    return invalid_argument(f"tensor parsing error: {alias}: {reason}")


def serialize_tensor(array: np.ndarray, dtype: tf.DType, *, as_content: bool = False) -> bytes:
    """Returns the wire format of the `TensorProto` of `array`.

    Args:
        array: The values.
        dtype: TensorFlow type of the values.
        as_content: Whether to write raw memory (`tensor_content`) instead of typed fields.
    """
    header = tensor_pb2.TensorProto(dtype=dtype.as_datatype_enum)
    # A single number has a shape as well, which is empty.
    header.tensor_shape.SetInParent()
    for size in array.shape:
        header.tensor_shape.dim.add(size=size)
    as_content = as_content and array.dtype != object
    field = _CONTENT_FIELD if as_content else _PACKED_FIELD.get(array.dtype)
    if field is None or array.size == 0:
        written = getattr(header, _typed_field(dtype))
        flat = _plain(array)
        for start in range(0, len(flat), _PIECE):
            written.extend(flat[start : start + _PIECE].tolist())
        return header.SerializeToString()
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


def _n_values(proto: tensor_pb2.TensorProto) -> int:
    """Counts the values of a tensor at most, in whatever field they came."""
    fields = (value for field, value in proto.ListFields() if field.name.endswith("_val"))
    return max(len(proto.tensor_content), *map(len, fields), 0)


@functools.cache
def _typed_field(dtype: tf.DType) -> str:
    if dtype in (tf.float16, tf.bfloat16):
        return "half_val"
    names = {
        tf.float32: "float_val",
        tf.float64: "double_val",
        tf.complex64: "scomplex_val",
        tf.complex128: "dcomplex_val",
        tf.int64: "int64_val",
        tf.uint32: "uint32_val",
        tf.uint64: "uint64_val",
        tf.bool: "bool_val",
        tf.string: "string_val",
    }
    return names.get(dtype, "int_val")


def _plain(array: np.ndarray) -> np.ndarray:
    # Sixteen-bit floats travel as whole numbers with the same bits.
    small_float = array.dtype.itemsize == 2 and array.dtype.kind not in "iu"
    flat = np.ascontiguousarray(array).reshape(-1)
    return flat.view(np.uint16) if small_float else flat


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
