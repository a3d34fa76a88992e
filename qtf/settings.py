"""Settings as frozen dataclasses: the rule stands in the annotation, the default beside it."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Annotated, Any, ClassVar, Self, get_args, get_origin, get_type_hints

from qtf.checks import Rule, check_settings


class Settings:
    """Base of frozen dataclasses that hold what somebody may set.

    Each field may carry a rule of `qtf.checks`, which is checked whenever settings are made:

        @dataclass(frozen=True)
        class SamplingSettings(Settings, section="sampling"):
            n_samples: Annotated[int, SAMPLES] = 256

    Fields that are settings themselves are sections within this one. A subclass with rules
    between several fields checks them in `__post_init__`, after calling that of this class.

    Args:
        section: Names of the sections around the fields, joined by dots, for messages.
        free: Whether the keys depend on values, so that the class itself reads and writes
            mappings; it overrides `as_mapping` and `changed`.
    """

    section: ClassVar[str] = ""
    free: ClassVar[bool] = False

    def __init_subclass__(cls, *, section: str = "", free: bool = False, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.section, cls.free = section, free

    def __post_init__(self) -> None:
        """Checks every rule.

        Raises:
            ValueError: A rule is broken.
        """
        rules = {key: rule for key, rule in self.rules().items() if not isinstance(rule, Mapping)}
        check_settings(vars(self), rules, f"{self.section}." if self.section else "")

    @classmethod
    def rules(cls) -> Mapping[str, Any]:
        """Returns the rule of each field that has one, and the mapping of rules of each section."""
        return _rules(cls)

    def as_mapping(self) -> dict[str, Any]:
        """Returns the values as nested mappings."""
        return {
            field.name: value.as_mapping() if isinstance(value, Settings) else value
            for field in fields(_as_dataclass(self))
            for value in [getattr(self, field.name)]
        }

    def changed(self, values: Mapping[str, Any]) -> Self:
        """Returns settings with other values, nested as the sections are.

        Args:
            values: New values by their keys; what is not there stays.

        Raises:
            ValueError: A key is unknown or a rule is broken.
        """
        present = {field.name: getattr(self, field.name) for field in fields(_as_dataclass(self))}
        for key in values:
            if key not in present:
                name = f"{self.section}.{key}" if self.section else key
                raise ValueError(f"Unknown key `{name}`; known are {', '.join(sorted(present))}.")
        return replace(
            _as_dataclass(self),
            **{
                key: present[key].changed(value) if isinstance(present[key], Settings) else value
                for key, value in values.items()
            },
        )

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Self:
        """Returns the defaults with other values, see `changed`."""
        return cls().changed(values)


def _rules(settings: type[Settings]) -> Mapping[str, Any]:
    rules: dict[str, Any] = {}
    for name, hint in get_type_hints(settings, include_extras=True).items():
        if get_origin(hint) is Annotated:
            rules.update((name, rule) for rule in get_args(hint)[1:] if isinstance(rule, Rule))
        elif isinstance(hint, type) and issubclass(hint, Settings) and not hint.free:
            rules[name] = _rules(hint)
    return rules


def _as_dataclass(settings: Any) -> Any:
    if not is_dataclass(settings):
        raise TypeError(f"{type(settings).__name__} must be a dataclass.")
    return settings


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Returns nested mappings as one mapping with dotted keys.

    Example:
        >>> flatten({"a": {"b": 1, "c": {"d": 2}}, "e": 3})
        {'a.b': 1, 'a.c.d': 2, 'e': 3}
    """
    flat: dict[str, Any] = {}
    for key, value in values.items():
        inner = isinstance(value, Mapping)
        flat.update(flatten(value, f"{prefix}{key}.") if inner else {f"{prefix}{key}": value})
    return flat


def differences(
    recorded: Mapping[str, Any], wanted: Mapping[str, Any]
) -> list[tuple[str, Any, Any]]:
    """Returns what a record has otherwise than what is wanted, by dotted keys in their order.

    Args:
        recorded: Nested mappings as they were read from JSON.
        wanted: Nested mappings; tuples are the lists that JSON has for them.

    Returns:
        Key, recorded value and wanted value of each difference; None where there is none.

    Example:
        >>> differences({"a": {"b": [1]}, "c": 2}, {"a": {"b": (1,)}, "c": 3})
        [('c', 2, 3)]
    """
    old, new = flatten(recorded), flatten(json.loads(json.dumps(wanted)))
    keys = sorted(old.keys() | new.keys())
    return [(key, old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key)]
