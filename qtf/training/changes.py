"""Runs that go on with other settings: which may change, and from which step on they did."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qtf.files import read_json
from qtf.settings import flatten

EXTEND = "training.extend"
N_EPOCHS = "training.n_epochs"
# May change between two starts of one run: they say how long and how often, not what.
MUTABLE_KEYS = (
    "data_dir",
    N_EPOCHS,
    EXTEND,
    "training.patience",
    "training.stop_below",
    "training.log_every_steps",
    "training.checkpoint_every_minutes",
    "training.histograms_every_epochs",
    "training.figures_every_epochs",
)
# What the course of the learning rate is made of; it begins anew where one of them changes.
RATE_KEYS = tuple(
    f"training.optimizer.{key}"
    for key in ("learning_rate", "schedule", "decay", "floor", "warmup_steps")
)
# May change on demand: the same weights and moments can go on with other values.
CHANGEABLE_KEYS = (
    *RATE_KEYS,
    N_EPOCHS,
    "training.validate_every_epochs",
    "training.monitor",
    "training.stop_metric",
    "training.xla",
    *(f"training.optimizer.{key}" for key in ("beta_1", "beta_2", "epsilon", "clip_norm")),
)
Differences = Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True)
class ChangeRules:
    """Which settings of a run may differ from those that its folder records.

    Attributes:
        mutable: Dotted keys that may always differ.
        changeable: Dotted keys that may differ on demand.
        demanded: Whether that is demanded, by the flag --change.
        usual: Nested values that older runs had without recording them.
    """

    mutable: Collection[str] = MUTABLE_KEYS
    changeable: Collection[str] = ()
    demanded: bool = False
    usual: Mapping[str, Any] = field(default_factory=dict)

    def differences(self, recorded: Mapping[str, Any], asked: Mapping[str, Any]) -> Differences:
        """Returns the values before and after by dotted key, where they differ.

        Args:
            recorded: Nested values that a folder records.
            asked: Nested values that are asked.

        Example:
            >>> rules = ChangeRules(usual={"xla": True})
            >>> rules.differences({"units": 3}, {"units": 4, "xla": True})
            {'units': (3, 4)}
        """
        # Through JSON, so that tuples and lists compare equal.
        before, after, usual = (
            flatten(json.loads(json.dumps(values))) for values in (recorded, asked, self.usual)
        )
        before = {**{key: usual[key] for key in after.keys() & usual.keys()}, **before}
        return {
            key: (before.get(key), after.get(key))
            for key in sorted(before.keys() | after.keys())
            if before.get(key) != after.get(key)
        }

    def check(self, path: Path, differences: Differences) -> None:
        """Checks that a run may go on so.

        Args:
            path: Its folder, for the message.
            differences: From `differences`.

        Raises:
            ValueError: A setting differs that may not.
        """
        before, after = differences.get(EXTEND, (0, 0))
        if (after or 0) < (before or 0):
            raise ValueError(
                f"Flag --extend must be at least {before}, by which {path} has been extended, but"
                f" is {after or 0}."
            )
        allowed = {*self.mutable, *(self.changeable if self.demanded else ())}
        refused = [key for key in differences if key not in allowed]
        if refused:
            first, *others = refused
            before, after = differences[first]
            also = f", and other values of {', '.join(others)}" if others else ""
            raise ValueError(
                f"Folder {path} holds a run with `{first}` = {before!r}, but {after!r} is"
                f" asked{also}; {self._ways_out(refused)}"
            )

    def _ways_out(self, refused: Sequence[str]) -> str:
        mutable = f"Only these may change: {', '.join(sorted(self.mutable))}."
        if not self.changeable:
            return f"choose another folder, or ask for what the run has. {mutable}"
        if set(refused) <= set(self.changeable):
            return "ask for what the run has, or add --change to go on so from now on."
        further = ", ".join(sorted(set(self.changeable) - set(self.mutable)))
        return (
            "ask for what the run has, or choose another folder, where --init_from starts from the"
            f" weights of this one. {mutable} With --change also: {further}."
        )


USUAL_RULES = ChangeRules()


@dataclass(frozen=True)
class Change:
    """Settings of a run that are others from a step on.

    Attributes:
        step: Optimiser steps that the run had taken.
        n_steps: Steps of the whole run, as it was asked then.
        settings: Values before and after by dotted key.
    """

    step: int
    n_steps: int
    settings: Differences

    @property
    def is_departure(self) -> bool:
        """Whether the run goes on as it would not have without the change."""
        return EXTEND in self.settings or not set(self.settings) <= set(MUTABLE_KEYS)

    @property
    def is_another_goal(self) -> bool:
        """Whether the metrics that are monitored before and after cannot be compared."""
        return "training.monitor" in self.settings

    def to_mapping(self) -> dict[str, Any]:
        """Returns the entry of the list in a run folder."""
        settings = {
            key: {"before": before, "after": after}
            for key, (before, after) in self.settings.items()
        }
        return {"step": self.step, "n_steps": self.n_steps, "settings": settings}


def read_changes(path: Path) -> tuple[Change, ...]:
    """Returns the changes that a file lists, the first one first; none without a file.

    Raises:
        ValueError: The file is damaged; the message names it.
    """
    if not path.exists():
        return ()
    content = read_json(path)
    try:
        return tuple(
            Change(
                int(entry["step"]),
                int(entry["n_steps"]),
                {k: (v["before"], v["after"]) for k, v in entry["settings"].items()},
            )
            for entry in content
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"File {path} must list changes of a run: {error!r}.") from error


@dataclass(frozen=True)
class Course:
    """Steps of a run along which the learning rate follows its schedule.

    Attributes:
        start: The first one.
        n_steps: Their number; what comes after them has the last learning rate.
    """

    start: int
    n_steps: int


def find_course(changes: Sequence[Change], *, n_scheduled: int, schedule: str) -> Course:
    """Returns the steps of the schedule that holds in the end.

    It is that of the configuration, or begins where its settings were last changed and goes on to
    the end that the run had then.

    Args:
        changes: Of the run.
        n_scheduled: Steps of the run without its extension.
        schedule: Name of the schedule, of `SCHEDULES`.
    """
    # The length of the run is the length of the cosine.
    keys = {*RATE_KEYS, *((N_EPOCHS,) if schedule == "cosine" else ())}
    for change in reversed(changes):
        if not keys.isdisjoint(change.settings):
            end = max(change.n_steps, n_scheduled)
            return Course(change.step, max(1, end - change.step))
    return Course(0, n_scheduled)
