"""Complex states of any caller as the real tensors of the signatures, and back.

Only what cannot be sent is refused here; every rule of the model is the server's to check.
"""

from collections.abc import Mapping
from typing import cast

import numpy as np
from numpy.typing import ArrayLike

from serving.client.errors import unusable_answer
from serving.client.transport import UNNAMED

_LARGEST_INT32 = 2**31 - 1


def checked_batch(name: str, psi: ArrayLike) -> tuple[np.ndarray, bool]:
    """Returns states as complex64 (batch, width) and whether a single one was given.

    Args:
        name: Name of the argument.
        psi: One state (width,) or several (batch, width), real or complex.

    Raises:
        ValueError: It holds no numbers, has another rank, or is empty.
    """
    states = np.asarray(psi)
    if states.dtype.kind not in "iufc":
        raise ValueError(f"Argument `{name}` must hold numbers, but has dtype {states.dtype}.")
    if states.ndim not in (1, 2):
        raise ValueError(
            f"Argument `{name}` must have shape (2**n,) or (batch, 2**n), but has {states.shape}."
        )
    if not states.size:
        raise ValueError(f"Argument `{name}` must not be empty, but has shape {states.shape}.")
    # What float32 cannot hold becomes infinite, and the server says that it must not be.
    with np.errstate(over="ignore"):
        return np.atleast_2d(states).astype(np.complex64), states.ndim == 1


def checked_n_steps(n_steps: object) -> int:
    """Returns `n_steps` as an integer that fits the protocol.

    Raises:
        ValueError: It is no integer, or beyond 32 bits.
    """
    is_integer = isinstance(n_steps, (int, np.integer)) and not isinstance(n_steps, bool)
    if not is_integer or abs(cast(int, n_steps)) > _LARGEST_INT32:
        raise ValueError(f"Argument `n_steps` must be an integer of 32 bits, but is {n_steps!r}.")
    return int(cast(int, n_steps))


def parts(prefix: str, states: np.ndarray) -> dict[str, np.ndarray]:
    """Returns the float32 inputs `{prefix}_re` and `{prefix}_im` of complex states."""
    return {
        f"{prefix}_re": np.ascontiguousarray(states.real),
        f"{prefix}_im": np.ascontiguousarray(states.imag),
    }


def join_parts(real: np.ndarray, imaginary: np.ndarray) -> np.ndarray:
    """Returns real and imaginary parts as one complex64 array."""
    psi = np.empty(real.shape, np.complex64)
    psi.real, psi.imag = real, imaginary
    return psi


def checked_output(
    outputs: Mapping[str, np.ndarray], name: str, shape: tuple[int, ...]
) -> np.ndarray:
    """Returns an output that has the shape that the signature promises.

    Raises:
        ServingError: The output is missing or has another shape.
    """
    array = named_output(outputs, name)
    if array.shape != shape:
        raise unusable_answer(f"output `{name}` has shape {array.shape}, not {shape}.")
    return array


def checked_course(
    outputs: Mapping[str, np.ndarray], name: str, shape: tuple[int, ...]
) -> np.ndarray:
    """Returns an output over time, cut to the steps that were asked for.

    A server that joins requests answers with as many steps as the longest of them.

    Args:
        outputs: Arrays by name.
        name: The output.
        shape: Promised shape (batch, n_steps + 1, ...).

    Raises:
        ServingError: The output is missing, too short, or has another shape.
    """
    array = named_output(outputs, name)
    cut = array[:, : shape[1]] if array.ndim > 1 else array
    if cut.shape != shape:
        raise unusable_answer(f"output `{name}` has shape {array.shape}, not {shape}.")
    return cut


def named_output(outputs: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """Returns an output.

    Raises:
        ServingError: It is missing.
    """
    if set(outputs) == {UNNAMED}:
        raise unusable_answer("no outputs by name.")
    if name not in outputs:
        raise unusable_answer(f"output `{name}` is not among {sorted(outputs)}.")
    return outputs[name]
