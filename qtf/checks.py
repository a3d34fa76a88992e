"""Rules for settings and arguments: a value that breaks one is named with the rule."""

import math
import numbers
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

SETTING = "Setting"
ARGUMENT = "Argument"


@runtime_checkable
class Rule(Protocol):
    """What a value must be."""

    def broken_by(self, value: Any) -> str | None:
        """Returns what follows "must" in the message, or None if the value obeys."""


@dataclass(frozen=True)
class Number:
    """A finite real number between bounds.

    Attributes:
        above: What it must exceed.
        least: What it must be at least.
        most: What it must be at most.
        below: What it must stay below.
        integer: Whether it is an integer.
    """

    above: float | None = None
    least: float | None = None
    most: float | None = None
    below: float | None = None
    integer: bool = False

    def broken_by(self, value: Any) -> str | None:
        """Returns which rule the value breaks; True and False are no numbers."""
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            return "be an integer" if self.integer else "be a number"
        if not math.isfinite(value):
            return "be finite"
        if self.integer and not isinstance(value, numbers.Integral):
            return "be an integer"
        return None if self._is_within(value) else self.bounds_in_words()

    def _is_within(self, value: Any) -> bool:
        return (
            (self.above is None or value > self.above)
            and (self.least is None or value >= self.least)
            and (self.most is None or value <= self.most)
            and (self.below is None or value < self.below)
        )

    def bounds_in_words(self) -> str:
        """Returns what follows "must" where the bounds are told; "be " if there are none."""
        if self.most is None and self.below is None:
            if self.above == 0 or (self.integer and self.least == 1):
                return "be positive"
            if self.least == 0:
                return "not be negative"
        bounds = {
            "above": self.above,
            "at least": self.least,
            "at most": self.most,
            "below": self.below,
        }
        given = [f"{word} {bound}" for word, bound in bounds.items() if bound is not None]
        return f"be {' and '.join(given)}"


@dataclass(frozen=True)
class Optional:
    """None, or what another rule asks for."""

    rule: Rule

    def broken_by(self, value: Any) -> str | None:
        """Returns which rule the value breaks."""
        return None if value is None else self.rule.broken_by(value)


@dataclass(frozen=True)
class Several:
    """A list or tuple whose entries obey a rule.

    Attributes:
        rule: Of each entry.
        at_least: Smallest number of entries.
    """

    rule: Rule
    at_least: int = 0

    def broken_by(self, value: Any) -> str | None:
        """Returns which rule the value as a whole breaks."""
        if not isinstance(value, list | tuple):
            return "hold several values"
        if len(value) < self.at_least:
            return f"hold at least {self.at_least} value{'s' * (self.at_least > 1)}"
        return None


@dataclass(frozen=True)
class Flag:
    """True or False."""

    def broken_by(self, value: Any) -> str | None:
        """Returns which rule the value breaks."""
        return None if isinstance(value, bool) else "be True or False"


@dataclass(frozen=True)
class OneOf:
    """One of some words."""

    words: Collection[str]

    def broken_by(self, value: Any) -> str | None:
        """Returns which rule the value breaks."""
        is_listed = isinstance(value, str) and value in self.words
        return None if is_listed else f"be one of {', '.join(self.words)}"


FINITE = Number()
POSITIVE = Number(above=0)
NOT_NEGATIVE = Number(least=0)
# Of what is gone after each step: all of it would be left at 1.
FRACTION = Number(least=0, below=1)
COUNT = Number(least=1, integer=True)
COUNT_OR_0 = Number(least=0, integer=True)
# A mean of fewer has no error bar.
SAMPLES = Number(least=2, integer=True)
# As NumPy, Keras and TensorFlow all take it, with room for the numbers of sizes of a growth.
SEED = Number(least=0, most=2**31 - 1, integer=True)
FLAG = Flag()


def check(name: str, value: Any, rule: Rule, *, kind: str = SETTING) -> None:
    """Checks one value.

    Args:
        name: Of the setting or argument.
        value: What it is.
        rule: What it must be.
        kind: "Setting" or "Argument"; starts the message.

    Raises:
        ValueError: The rule is broken.

    Example:
        >>> check("training.n_epochs", 2.5, COUNT)
        Traceback (most recent call last):
        ValueError: Setting `training.n_epochs` must be an integer, but is 2.5.
    """
    if isinstance(rule, Optional):
        if value is not None:
            check(name, value, rule.rule, kind=kind)
        return
    words = rule.broken_by(value)
    require(not words, name, str(words), value, kind=kind)
    if isinstance(rule, Several):
        for entry in value:
            words = rule.rule.broken_by(entry)
            if words:
                raise ValueError(
                    f"{kind} `{name}` holds values each of which must {words}, but one is"
                    f" {entry!r}."
                )


def require(holds: bool, name: str, words: str, value: object, *, kind: str = SETTING) -> None:
    """Checks what no `Rule` says, since it depends on other values.

    Args:
        holds: Whether the rule holds.
        name: Name of the setting or argument.
        words: What it must, to follow that word in the message.
        value: What it is.
        kind: "Setting" or "Argument"; starts the message.

    Raises:
        ValueError: The rule is broken.
    """
    if not holds:
        shown = f'"{value}"' if isinstance(value, str) else value
        raise ValueError(f"{kind} `{name}` must {words}, but is {shown}.")


def check_settings(values: Mapping[str, Any], rules: Mapping[str, Any], prefix: str = "") -> None:
    """Checks nested settings by nested rules; what has no rule is left alone.

    Args:
        values: Settings by their keys.
        rules: A rule or a mapping of rules for each key.
        prefix: Of the names in messages.

    Raises:
        ValueError: A rule is broken.
    """
    for key, rule in rules.items():
        if key not in values:
            continue
        if isinstance(rule, Mapping):
            check_section(f"{prefix}{key}", values[key])
            check_settings(values[key], rule, f"{prefix}{key}.")
        else:
            check(f"{prefix}{key}", values[key], rule)


def check_section(name: str, value: Any) -> None:
    """Checks that a setting is a section.

    Raises:
        ValueError: It is a value.
    """
    if not isinstance(value, Mapping):
        raise ValueError(f"Setting `{name}` must hold further settings, but is {value!r}.")


def check_arguments(rule: Rule, /, **arguments: Any) -> None:
    """Checks arguments that share a rule.

    Raises:
        ValueError: The rule is broken.

    Example:
        >>> check_arguments(COUNT, units=16, n_layers=0)
        Traceback (most recent call last):
        ValueError: Argument `n_layers` must be positive, but is 0.
    """
    for name, value in arguments.items():
        check(name, value, rule, kind=ARGUMENT)
