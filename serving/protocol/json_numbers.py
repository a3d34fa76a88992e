"""Requests of millions of numbers, read into arrays without an object for each.

A large request is one regular array of numbers and a few words around it. The words are read with a
mark in place of the array. The array is cut at commas; its brackets become blanks, and every piece
is then a list of plain numbers. The brackets and commas alone must be those of a regular array.
Whatever is not as simple as this is left to those who read everything.
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, cast

import numpy as np
import tensorflow as tf

from qtf.typing import Json
from serving.protocol.json_values import MAX_RANK, UNSUPPORTED, round_to

# Bytes that are read at a stretch, between which other threads have their turn.
_PIECE = 2**16
# Bytes around the array.
_MOST_WORDS = 4096
_MARK = secrets.token_hex(16)
# Keys of a request.
ROWS, COLUMNS, SIGNATURE = "instances", "inputs", "signature_name"
_BLANK = bytes.maketrans(b"[]", b"  ")
_NO_STRUCTURE = bytes(set(range(256)) - set(b"[],"))
# With regular brackets and commas these tell whether every number is at its place: an array begins
# with an array or a number, and after it comes a comma or an end.
_MISPLACED = (re.compile(rb"\[\s*(?:[^\s\[\-0-9NI]|\Z)"), re.compile(rb"\]\s*[^\s\],]"))
_OF_NUMBERS = b"0123456789+-.eE,[] \n\r\t"
# In the text of numbers that are not whole, NaN and Infinity among them.
_NOT_WHOLE = (b".", b"e", b"E", b"N", b"I")
_LARGEST_WHOLE = 2.0**53


@dataclass(frozen=True)
class Numbers:
    """A regular array of numbers in a request.

    Attributes:
        array: The numbers in double precision.
        whole: Whether all of them are written as whole numbers, which the array holds exactly.
        text: What was read.
    """

    array: np.ndarray
    whole: bool
    text: bytes

    def as_type(self, dtype: tf.DType) -> np.ndarray | None:
        """Returns the numbers in a type; None where each must be looked at."""
        if dtype in UNSUPPORTED:
            return None
        if dtype.is_floating:
            return round_to(self.array, dtype)
        if not dtype.is_integer or not self.whole:
            return None
        bounds = np.iinfo(dtype.as_numpy_dtype)
        if self.array.min() < bounds.min or self.array.max() > bounds.max:
            return None
        return self.array.astype(dtype.as_numpy_dtype)


# What stands under a name in a request.
Field: TypeAlias = "Json | Numbers"


def read_numbers(body: bytes, parse: Callable[[bytes], Json]) -> dict[str, Field] | None:
    """Reads a predict request whose only input is a regular array of numbers.

    Args:
        body: The request.
        parse: Reads the JSON of one piece, all of it; raises `ValueError` if it is no JSON.

    Returns:
        The request with `Numbers` as `instances`, as `inputs` or as the only one of the inputs;
        None if it is another one, or none at all.
    """
    first, last = body.find(b"[", 0, _MOST_WORDS), body.rfind(b"]", -_MOST_WORDS)
    if first < 0 or last < first:
        return None
    try:
        document = parse(body[:first] + b'"%s"' % _MARK.encode() + body[last + 1 :])
    except ValueError:
        return None
    place = _place(document)
    if place is None:
        return None
    numbers = _read(body[first : last + 1], parse)
    if numbers is None:
        return None
    holder, key = place
    holder[key] = numbers
    return cast("dict[str, Field]", document)


def _place(document: Json) -> tuple[dict, str] | None:
    """Returns the object that holds the mark, and the mark's key in it."""
    if not isinstance(document, dict) or not isinstance(document.get(SIGNATURE, ""), str):
        return None
    keys = document.keys() - {SIGNATURE}
    if keys not in ({ROWS}, {COLUMNS}):
        return None
    (key,) = keys
    if document[key] == _MARK:
        return document, key
    inputs = document[key]
    # An object of that key alone is an encoded text.
    if key == COLUMNS and isinstance(inputs, dict) and list(inputs.values()) == [_MARK]:
        (name,) = inputs
        return (inputs, name) if name != "b64" else None
    return None


def _read(text: bytes, parse: Callable[[bytes], Json]) -> Numbers | None:
    is_flat = text.find(b"[", 1) < 0 and text.find(b"]") == len(text) - 1
    parts: list[np.ndarray] = []
    structure: list[bytes] = []
    start, whole = 0, True
    while start <= len(text):
        # Not further than a piece beyond, or a search would hold the interpreter.
        cut = text.find(b",", start + _PIECE, start + 2 * _PIECE)
        if cut < 0 and len(text) > start + 2 * _PIECE:
            return None
        end = cut if cut >= 0 else len(text)
        piece = text[start:end]
        if not is_flat:
            if any(misplaced.search(piece) for misplaced in _MISPLACED):
                return None
            structure.append(piece.translate(None, _NO_STRUCTURE))
        values = _values(piece, parse)
        if values is None:
            return None
        parts.append(values)
        whole = (
            whole
            and not any(mark in piece for mark in _NOT_WHOLE)
            and np.abs(values).max() < _LARGEST_WHOLE
        )
        start = end + 1
    array = np.concatenate(parts)
    shape = array.shape if is_flat else _shape(b",".join(structure))
    return None if shape is None else Numbers(array.reshape(shape), whole, text)


def _values(piece: bytes, parse: Callable[[bytes], Json]) -> np.ndarray | None:
    """Returns the numbers between two commas, in double precision; None if there is anything else.

    There is at least one, since none is missing where commas follow one another or end a list.
    """
    try:
        numbers = cast("list[float]", parse(b"[" + piece.translate(_BLANK) + b"]"))
    except ValueError:
        return None
    # What is made of these bytes alone is a number; to look at each takes as long as to read it.
    if (
        not numbers
        or piece.translate(None, _OF_NUMBERS)
        and not set(map(type, numbers)) <= {float, int}
    ):
        return None
    return np.fromiter(numbers, np.float64, len(numbers))


def _shape(structure: bytes) -> tuple[int, ...] | None:
    """Returns the shape of the regular array with these brackets and commas, None if it is none."""
    n_axes = len(structure) - len(structure.lstrip(b"["))
    if n_axes > MAX_RANK:
        return None
    shape: list[int] = []
    block = b""
    for level in range(n_axes):
        begin = n_axes - level - 1
        end = structure.find(b"]" * (level + 1), begin) + level + 1
        # Between its brackets there are blocks of the level below, and commas between them.
        length = (end - begin - 1) // (len(block) + 1)
        if length < 1:
            return None
        block = b"[" + b",".join([block] * length) + b"]"
        shape.append(length)
    return tuple(reversed(shape)) if block == structure else None
