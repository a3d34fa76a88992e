"""Shots as a laboratory would note them, from a model that is known."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from qtf.measurements.experiments import Experiments, Setting
from qtf.measurements.model import ShotModel
from qtf.measurements.outcomes import ROUNDED
from qtf.measurements.trajectories import TrajectoryModel, TrajectoryShots
from qtf.physics._threads import one_thread
from qtf.streams import Stream


def simulate_shots(
    model: ShotModel,
    parameters: ArrayLike,
    settings: Sequence[Setting],
    *,
    seed: int,
    first: int = 0,
) -> Experiments:
    """Draws the shots of some settings; those of a setting do not depend on the others.

    Args:
        model: The model; a `TrajectoryModel` for systems with jumps beyond 7 sites.
        parameters: Values in the order of its names, (size,).
        settings: The settings.
        seed: Non-negative integer.
        first: Number of the first setting among all, each of which has random numbers of its own.

    Raises:
        ValueError: Parameters are not one finite number for each name and within bounds, or a
            setting has another number of sites.

    Example:
        >>> model = ShotModel.of_words(2, terms=["ZZ"])
        >>> shots = simulate_shots(model, [1.0], [Setting("+z", 0.3, "ZZ", 50)], seed=0)
        >>> shots.counts
        ({'00': 50},)
    """
    values = check_parameters(model, parameters)
    for setting in settings:
        if setting.n_sites != model.n_sites:
            raise ValueError(
                f"Argument `settings` must be of {model.n_sites} sites as the model is, but one is"
                f" of {setting.n_sites}."
            )
    if isinstance(model, TrajectoryModel):
        drawn = TrajectoryShots(model, values, seed=seed)
        return Experiments(
            settings,
            [drawn.draw(setting, number) for number, setting in enumerate(settings, first)],
        )
    counts: list[dict[str, int]] = [{} for _ in settings]
    with one_thread(1):
        for piece in model.predict(values, settings):
            for row, probabilities in zip(piece.rows.tolist(), piece.values[:, 0], strict=True):
                key = (seed, Stream.SHOTS, first + row)
                counts[row] = _draw(probabilities, settings[row].shots, key)
    return Experiments(settings, counts)


def check_parameters(model: ShotModel, parameters: ArrayLike) -> np.ndarray:
    """Returns parameters as an array (size,) if they are within bounds.

    Raises:
        ValueError: They are not.
    """
    values = np.asarray(parameters, np.float64)
    if values.shape != (model.size,) or not np.isfinite(values).all():
        raise ValueError(
            f"Argument `parameters` must be one finite number for each of {model.size} names, but"
            f" is {values.tolist()}."
        )
    least, most = model.bounds
    for name, value, lowest, highest in zip(model.names, values, least, most, strict=True):
        if not lowest <= value <= highest:
            raise ValueError(
                f"Argument `parameters` must be from {lowest} to {highest} for `{name}`, but is"
                f" {value}."
            )
    return values


def _draw(probabilities: np.ndarray, shots: int, key: tuple[int, ...]) -> dict[str, int]:
    random = np.random.Generator(np.random.Philox(np.random.SeedSequence(key)))
    # Rounding may leave probabilities of -1e-17.
    shares = np.maximum(probabilities, 0.0)
    shares = np.round(shares / shares.sum(), ROUNDED)
    cumulated = np.cumsum(shares) / shares.sum()
    states = np.searchsorted(cumulated, random.random(shots), side="right")
    numbers, counts = np.unique(np.minimum(states, len(shares) - 1), return_counts=True)
    n_sites = len(shares).bit_length() - 1
    return {
        format(number, f"0{n_sites}b"): count
        for number, count in zip(numbers.tolist(), counts.tolist(), strict=True)
    }
