"""The sizes of a growth, each with the configuration of its own training."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtf.checks import FINITE, Several, check_settings
from qtf.ground_states.growth_folders import folder_name
from qtf.physics import HamiltonianSettings
from qtf.training.run_folder import RunFolder, check_same
from trainers.ground_states.assembly import without_what_follows
from trainers.ground_states.config import RULES

# Of the section `growth`, what may hold a value for each size after the first.
PER_SIZE = ("n_steps", "n_samples", "learning_rates", "clip_norms")
# Only their end decides whether the next size may still begin.
MUTABLE_KEYS = (
    "training.log_every_steps",
    "training.checkpoint_every_minutes",
    "training.histograms_every_epochs",
    "training.figures_every_epochs",
)


@dataclass(frozen=True)
class Stage:
    """One size of a growth.

    Attributes:
        size: Spins of a chain or of the side of a square.
        name: Of its run folder.
        start: Name of the run folder whose weights it starts from; None: random weights.
        config: Its whole configuration.
    """

    size: int
    name: str
    start: str | None
    config: dict[str, Any]


def make_stages(config: dict[str, Any]) -> list[Stage]:
    """Returns the sizes of a growth in their order.

    Args:
        config: Resolved configuration whose `growth.sizes` are not empty.

    Raises:
        ValueError: Sizes do not ascend, a list has too many values, an epoch does not fit, or
            a reference energy is given.
    """
    growth = config["growth"]
    _check(config)
    stages = [Stage(growth["sizes"][0], folder_name(growth["sizes"][0]), None, _first(config))]
    for place, size in enumerate(growth["sizes"][1:]):
        before = stages[-1].name
        stages.append(Stage(size, folder_name(size), before, _further(config, place, size, before)))
    return stages


def check_finished(stages: Sequence[Stage], workdir: Path) -> None:
    """Checks the run folders of all sizes that have begun against what is asked.

    Raises:
        ValueError: A size has been trained in another way, or after another size.
    """
    for stage in stages:
        folder = RunFolder(workdir / stage.name)
        if folder.config.exists():
            check_same(folder.path, folder.load_config(), stage.config, MUTABLE_KEYS)


def _first(config: dict[str, Any]) -> dict[str, Any]:
    return _at_size(config, config["growth"]["sizes"][0], start=None)


def _further(config: dict[str, Any], place: int, size: int, start: str) -> dict[str, Any]:
    """Returns the configuration of a size after the first, the `place`-th from 0."""
    found, growth = _at_size(config, size, start=start), config["growth"]
    training, sampling = found["training"], found["sampling"]
    optimizer = training["optimizer"]
    n_steps, n_samples, learning_rate, clip_norm = (_value(growth[key], place) for key in PER_SIZE)
    training["seed"] += place + 1
    training["steps_per_epoch"] = growth["steps_per_epoch"]
    training["n_epochs"] = n_steps // growth["steps_per_epoch"]
    training["log_every_steps"] = growth["log_every_steps"]
    optimizer.update(schedule=growth["schedule"], floor=growth["floor"], warmup_steps=0)
    if learning_rate is not None:
        optimizer["learning_rate"] = learning_rate
    if clip_norm is not None:
        optimizer["clip_norm"] = clip_norm
    if n_samples is not None:
        sampling["n_samples"] = n_samples
    # The paper's T: spins need not be kept diverse any more.
    found["penalties"]["temperature"] = 0.0
    return found


def _at_size(config: dict[str, Any], size: int, *, start: str | None) -> dict[str, Any]:
    found = copy.deepcopy(without_what_follows(config))
    hamiltonian = HamiltonianSettings.from_mapping(found["physics"]["hamiltonian"])
    found["physics"]["hamiltonian"] = hamiltonian.resized(size).as_mapping()
    found["growth"] = {"start": start}
    return found


def _value(values: Sequence[Any], place: int) -> Any:
    return values[min(place, len(values) - 1)] if values else None


def _check(config: dict[str, Any]) -> None:
    growth = config["growth"]
    sizes = tuple(growth["sizes"])
    if any(size < 2 for size in sizes) or list(sizes) != sorted(set(sizes)):
        raise ValueError(f"Setting `growth.sizes` must ascend from at least 2, but is {sizes}.")
    if config["reference"] is not None:
        raise ValueError(
            "Setting `reference` must be None for a growth, whose sizes have energies of their"
            f" own, but is {config['reference']}."
        )
    if config["refinement"]["n_epochs"]:
        raise ValueError(
            "Setting `refinement.n_epochs` must be 0 for a growth, but is"
            f" {config['refinement']['n_epochs']}."
        )
    for key in PER_SIZE:
        if len(growth[key]) > max(1, len(sizes) - 1):
            raise ValueError(
                f"Setting `growth.{key}` must have at most {max(1, len(sizes) - 1)} values, one"
                f" for each size after the first, but has {len(growth[key])}."
            )
    check_settings(growth, {**RULES["growth"], "sizes": Several(FINITE)}, "growth.")
    if growth["n_averages"] == 1:
        raise ValueError(
            f"Setting `growth.n_averages` must be 0 or at least 2, but is {growth['n_averages']}."
        )
    if not growth["n_steps"]:
        raise ValueError("Setting `growth.n_steps` must have at least one value, but has none.")
    for n_steps in growth["n_steps"]:
        if n_steps < 1 or n_steps % growth["steps_per_epoch"]:
            raise ValueError(
                "Setting `growth.n_steps` must hold positive multiples of"
                f" `growth.steps_per_epoch` = {growth['steps_per_epoch']}, but holds {n_steps}."
            )
