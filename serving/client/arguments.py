"""Checked arguments of a client."""

from typing import cast

import numpy as np

from serving.client.transport import ModelName


def checked_model(name: object, version: object, label: object) -> ModelName:
    """Returns which model is asked.

    Raises:
        ValueError: One of them is not allowed, or both version and label are given.
    """
    if not isinstance(name, str) or not name:
        raise ValueError(f"Argument `model` must be the name of a model, but is {name!r}.")
    if version is not None and label is not None:
        raise ValueError(
            f"Argument `label` must be None when `version` is given, but is {label!r}."
        )
    if label is not None and (not isinstance(label, str) or not label):
        raise ValueError(f"Argument `label` must be a text, but is {label!r}.")
    return ModelName(name, None if version is None else checked_count("version", version, 0), label)


def checked_token(token: object) -> str | None:
    """Returns a token, if there is one.

    Raises:
        ValueError: It cannot be sent in a header.
    """
    if token is None:
        return None
    if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
        raise ValueError("Argument `token` must be a text of printable ASCII characters.")
    return token


def checked_count(name: str, value: object, minimum: int = 1) -> int:
    """Returns an integer of at least `minimum` that the protocol can carry.

    Raises:
        ValueError: It is none.
    """
    is_number = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not is_number or not minimum <= cast(int, value) < 2**63:
        raise ValueError(
            f"Argument `{name}` must be an integer of at least {minimum}, but is {value!r}."
        )
    return int(cast(int, value))


def checked_positive(name: str, value: object) -> float:
    """Returns a positive number.

    Raises:
        ValueError: It is none, or infinite.
    """
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not is_number or not 0 < cast(float, value) < float("inf"):
        raise ValueError(f"Argument `{name}` must be positive and finite, but is {value!r}.")
    return float(cast(float, value))
