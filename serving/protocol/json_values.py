"""JSON values as arrays: nested lists of numbers, truth values, texts and base64."""

import base64
import binascii
import itertools
import json
from collections.abc import Sequence
from typing import cast

import numpy as np
import tensorflow as tf

from qtf.typing import Json
from serving.protocol.signature import type_name
from serving.status import Code, StatusError, invalid_argument

UNSUPPORTED = {tf.float16, tf.bfloat16, tf.complex64, tf.complex128}
UNSUPPORTED_NUMBERS = {dtype.as_datatype_enum for dtype in UNSUPPORTED}
# NumPy has room for 64 axes.
MAX_RANK = 32
# Values converted at a stretch, within a millisecond or two.
PIECE = 2**15


def to_array(value: Json, dtype: tf.DType) -> np.ndarray:
    """Returns the array of nested lists.

    A floating-point type takes any number, rounded to its precision; what is too large for it
    becomes infinite, as in TensorFlow Serving.

    Raises:
        StatusError: The lists have different lengths, or hold values of another type.
    """
    shape, leaves = _flatten(value)
    if dtype.as_datatype_enum in UNSUPPORTED_NUMBERS:
        raise StatusError(
            Code.UNIMPLEMENTED,
            f"Conversion of JSON Value: {show(leaves[0]) if leaves else '[]'} "
            f"to type: {type_name(dtype)}",
        )
    if dtype == tf.string:
        _check_depth(set(map(type, leaves)), len(shape))
        values = np.empty(len(leaves), object)
        values[:] = [decode_bytes(leaf) for leaf in leaves]
        return values.reshape(shape)
    if len(leaves) <= PIECE:
        return _convert(leaves, dtype, len(shape)).reshape(shape)
    values = np.empty(len(leaves), dtype.as_numpy_dtype)
    # In pieces, between which other threads have their turn.
    for start in range(0, len(leaves), PIECE):
        piece = leaves[start : start + PIECE]
        values[start : start + PIECE] = _convert(piece, dtype, len(shape))
    return values.reshape(shape)


def _flatten(value: Json) -> tuple[tuple[int, ...], list[Json]]:
    """Returns the lengths of nested lists and their leaves, one level after the other."""
    shape: list[int] = []
    level: list[Json] = [value]
    while level and isinstance(level[0], list):
        if len(shape) == MAX_RANK:
            raise invalid_argument(
                f"Encountered list at unexpected level: {MAX_RANK} expected < {MAX_RANK}"
            )
        length = len(level[0])
        flat: list[Json] = []
        for start in range(0, len(level), PIECE):
            piece = cast("list[list[Json]]", level[start : start + PIECE])
            if set(map(type, piece)) != {list} or set(map(len, piece)) != {length}:
                raise _irregular(piece, level[0], len(shape))
            flat.extend(itertools.chain.from_iterable(piece))
        shape.append(length)
        level = flat
    return tuple(shape), level


def _check_depth(kinds: set[type], rank: int) -> None:
    if list in kinds:
        raise invalid_argument(f"Encountered list at unexpected level: {rank} expected < {rank}")


def _irregular(items: Sequence[Json], first: list[Json], level: int) -> StatusError:
    """Returns what is wrong with the first item that is no list as long as `first`."""
    length = len(first)
    for item in items:
        if not isinstance(item, list):
            return invalid_argument(
                f"JSON Value: {show(item)} found at incorrect level: {level + 1} "
                f"in the JSON DOM. Expected at level: {level + _depth(first)}"
            )
        length = len(item)
        if length != len(first):
            break
    return invalid_argument(
        f"Encountered list at unexpected size: {length} at level: {level} "
        f"expected size: {len(first)}"
    )


def _depth(value: Json) -> int:
    depth = 0
    while isinstance(value, list):
        value = value[0] if value else None
        depth += 1
    return depth


def _convert(leaves: Sequence[Json], dtype: tf.DType, rank: int) -> np.ndarray:
    if dtype.is_floating:
        allowed = {int, float}
    else:
        allowed = {bool} if dtype == tf.bool else {int}
    kinds: set[type] = set(map(type, leaves))
    _check_depth(kinds, rank)
    if kinds - allowed:
        raise _wrong_type(next(leaf for leaf in leaves if type(leaf) not in allowed), dtype)
    if dtype.is_floating:
        return round_to(leaves, dtype)
    try:
        return np.array(leaves, dtype.as_numpy_dtype)
    except (OverflowError, ValueError):
        bounds = np.iinfo(dtype.as_numpy_dtype)
        numbers = cast("Sequence[int]", leaves)
        wrong = next(leaf for leaf in numbers if not bounds.min <= leaf <= bounds.max)
        raise _wrong_type(wrong, dtype) from None


def round_to(numbers: Sequence[Json] | np.ndarray, dtype: tf.DType) -> np.ndarray:
    """Returns numbers in a floating-point type, by way of double precision."""
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(numbers, np.float64).astype(dtype.as_numpy_dtype, copy=False)


def decode_bytes(leaf: Json) -> bytes:
    """Returns a text, or what its base64 stands for.

    Raises:
        StatusError: INVALID_ARGUMENT, it is neither.
    """
    if isinstance(leaf, str):
        return leaf.encode("utf-8", "surrogatepass")
    if not isinstance(leaf, dict):
        raise _wrong_type(leaf, tf.string)
    if leaf.keys() != {"b64"} or not isinstance(leaf["b64"], str):
        raise invalid_argument(f"JSON Value: {show(leaf)} not formatted correctly for base64 data")
    try:
        return base64.b64decode(leaf["b64"], validate=True)
    except (binascii.Error, ValueError):
        raise invalid_argument("Unable to base64 decode") from None


def shape_text(array: np.ndarray) -> str:
    """Returns a shape as TensorFlow Serving writes it, [2,3]."""
    return "[" + ",".join(map(str, array.shape)) + "]"


def _wrong_type(value: Json, dtype: tf.DType) -> StatusError:
    return invalid_argument(
        f"JSON Value: {show(value)} Type: {json_type(value)} "
        f"is not of expected type: {type_name(dtype)}"
    )


def json_type(value: Json) -> str:
    """Returns what JSON calls the type of a value."""
    names = {str: "String", dict: "Object", list: "Array", type(None): "Null"}
    return str(value) if isinstance(value, bool) else names.get(type(value), "Number")


def show(value: object, longest: int = 200) -> str:
    """Returns a value as JSON for a message, cut when it is long."""
    text = ""
    try:
        # Written only as far as it is shown: a whole document may hold millions of numbers.
        for part in json.JSONEncoder().iterencode(value):
            text += part
            if len(text) > longest:
                return f"{text[:longest]}..."
    except RecursionError:
        return "(too deep to show)"
    return text
