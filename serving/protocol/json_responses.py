"""Predict answers in JSON, by rows (`predictions`) or by columns (`outputs`).

Numbers that are not finite are written as the bare tokens NaN, Infinity and -Infinity,
as TensorFlow Serving does.
"""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import orjson
import tensorflow as tf

from qtf.typing import Json
from serving.protocol.json_values import PIECE, UNSUPPORTED_NUMBERS
from serving.protocol.signature import type_name
from serving.status import invalid_argument

# A row of an array of strings is one of them.
Text: TypeAlias = "bytes | str | list[Text]"


def write_response(
    outputs: Mapping[str, np.ndarray], *, by_rows: bool, dtypes: Mapping[str, tf.DType]
) -> bytes:
    """Returns the JSON of an answer.

    Raises:
        StatusError: A type has no JSON form, or the outputs cannot be cut into rows.
    """
    for alias in outputs:
        if dtypes[alias].as_datatype_enum in UNSUPPORTED_NUMBERS:
            name = type_name(dtypes[alias])
            raise invalid_argument(f"Failed to write JSON value for tensor type: {name}")
    if not by_rows:
        columns = [(alias, _json(array, alias)) for alias, array in outputs.items()]
        written = columns[0][1] if len(columns) == 1 else _object(columns)
        return b'{"outputs":' + written + b"}"
    n_rows = _n_rows(outputs)
    if len(outputs) == 1:
        ((alias, array),) = outputs.items()
        return b'{"predictions":' + _json(array, alias) + b"}"
    rows = (
        _object([(alias, _json(array[row, ...], alias)) for alias, array in outputs.items()])
        for row in range(n_rows)
    )
    return b'{"predictions":[' + b",".join(rows) + b"]}"


def write_classes(labels: np.ndarray, scores: np.ndarray) -> bytes:
    """Returns the JSON of a classification: of each example a list of [label, score].

    Args:
        labels: Names of the classes, bytes, (n_examples, n_classes).
        scores: Scores, of the same shape.
    """
    examples = (
        b",".join(
            b"[" + orjson.dumps(_strings(label, as_base64=False)) + b"," + _json(score, "") + b"]"
            for label, score in zip(*example, strict=True)
        )
        for example in zip(labels.tolist(), scores, strict=True)
    )
    return b'{"results":[[' + b"],[".join(examples) + b"]]}"


def write_values(values: np.ndarray) -> bytes:
    """Returns the JSON of a regression, a number for each example, (n_examples,)."""
    return b'{"results":' + _json(values, "") + b"}"


def _n_rows(outputs: Mapping[str, np.ndarray]) -> int:
    n_rows = -1
    for alias, array in outputs.items():
        if array.ndim == 0:
            raise invalid_argument(f"Tensor name: {alias} has no shape information ")
        if n_rows not in (-1, len(array)):
            raise invalid_argument(
                f"Tensor name: {alias} has inconsistent batch size: {len(array)} "
                f"expecting: {n_rows}"
            )
        n_rows = len(array)
    return n_rows


def _object(entries: Sequence[tuple[str, bytes]]) -> bytes:
    return b"{" + b",".join(orjson.dumps(name) + b":" + text for name, text in entries) + b"}"


def _json(values: "np.ndarray | Text", alias: str) -> bytes:
    """Writes numbers in the fewest digits that read back as the same number."""
    array = np.asarray(values)
    if array.dtype == object:
        return orjson.dumps(_strings(values, as_base64=alias.endswith("_bytes")))
    if array.ndim == 0:
        return _json(array.reshape(1), alias)[1:-1]
    if array.size > PIECE:
        return _in_pieces(array, alias)
    written = orjson.dumps(np.ascontiguousarray(array), option=orjson.OPT_SERIALIZE_NUMPY)
    # What is not finite comes as null, and nothing else does.
    if array.dtype.kind == "f" and b"null" in written:
        return _with_tokens(written, array)
    return written


def _in_pieces(array: np.ndarray, alias: str) -> bytes:
    """Writes a large array so that other threads have their turn in between."""
    n_rows = max(1, PIECE * len(array) // array.size)
    if n_rows == 1 and array.ndim > 1:
        pieces = [_json(row, alias) for row in array]
    else:
        starts = range(0, len(array), n_rows)
        pieces = [_json(array[start : start + n_rows], alias)[1:-1] for start in starts]
    return b"[" + b",".join(pieces) + b"]"


def _with_tokens(written: bytes, array: np.ndarray) -> bytes:
    """Puts NaN, Infinity and -Infinity where the library writes null."""
    values = iter(array[~np.isfinite(array)].ravel().tolist())
    return re.sub(rb"null", lambda _: json.dumps(next(values)).encode(), written)


def _strings(values: "np.ndarray | Text", *, as_base64: bool) -> Json:
    if isinstance(values, np.ndarray):
        values = values.tolist()
    if isinstance(values, list):
        return [_strings(value, as_base64=as_base64) for value in values]
    raw = values if isinstance(values, bytes) else str(values).encode()
    if as_base64:
        return {"b64": base64.b64encode(raw).decode()}
    return raw.decode("utf-8", "replace")
