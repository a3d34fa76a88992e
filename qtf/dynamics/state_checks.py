"""Checks of states: each returns them in the form that the caller computes with.

States are complex amplitudes (..., 2**n), the index of an amplitude being its bit string
with spin 1 the most significant bit. Real ones are taken as they are: their imaginary parts
are 0.
"""

import numpy as np
import numpy.typing as npt

COUNTS = {1: "one time", 2: "two times"}


def checked_trajectories(name: str, psi: npt.ArrayLike, *, min_times: int = 1) -> np.ndarray:
    """Returns `psi` as a complex128 array (n_trajectories, n_times, 2**n) of states.

    Args:
        name: Name of the argument, for messages.
        psi: Trajectories, complex or real.
        min_times: Fewest times, 1 or 2.

    Raises:
        ValueError: They have another shape, are not finite, or a state is 0.
    """
    states = _complex(name, psi)
    if states.ndim != 3 or states.shape[1] < min_times:
        raise ValueError(
            f"Trajectories in `{name}` must be (n_trajectories, n_times, 2**n) with at least"
            f" {COUNTS[min_times]}, but have shape {states.shape}."
        )
    return checked_amplitudes(name, states)


def checked_batch(name: str, psi: npt.ArrayLike) -> np.ndarray:
    """Returns `psi` as a complex128 array (batch, 2**n) or (2**n,) of states.

    Args:
        name: Name of the argument, for messages.
        psi: States, complex or real.

    Raises:
        ValueError: They have another shape, are not finite, or one is 0.
    """
    states = _complex(name, psi)
    if states.ndim not in (1, 2):
        raise ValueError(
            f"Argument `{name}` must be (batch, 2**n) or (2**n,), but has shape {states.shape}."
        )
    return checked_amplitudes(name, states)


def checked_amplitudes(name: str, psi: npt.ArrayLike) -> np.ndarray:
    """Returns `psi` as a complex128 array (..., 2**n) of states.

    Args:
        name: Name of the argument, for messages.
        psi: States, complex or real.

    Raises:
        ValueError: The last axis is none of amplitudes, they are not finite, or a state is 0.
    """
    states = _complex(name, psi)
    dimension = states.shape[-1] if states.ndim else 0
    if dimension < 2 or dimension & (dimension - 1):
        raise ValueError(
            f"The last axis of `{name}` must be 2**n, n at least 1, but is {dimension}."
        )
    if not np.isfinite(states).all():
        raise ValueError(f"Argument `{name}` must be finite, but holds NaN or infinity.")
    if not states.any(axis=-1).all():
        raise ValueError(
            f"Argument `{name}` must hold states, none of which is 0, but holds one without an"
            " amplitude that differs from 0."
        )
    return states


def norms_of(psi: np.ndarray) -> np.ndarray:
    """Returns the norms of states (..., 2**n) that are not 0, whatever their size.

    Example:
        >>> norms_of(np.array([[3e200, 4e200], [3e-200, 4e-200]]))
        array([5.e+200, 5.e-200])
    """
    # Squares of amplitudes might leave the range of numbers; those of their ratios do not.
    largest = np.abs(psi).max(axis=-1)
    return largest * np.linalg.norm(psi / largest[..., None], axis=-1)


def _complex(name: str, psi: npt.ArrayLike) -> np.ndarray:
    states = np.asarray(psi)
    if states.dtype.kind not in "iufc":
        raise ValueError(f"Argument `{name}` must hold numbers, but has dtype {states.dtype}.")
    return states.astype(np.complex128, copy=False)
