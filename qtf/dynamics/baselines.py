"""Trivial predictors that any claim has to beat, and the exact linear one."""

import numpy as np

from qtf.checks import COUNT_OR_0, check_arguments
from qtf.dynamics.state_checks import checked_amplitudes, checked_trajectories


def persistence(exact: np.ndarray) -> np.ndarray:
    """Predicts that nothing changes: psi(t) = psi(0).

    Args:
        exact: Exact trajectories, (n_sequences, n_times, 2**n); only time 0 is used.

    Returns:
        Predicted trajectories of the same shape.

    Raises:
        ValueError: The trajectories have another shape, are not finite, or a state is 0.
    """
    exact = checked_trajectories("exact", exact)
    return np.broadcast_to(exact[:, :1], exact.shape)


def straight_line(exact: np.ndarray) -> np.ndarray:
    """Continues the first exact step: psi(t_k) = psi(0) + k (psi(t_1) - psi(0)).

    Args:
        exact: Exact trajectories, (n_sequences, n_times, 2**n); times 0 and 1 are used.

    Returns:
        Predicted trajectories of the same shape, not normalised.

    Raises:
        ValueError: The trajectories have another shape or one time only, are not finite, or a
            state is 0.
    """
    exact = checked_trajectories("exact", exact, min_times=2)
    steps = np.arange(exact.shape[1])[:, None]
    return exact[:, :1] + steps * (exact[:, 1:2] - exact[:, :1])


def least_squares_propagator(trajectories: np.ndarray) -> np.ndarray:
    """Fits the linear one-step map of one chain length (dynamic mode decomposition).

        U = argmin sum over steps |psi(t_{k+1}) - U psi(t_k)|^2

    Exact to rounding once the states span the space; before that the minimum-norm map.

    Args:
        trajectories: Training trajectories, (n_sequences, n_times, 2**n).

    Returns:
        U, (2**n, 2**n), complex128.

    Raises:
        ValueError: There is no trajectory, they have another shape or one time only, are not
            finite, or a state is 0.
    """
    trajectories = checked_trajectories("trajectories", trajectories, min_times=2)
    if not len(trajectories):
        raise ValueError("Argument `trajectories` must hold at least one trajectory, but is empty.")
    dimension = trajectories.shape[-1]
    before = trajectories[:, :-1].reshape(-1, dimension)
    after = trajectories[:, 1:].reshape(-1, dimension)
    solution, *_ = np.linalg.lstsq(before, after, rcond=None)
    return solution.T


def linear_rollout(propagator: np.ndarray, psi0: np.ndarray, n_steps: int) -> np.ndarray:
    """Applies a one-step map again and again.

    Args:
        propagator: (2**n, 2**n).
        psi0: Initial states, (n_sequences, 2**n).
        n_steps: Number of steps.

    Returns:
        (n_sequences, n_steps + 1, 2**n), the initial states first.

    Raises:
        ValueError: The map is not finite or does not fit the states, a state is 0 or not finite,
            or the number of steps is no integer of at least 0.
    """
    psi0 = checked_amplitudes("psi0", psi0)
    propagator = np.asarray(propagator)
    dimension = psi0.shape[-1]
    if psi0.ndim != 2 or propagator.shape != (dimension, dimension):
        raise ValueError(
            "Arguments `propagator` and `psi0` must be (2**n, 2**n) and (n_sequences, 2**n), but"
            f" have shapes {propagator.shape} and {psi0.shape}."
        )
    if not np.isfinite(propagator).all():
        raise ValueError("Argument `propagator` must be finite, but holds NaN or infinity.")
    check_arguments(COUNT_OR_0, n_steps=n_steps)
    states = [psi0]
    for _ in range(n_steps):
        states.append(states[-1] @ propagator.T)
    return np.stack(states, axis=1)
