"""Settings at random: preparations along axes or anywhere, and bases."""

from collections.abc import Sequence

import numpy as np

from qtf.checks import ARGUMENT, COUNT, check
from qtf.measurements.experiments import DIRECTIONS, LETTERS, Setting
from qtf.streams import Stream

RANDOM, AXES = "random", "axes"


def random_setting(
    n_sites: int,
    time: float,
    shots: int,
    *,
    preparation: str = AXES,
    basis: str = RANDOM,
    seed: int = 0,
    number: int = 0,
) -> Setting:
    """Returns one setting, with random numbers of its own.

    Args:
        n_sites: Number of spins.
        time: Time of the evolution.
        shots: Number of repetitions.
        preparation: "axes", one of six directions for each site; "random", uniform on the Bloch
            spheres; or the words of a preparation.
        basis: "random", or a letter for each site.
        seed: Non-negative integer.
        number: Number of the setting among those of a seed.

    Example:
        >>> random_setting(3, 0.5, 100, seed=1).words
        '-z +y +x'
    """
    random = np.random.default_rng((seed, Stream.SHOT_SETTINGS, number))
    letters = "".join(random.choice(list(LETTERS), n_sites))
    theta = np.arccos(random.uniform(-1.0, 1.0, n_sites))
    angles = np.stack([theta, random.uniform(0.0, 2 * np.pi, n_sites)], -1).tolist()
    axes = " ".join(random.choice(list(DIRECTIONS), n_sites))
    start = {RANDOM: angles, AXES: axes}.get(preparation, preparation)
    return Setting(start, time, letters if basis == RANDOM else basis, shots)


def random_settings(
    n_sites: int,
    times: Sequence[float],
    n_settings: int,
    *,
    shots: int = 1,
    preparation: str = AXES,
    seed: int = 0,
) -> list[Setting]:
    """Returns settings in random bases, as many at each time.

    Args:
        n_sites: Number of spins.
        times: Times of the evolution.
        n_settings: Number of settings at each time.
        shots: Shots of each.
        preparation: As in `random_setting`.
        seed: Non-negative integer.

    Raises:
        ValueError: A value is not allowed.
    """
    check("n_settings", n_settings, COUNT, kind=ARGUMENT)
    return [
        random_setting(
            n_sites, time, shots, preparation=preparation, seed=seed, number=k * n_settings + j
        )
        for k, time in enumerate(times)
        for j in range(n_settings)
    ]
