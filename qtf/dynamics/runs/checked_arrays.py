"""Trajectories that users bring as arrays, checked before anything is trained on them."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from qtf.checks import COUNT, POSITIVE, check_arguments
from qtf.dynamics.state_checks import checked_trajectories


def checked_arrays(
    trajectories: Mapping[int, ArrayLike],
    dt: float | None,
    times: ArrayLike | None = None,
    *,
    min_trajectories: int = 2,
) -> tuple[dict[int, np.ndarray], float]:
    """Returns trajectories by their number of spins, and their time step.

    Args:
        trajectories: n_sites -> complex (n_trajectories, n_times, 2**n_sites).
        dt: Time step; None: that of `times`.
        times: Times of the states, uniform, (n_times,).
        min_trajectories: Fewest trajectories of each length.

    Raises:
        ValueError: An array has another shape, is not finite or holds a state that is 0; there
            are too few; the time step is not given, not positive or not that of the times; or
            the times are not uniform.
    """
    if not isinstance(trajectories, Mapping) or not trajectories:
        raise ValueError(
            "Argument `trajectories` must be a mapping from numbers of spins to arrays, such as"
            f" {{4: psi}}, but is {_kind(trajectories)}."
        )
    checked = {}
    for n_sites, psi in trajectories.items():
        check_arguments(COUNT, n_sites=n_sites)
        states = checked_trajectories(f"trajectories[{n_sites}]", psi, min_times=2)
        if states.shape[-1] != 2**n_sites:
            raise ValueError(
                f"Trajectories of n = {n_sites} must have {2**n_sites} amplitudes, but have shape"
                f" {states.shape}."
            )
        if len(states) < min_trajectories:
            raise ValueError(
                f"There must be at least {min_trajectories} trajectories of n = {n_sites}, but"
                f" there {'is' if len(states) == 1 else 'are'} {len(states)}."
            )
        checked[int(n_sites)] = states
    return checked, _checked_step(dt, times, {psi.shape[1] for psi in checked.values()})


def _checked_step(dt: float | None, times: ArrayLike | None, lengths: set[int]) -> float:
    if times is None:
        if dt is None:
            raise ValueError("Argument `dt` or `times` must be given, but neither is.")
        check_arguments(POSITIVE, dt=dt)
        return float(dt)
    moments = np.asarray(times, np.float64)
    if moments.ndim != 1 or lengths != {len(moments)} or not np.isfinite(moments).all():
        raise ValueError(
            f"Argument `times` must be one finite number for each of {_words(lengths)} states, but"
            f" has shape {moments.shape}."
        )
    steps = np.diff(moments)
    if steps[0] <= 0 or not np.allclose(steps, steps[0], rtol=1e-6, atol=0.0):
        raise ValueError(
            "Argument `times` must be uniform and ascending, but has steps from"
            f" {steps.min():.6g} to {steps.max():.6g}."
        )
    if dt is not None and not np.isclose(dt, steps[0], rtol=1e-6):
        raise ValueError(f"Argument `dt` must be that of `times`, {steps[0]:.6g}, but is {dt}.")
    return float((moments[-1] - moments[0]) / (len(moments) - 1))


def _words(lengths: set[int]) -> str:
    return " or ".join(str(length) for length in sorted(lengths))


def _kind(value: object) -> str:
    return "empty" if isinstance(value, Mapping) else f"a {type(value).__name__}"
