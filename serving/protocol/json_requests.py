"""Predict requests in JSON, by rows (`instances`) or by columns (`inputs`).

JSON here is that of TensorFlow Serving: the bare tokens NaN, Infinity and -Infinity are
numbers, and text after the closing brace is ignored.
"""

import bisect
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeGuard, cast

import numpy as np
import orjson
import tensorflow as tf

from qtf.typing import Json
from serving.protocol import json_pieces
from serving.protocol.json_numbers import COLUMNS, ROWS, SIGNATURE, Field, Numbers, read_numbers
from serving.protocol.json_values import PIECE, shape_text, show, to_array
from serving.protocol.prediction import find_signature
from serving.protocol.signature import DEFAULT_SIGNATURE, Signature
from serving.status import StatusError, invalid_argument

# Beyond so many bytes, numbers are read without an object for each.
_LARGE = 2 * json_pieces.PIECE


@dataclass(frozen=True)
class JsonRequest:
    """A predict request.

    Attributes:
        signature: Signature that it asks for.
        inputs: alias -> array.
        by_rows: Whether the answer is to be written by rows too.
    """

    signature: Signature
    inputs: dict[str, np.ndarray]
    by_rows: bool


def parse_object(body: bytes) -> dict[str, Json]:
    """Returns the JSON object at the start of `body`.

    Raises:
        StatusError: INVALID_ARGUMENT, there is none.
    """
    document = _parse(body)
    if not isinstance(document, dict):
        raise invalid_argument(f"JSON Value: {show(document)} Is not object")
    if not isinstance(document.get(SIGNATURE, ""), str):
        raise invalid_argument(
            f"JSON Value: {show(document)} not formatted correctly. "
            "'signature_name' key must be a string value."
        )
    return document


def parse_predict(body: bytes) -> dict[str, Field]:
    """Returns the JSON object at the start of `body`, where a large array may be `Numbers`.

    Raises:
        StatusError: INVALID_ARGUMENT, there is none.
    """
    read = read_numbers(body, _parse_all) if len(body) > _LARGE else None
    return cast("dict[str, Field]", parse_object(body)) if read is None else read


def read_predict(given: Mapping[str, Field], signatures: Mapping[str, Signature]) -> JsonRequest:
    """Reads a predict request.

    Args:
        given: What `parse_predict` or `parse_object` returned.
        signatures: Name -> signature.

    Raises:
        StatusError: INVALID_ARGUMENT or UNIMPLEMENTED, the request names no known
            signature or holds other inputs than that has.
    """
    signature = _signature(given, signatures)
    if not signature.inputs:
        raise invalid_argument(f"Failed to get input map for signature: {signature.name}")
    array = _array(given, signature)
    if array is not None:
        return JsonRequest(signature, {next(iter(signature.inputs)): array}, ROWS in given)
    document = {key: _without_numbers(value) for key, value in given.items()}
    if ROWS in document and COLUMNS in document:
        raise invalid_argument(
            f"JSON Value: {show(document)} Not formatted correctly expecting only one of "
            "'inputs' or 'instances' keys to exist "
        )
    if ROWS in document:
        return JsonRequest(signature, _read_rows(document[ROWS], signature), True)
    if COLUMNS in document:
        columns = _columns(document[COLUMNS], signature)
        return JsonRequest(signature, _to_arrays(columns, signature), False)
    raise invalid_argument("Missing 'inputs' or 'instances' key")


def _array(given: Mapping[str, Field], signature: Signature) -> np.ndarray | None:
    """Returns the array of a request that holds nothing else, if it fits the only input."""
    if len(signature.inputs) != 1:
        return None
    ((alias, spec),) = signature.inputs.items()
    numbers = given.get(ROWS, given.get(COLUMNS))
    if isinstance(numbers, dict):
        numbers = numbers.get(alias)
    return numbers.as_type(spec.dtype) if isinstance(numbers, Numbers) else None


def _without_numbers(value: Field) -> Json:
    """Returns the lists that stand for arrays, which may have any fault."""
    if isinstance(value, Numbers):
        return _parse(value.text)
    if isinstance(value, dict):
        return {key: _without_numbers(each) for key, each in value.items()}
    return value


def _parse(body: bytes) -> Json:
    if not body or body.isspace():
        raise invalid_argument("JSON Parse error: The document is empty")
    if len(body) > 2 * json_pieces.PIECE:
        try:
            return json_pieces.parse_in_pieces(body, _parse_all)
        except json_pieces.CannotCut:
            pass
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    # Slower, but knows NaN and where the value ends.
    try:
        text = body.decode()
        start = len(text) - len(text.lstrip())
        return _DECODER.raw_decode(text, start)[0]
    except json.JSONDecodeError as error:
        # What the stock server says of a place where no value begins.
        reason = "Invalid value." if error.msg == "Expecting value" else error.msg
        raise invalid_argument(f"JSON Parse error: {reason} at offset: {error.pos}") from None
    except UnicodeDecodeError as error:
        raise invalid_argument(
            f"JSON Parse error: Invalid encoding in string. at offset: {error.start}"
        ) from None
    except (RecursionError, ValueError) as error:
        raise invalid_argument(f"JSON Parse error: {error} at offset: 0") from None


def _parse_all(text: bytes) -> Json:
    """Returns the value of a text behind which nothing follows."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return _DECODER.decode(text.decode())


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("Number too big to be stored in double.")
    return number


def _double_at_most(digits: str) -> int | float:
    """Reads a whole number; beyond 64 bits it counts as one with a decimal point."""
    number = int(digits)
    return number if -(2**63) <= number < 2**64 else _finite(digits)


_DECODER = json.JSONDecoder(parse_float=_finite, parse_int=_double_at_most)


def _signature(document: Mapping[str, Field], signatures: Mapping[str, Signature]) -> Signature:
    key = str(document.get(SIGNATURE) or DEFAULT_SIGNATURE)
    try:
        return find_signature(signatures, key)
    except StatusError:
        raise invalid_argument(
            f'Serving signature name: "{key}" not found in signature def'
        ) from None


def _read_rows(rows: Json, signature: Signature) -> dict[str, np.ndarray]:
    if not isinstance(rows, list):
        raise invalid_argument(
            f"JSON Value: {show(rows)} Expecting 'instances' to be an list/array"
        )
    if not rows:
        raise invalid_argument("JSON Value: [] No values in 'instances' array")
    named = _is_named(rows[0])
    if not named and len(signature.inputs) != 1:
        raise invalid_argument(
            "instances is a plain list, but expecting list of objects as multiple input "
            "tensors required as per tensorinfo_map"
        )
    # Millions of plain numbers need no look at each.
    if _holds_objects(rows):
        for number, row in enumerate(rows):
            _check_row(row, number, signature, named=named)
    columns = {
        name: [row[name] for row in cast("list[dict[str, Json]]", rows)] if named else rows
        for name in signature.inputs
    }
    try:
        return _to_arrays(columns, signature)
    except StatusError as error:
        raise _error_of_row(columns, signature, error, named=named) from None


def _holds_objects(rows: list[Json]) -> bool:
    """Looks for objects in pieces, between which other threads have their turn."""
    pieces = (rows[start : start + PIECE] for start in range(0, len(rows), PIECE))
    return any(dict in set(map(type, piece)) for piece in pieces)


def _check_row(row: Json, number: int, signature: Signature, *, named: bool) -> None:
    is_named = _is_named(row)
    if named != is_named:
        expected, given = ("object", "list") if named else ("value/list", "object")
        raise invalid_argument(
            f"Expecting {expected} but got {given} at item {number} of input list"
        )
    if not isinstance(row, dict) or not named:
        return
    for key in row:
        if key not in signature.inputs:
            raise invalid_argument(
                f"Failed to process element: {number} key: {key} of 'instances' list. "
                f"Error: INVALID_ARGUMENT: JSON object: does not have named input: {key}"
            )
    if len(row) != len(signature.inputs):
        raise invalid_argument(
            f"Failed to process element: {number} of 'instances' list. JSON object: "
            f"{show(row)} keys must be equal to: {','.join(sorted(signature.inputs))}"
        )


def _error_of_row(
    columns: Mapping[str, list[Json]], signature: Signature, error: StatusError, *, named: bool
) -> StatusError:
    """Finds the first element at fault, which conversion of whole columns does not tell."""
    first_bad = [
        (_first_bad(values, signature.inputs[name].dtype), name) for name, values in columns.items()
    ]
    number, name = min(first_bad, key=lambda bad: bad[0])
    values = columns[name]
    if number == len(values):
        return error
    text = _fault(values[number], values[0], signature.inputs[name].dtype)
    key = f" key: {name}" if named else ""
    return invalid_argument(
        f"Failed to process element: {number}{key} of 'instances' list. Error: {text}"
    )


def _first_bad(values: list[Json], dtype: tf.DType) -> int:
    """Returns the end of the longest beginning that converts, in a few conversions."""

    def fails(end: int) -> bool:
        try:
            to_array(values[: end + 1], dtype)
        except StatusError:
            return True
        return False

    return bisect.bisect_left(range(len(values)), True, key=fails)


def _fault(value: Json, first: Json, dtype: tf.DType) -> str:
    try:
        array = to_array(value, dtype)
    except StatusError as error:
        return f"{error.code.name}: {error.message}"
    expected = to_array(first, dtype)
    if array.size != expected.size:
        return f"INVALID_ARGUMENT: Expecting tensor size: {expected.size} but got: {array.size}"
    return f"INVALID_ARGUMENT: Expecting shape {shape_text(expected)} but got: {shape_text(array)}"


def _columns(columns: Json, signature: Signature) -> dict[str, Json]:
    names = list(signature.inputs)
    if not _is_named(columns):
        if len(names) != 1:
            raise invalid_argument(
                "inputs is a plain value/list, but expecting an object as multiple input "
                "tensors required as per tensorinfo_map"
            )
        return {names[0]: columns}
    for name in names:
        if name not in columns:
            raise invalid_argument(f"Missing named input: {name} in 'inputs' object.")
    return {name: columns[name] for name in names}


def _to_arrays(columns: Mapping[str, Json], signature: Signature) -> dict[str, np.ndarray]:
    return {
        alias: to_array(value, signature.inputs[alias].dtype) for alias, value in columns.items()
    }


def _is_named(value: Json) -> TypeGuard[dict[str, Json]]:
    """Whether a value is an object of named inputs rather than one encoded string."""
    return isinstance(value, dict) and value.keys() != {"b64"}
