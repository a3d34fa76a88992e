"""Checked fields of the JSON objects that the page sends."""

import math
import reprlib
from collections.abc import Iterable, Mapping

import numpy as np
import orjson

from qtf.typing import Json
from serving.page.request_error import RequestError

MAX_BODY_BYTES = 1 << 20

# As in the exported models.
NORM_TOLERANCE = 1e-3


def parse_object(body: bytes) -> Mapping[str, Json]:
    """Returns the JSON object in the body of a request.

    Raises:
        RequestError: The body is longer than 1 MiB, no JSON, or no object.
    """
    if len(body) > MAX_BODY_BYTES:
        raise RequestError(
            f"The body must be at most {MAX_BODY_BYTES} bytes long, but has {len(body)}."
        )
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RequestError(f"The body must be JSON, but: {error}.") from error
    if not isinstance(content, dict):
        raise RequestError(f"The body must be a JSON object, but is {reprlib.repr(content)}.")
    return content


def integer(content: Mapping[str, Json], name: str, *, minimum: int, maximum: int) -> int:
    """Returns an integer field.

    Raises:
        RequestError: It is missing, no integer, or beyond the limits.
    """
    value = _require(content, name)
    if type(value) is not int or not minimum <= value <= maximum:
        raise RequestError(
            f"Field `{name}` must be an integer from {minimum} to {maximum},"
            f" but is {reprlib.repr(value)}."
        )
    return value


def word(content: Mapping[str, Json], name: str, choices: Iterable[str] | None = None) -> str:
    """Returns a text field, one of the choices if there are any.

    Raises:
        RequestError: It is missing, no text, or none of the choices.
    """
    value = _require(content, name)
    words = None if choices is None else tuple(choices)
    if not isinstance(value, str) or (words is not None and value not in words):
        rule = "a text" if words is None else f"one of {', '.join(words)}"
        raise RequestError(f"Field `{name}` must be {rule}, but is {reprlib.repr(value)}.")
    return value


def state(content: Mapping[str, Json], name: str) -> np.ndarray:
    """Returns the state in the fields `NAME_re` and `NAME_im`.

    Returns:
        complex64 array (dimension,), of norm 1 within 0.001.

    Raises:
        RequestError: A part is missing, no list of numbers, or longer or shorter than the
            other, or the state is not normalised.
    """
    parts = [_numbers(content, f"{name}_{part}") for part in ("re", "im")]
    if len(parts[0]) != len(parts[1]):
        raise RequestError(
            f"Field `{name}_im` must be as long as `{name}_re`, which has {len(parts[0])}"
            f" numbers, but has {len(parts[1])}."
        )
    # Unlike a sum of squares, `hypot` does not overflow.
    norm = math.hypot(*parts[0], *parts[1])
    if abs(norm - 1.0) > NORM_TOLERANCE:
        raise RequestError(
            f"Fields `{name}_re` and `{name}_im` must be a state of norm 1 within"
            f" {NORM_TOLERANCE:g}, but have the norm {norm:.6g}."
        )
    return (parts[0] + 1j * parts[1]).astype(np.complex64)


def _require(content: Mapping[str, Json], name: str) -> Json:
    if name not in content:
        raise RequestError(f"Field `{name}` must be given, but is missing.")
    return content[name]


def _numbers(content: Mapping[str, Json], name: str) -> np.ndarray:
    values = _require(content, name)
    if not isinstance(values, list) or not all(type(v) in (int, float) for v in values):
        raise RequestError(
            f"Field `{name}` must be a list of numbers, but is {reprlib.repr(values)}."
        )
    return np.array(values, np.float64)
