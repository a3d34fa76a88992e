"""Reads the distributions of runs of open systems."""

from collections.abc import Sequence

import keras

from qtf.open_systems.averaged import AveragedDistribution
from qtf.open_systems.outcome_distribution import OutcomeDistribution
from qtf.open_systems.plan import Plan
from qtf.training.checkpoints import load_end_of_epoch
from qtf.training.run_folder import RunFolder


def mean_of_runs(folders: Sequence[RunFolder]) -> tuple[keras.Model, float | None]:
    """Returns the mean of the distributions of runs, or the one, and its time.

    Args:
        folders: The runs; the others must be of the same system as the first, and of the
            same time.

    Returns:
        The distribution; its time, or None for the steady state.

    Raises:
        FileNotFoundError: A run has no weights.
        ValueError: The runs are of different systems, measurements or times.
    """
    wanted = _describe(folders[0])
    for folder in folders:
        described = _describe(folder)
        for name, value in wanted.items():
            if described[name] != value:
                raise ValueError(
                    f"Runs that are averaged must have the same `{name}`, but it is"
                    f" {described[name]!r} in {folder.path} and {value!r} in {folders[0].path}."
                )
    distributions, times = zip(*map(load_distribution, folders), strict=True)
    if len(set(times)) > 1:
        raise ValueError(f"Runs that are averaged must be of one time, but are of {times}.")
    if len(distributions) == 1:
        return distributions[0], times[0]
    return AveragedDistribution(distributions=distributions), times[0]


def load_distribution(folder: RunFolder) -> tuple[OutcomeDistribution, float | None]:
    """Returns what a run has found, and its time.

    Where time was followed, the distribution at the last time; best weights would be those of
    the time whose step was solved best. Else the best weights of the steady state.

    Args:
        folder: The run.

    Returns:
        The distribution; its time, or None for the steady state.

    Raises:
        FileNotFoundError: The run has no weights.
        ValueError: A file of the run is damaged.
    """
    config = folder.load_config()
    training, n_steady = config["training"], config["steady_state"]["n_epochs"]
    distribution = folder.load_model()
    if n_steady == training["n_epochs"]:
        return distribution, None
    n_epochs = load_end_of_epoch(distribution, folder.checkpoints, training["steps_per_epoch"])
    if n_epochs <= n_steady:
        return distribution, None
    plan = Plan(config["dynamics"]["tau"], max(n_epochs, training["n_epochs"]), n_steady)
    return distribution, round(float(plan.times[n_epochs]), 12)


def _describe(folder: RunFolder) -> dict[str, object]:
    """Returns what runs must have in common, so that they describe the same system."""
    config = folder.load_config()
    described: dict[str, object] = {
        name: config.get(name) for name in ("physics", "measurement", "start", "start_angles")
    }
    if config.get("steady_state", {}).get("n_epochs"):
        described |= {"start": "steady state", "start_angles": None}
    return described
