from dataclasses import dataclass, field, replace
from typing import Annotated

import pytest

from qtf.checks import COUNT, POSITIVE, Optional
from qtf.settings import Settings, flatten


@dataclass(frozen=True)
class Inner(Settings, section="outer.inner"):
    units: Annotated[int, COUNT] = 4
    rate: Annotated[float | None, Optional(POSITIVE)] = None


@dataclass(frozen=True)
class Outer(Settings, section="outer"):
    n_steps: Annotated[int, COUNT] = 3
    name: str = "gru"
    inner: Inner = field(default_factory=Inner)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_steps == 7:
            raise ValueError("Setting `outer.n_steps` must not be 7.")


def test_rules_are_checked_and_named_with_their_section():
    with pytest.raises(ValueError, match="Setting `outer.inner.units` must be positive, but is 0"):
        Inner(units=0)
    with pytest.raises(ValueError, match="`outer.inner.rate` must be positive, but is -1.0"):
        replace(Inner(), rate=-1.0)
    with pytest.raises(ValueError, match="`outer.n_steps` must not be 7"):
        Outer(n_steps=7)


def test_rules_are_nested_as_the_sections():
    assert Outer.rules() == {
        "n_steps": COUNT,
        "inner": {"units": COUNT, "rate": Optional(POSITIVE)},
    }


def test_mappings_and_settings_turn_into_one_another():
    values = {"n_steps": 5, "name": "gru", "inner": {"units": 4, "rate": 0.5}}
    settings = Outer.from_mapping({"n_steps": 5, "inner": {"rate": 0.5}})
    assert settings == Outer(n_steps=5, inner=Inner(rate=0.5))
    assert settings.as_mapping() == values
    assert Outer.from_mapping(values) == settings


def test_unknown_keys_are_named():
    with pytest.raises(ValueError, match="Unknown key `outer.inner.unit`; known are rate, units"):
        Outer.from_mapping({"inner": {"unit": 1}})


def test_a_class_that_is_no_dataclass_is_refused():
    class Plain(Settings):
        pass

    with pytest.raises(TypeError, match="Plain must be a dataclass"):
        Plain().as_mapping()


def test_flatten_joins_keys_with_dots():
    assert flatten({"a": {"b": 1, "c": {"d": 2}}, "e": 3}) == {"a.b": 1, "a.c.d": 2, "e": 3}
