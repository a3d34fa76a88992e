"""Settings as the flags of a command hold them, and back."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar, get_args, get_type_hints

from ml_collections import ConfigDict
from ml_collections.config_dict import placeholder

from qtf.checks import check_section, check_settings
from qtf.configuration_files import nearest_key
from qtf.settings import Settings

S = TypeVar("S", bound=Settings)
# Flags and files have them as one text, with commas between.
WORDS = tuple[str, ...]


def config_dict(settings: Settings) -> ConfigDict:
    """Returns settings as a configuration whose keys are locked.

    Args:
        settings: The settings; None stands for a value of the annotated type that is not set.
    """
    return ConfigDict(_entries(settings)).lock()


def from_config(kind: type[S], config: ConfigDict) -> S:
    """Returns the settings that a configuration asks for.

    Args:
        kind: Class of the settings of the whole configuration.
        config: Values, possibly of some keys only, as a hand-written file may have them.

    Raises:
        ValueError: A key is unknown, a value has the wrong type or breaks its rule.
    """
    usual, values = kind(), config.to_dict()
    # As given: afterwards True, for example, may have become 1.0.
    check_settings(values, kind.rules())
    full = config_dict(usual)
    try:
        _update(full, values, usual, (), config_dict(usual).to_dict())
    except TypeError as error:
        raise ValueError(f"Configuration has a value of the wrong type: {error}") from error
    return usual.changed(_split_words(full.to_dict(), usual))


def _split_words(values: dict[str, Any], usual: Settings) -> dict[str, Any]:
    """Returns values of settings with lists of words in place of texts, where they are lists."""
    hints = get_type_hints(type(usual))
    for name, value in _values(usual).items():
        if isinstance(value, Settings) and not value.free:
            values[name] = _split_words(values[name], value)
        elif hints[name] == WORDS:
            values[name] = tuple(word for word in values[name].split(",") if word)
    return values


def _entries(settings: Settings) -> dict[str, Any]:
    if settings.free:
        return settings.as_mapping()
    hints = get_type_hints(type(settings))
    return {name: _entry(value, hints[name]) for name, value in _values(settings).items()}


def _entry(value: Any, hint: Any) -> Any:
    if isinstance(value, Settings):
        return _entries(value)
    if hint == WORDS:
        return ",".join(value)
    if value is not None:
        return value
    (kind,) = (part for part in get_args(hint) if part is not type(None))
    return placeholder(getattr(kind, "__origin__", kind))


def _update(
    section: ConfigDict,
    values: Mapping[str, Any],
    usual: Settings,
    above: tuple[str, ...],
    every_key: dict[str, Any],
) -> None:
    present = _values(usual)
    for key, value in values.items():
        if key not in present:
            raise ValueError(
                f"Configuration has the unknown key `{'.'.join((*above, key))}`."
                f" {nearest_key(every_key, above, key)}"
            )
        inner = present[key]
        if not isinstance(inner, Settings):
            section[key] = value
        elif inner.free:
            check_section(".".join((*above, key)), value)
            with section.unlocked():
                # Replaced as a whole; its keys depend on its values.
                section[key] = ConfigDict(value)
        else:
            _update(section[key], value, inner, (*above, key), every_key)


def _values(settings: Settings) -> dict[str, Any]:
    return {field.name: getattr(settings, field.name) for field in fields(settings)}  # type: ignore[arg-type]
