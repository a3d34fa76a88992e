"""Frozen dataclasses read from what JSON files hold."""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def read_record(kind: type[T], content: Mapping[str, object]) -> T:
    """Returns a dataclass with the values of a JSON object.

    Keys that the class does not have are left out; a field that the object does not have gets its
    default. Fields may be dataclasses themselves, and mappings or tuples of them; keys of mappings
    may be integers. A class with `from_mapping` reads itself.

    Args:
        kind: The dataclass.
        content: The object.

    Raises:
        ValueError: A field without default is missing.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True)
        ... class Point:
        ...     x: float
        ...     y: float | None = None
        >>> read_record(Point, {"x": 1.0, "colour": "red"})
        Point(x=1.0, y=None)
    """
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind) if field.name in content]  # type: ignore[arg-type]
    try:
        return kind(**{name: _value(hints[name], content[name]) for name in names})
    except TypeError as error:
        wanted = [field.name for field in fields(kind)]  # type: ignore[arg-type]
        raise ValueError(
            f"Record `{kind.__name__}` must have the keys {wanted}, but has {sorted(content)}."
        ) from error


def _value(hint: Any, value: Any) -> Any:
    """Returns a value of JSON as the annotation of its field says."""
    if hasattr(hint, "from_mapping"):
        return hint.from_mapping(value)
    if is_dataclass(hint) and isinstance(hint, type):
        return read_record(hint, value)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType) and value is not None:
        (inner, *others) = (part for part in arguments if part is not types.NoneType)
        return value if others else _value(inner, value)
    if origin is tuple:
        return tuple(_value(arguments[0], entry) for entry in value)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        key_of = int if arguments[0] is int else str
        return {key_of(key): _value(arguments[1], entry) for key, entry in value.items()}
    return value
