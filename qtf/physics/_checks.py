"""Checks of arguments: each returns the argument in the form that the caller computes with."""

from collections.abc import Iterable
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike, NDArray


def checked_integer(name: str, value: object, *, minimum: int, maximum: int | None = None) -> int:
    """Returns `value` as an int if it is an integer between the limits."""
    number = int(value) if isinstance(value, Integral) and not isinstance(value, bool) else None
    if number is None or number < minimum or (maximum is not None and number > maximum):
        limit = f"of at least {minimum}" if maximum is None else f"from {minimum} to {maximum}"
        raise ValueError(f"Argument `{name}` must be an integer {limit}, but is {value!r}.")
    return number


def checked_choice(name: str, value: object, choices: Iterable[str]) -> str:
    """Returns `value` if it is one of the words in `choices`."""
    words = tuple(choices)
    if not isinstance(value, str) or value not in words:
        listed = ", ".join(words)
        raise ValueError(f"Argument `{name}` must be one of {listed}, but is {value!r}.")
    return value


def checked_flag(name: str, value: object) -> bool:
    """Returns `value` if it is True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"Argument `{name}` must be True or False, but is {value!r}.")
    return bool(value)


def checked_number(name: str, value: ArrayLike) -> float:
    """Returns `value` as a float if it is one finite real number."""
    number = _real_array(name, value)
    if number.ndim != 0 or not np.isfinite(number):
        raise ValueError(f"Argument `{name}` must be one finite real number, but is {value!r}.")
    return float(number)


def checked_positive(name: str, value: ArrayLike) -> float:
    """Returns `value` as a float if it is positive and finite."""
    number = checked_number(name, value)
    if number <= 0:
        raise ValueError(f"Argument `{name}` must be positive, but is {value!r}.")
    return number


def checked_coefficients(name: str, value: ArrayLike, count: int, each: str) -> NDArray[np.float64]:
    """Returns `count` float64 coefficients from one number or from one for `each` of them."""
    numbers = _real_array(name, value)
    if numbers.shape not in ((), (count,)):
        raise ValueError(
            f"Argument `{name}` must be one number or {count} numbers, one for each {each},"
            f" but has shape {numbers.shape}."
        )
    if not np.isfinite(numbers).all():
        raise ValueError(f"Argument `{name}` must be finite, but is {value!r}.")
    return np.broadcast_to(numbers, (count,))


def checked_times(times: ArrayLike) -> NDArray[np.float64]:
    """Returns `times` as a float64 array (n_times,)."""
    checked = _real_array("times", times)
    if checked.ndim != 1 or not checked.size:
        raise ValueError(
            "Argument `times` must be a one-dimensional array of at least one time,"
            f" but has shape {checked.shape}."
        )
    if not np.isfinite(checked).all():
        wrong = checked[~np.isfinite(checked)][0]
        raise ValueError(f"Argument `times` must be finite, but contains {wrong}.")
    return checked


def checked_forward_times(times: ArrayLike) -> NDArray[np.float64]:
    """Returns `times` as a float64 array (n_times,) if none is negative."""
    checked = checked_times(times)
    if checked.min() < 0:
        raise ValueError(f"Argument `times` must be at least 0, but contains {checked.min()}.")
    return checked


def checked_states(name: str, psi: ArrayLike, dimension: int) -> NDArray[np.complex128]:
    """Returns `psi` as a complex128 array (..., dimension) of finite numbers."""
    states = np.asarray(psi)
    if states.dtype.kind not in "iufc":
        raise ValueError(f"Argument `{name}` must hold numbers, but has dtype {states.dtype}.")
    if states.ndim < 1 or states.shape[-1] != dimension:
        raise ValueError(
            f"Argument `{name}` must have {dimension} amplitudes on its last axis,"
            f" but has shape {states.shape}."
        )
    if not np.isfinite(states).all():
        wrong = states[~np.isfinite(states)][0]
        raise ValueError(f"Argument `{name}` must be finite, but contains {wrong}.")
    return states.astype(np.complex128, copy=False)


def checked_operators(
    name: str, rho: ArrayLike, dimension: int | None = None
) -> NDArray[np.complex128]:
    """Returns `rho` as a complex128 array (..., dimension, dimension) of finite numbers.

    Without a dimension, any square matrices will do.
    """
    operators = np.asarray(rho)
    sides = operators.shape[-2:]
    if operators.ndim < 2 or sides[0] != sides[1]:
        raise ValueError(
            f"Argument `{name}` must hold square matrices, but has shape {operators.shape}."
        )
    if dimension is not None and sides[0] != dimension:
        raise ValueError(
            f"Argument `{name}` must have shape (..., {dimension}, {dimension}), but has"
            f" {operators.shape}."
        )
    if operators.dtype.kind not in "iufc" or not np.isfinite(operators).all():
        raise ValueError(f"Argument `{name}` must hold finite numbers, but is {rho!r}.")
    return operators.astype(np.complex128, copy=False)


def checked_real(name: str, value: ArrayLike) -> NDArray[np.float64]:
    """Returns `value` as a float64 array of finite real numbers."""
    numbers = _array(name, value)
    if numbers.dtype.kind not in "iuf" or not np.isfinite(numbers).all():
        raise ValueError(f"Argument `{name}` must be real and finite, but is {value!r}.")
    return numbers.astype(np.float64, copy=False)


def _real_array(name: str, value: ArrayLike) -> NDArray[np.float64]:
    numbers = _array(name, value)
    if numbers.dtype.kind not in "iuf" and numbers.size:
        raise ValueError(f"Argument `{name}` must be real, but is {value!r}.")
    return numbers.astype(np.float64, copy=False)


def _array(name: str, value: ArrayLike) -> NDArray[np.generic]:
    try:
        return np.asarray(value)
    except ValueError as error:
        # Rows of different lengths.
        message = f"Argument `{name}` must be an array of numbers, but is {value!r}."
        raise ValueError(message) from error
