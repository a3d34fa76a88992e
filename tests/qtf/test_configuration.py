from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import pytest
from ml_collections import ConfigDict

from qtf.checks import COUNT, POSITIVE, Optional
from qtf.configuration import config_dict, from_config
from qtf.settings import Settings


@dataclass(frozen=True)
class Free(Settings, free=True):
    values: Mapping[str, Any] = field(default_factory=lambda: {"name": "ising"})

    def as_mapping(self) -> dict[str, Any]:
        return dict(self.values)

    def changed(self, values: Mapping[str, Any]) -> "Free":
        return Free(values)


@dataclass(frozen=True)
class Inner(Settings, section="inner"):
    units: Annotated[int | None, Optional(COUNT)] = None
    rate: Annotated[float, POSITIVE] = 1.0
    sizes: tuple[int, ...] = ()
    hamiltonian: Free = field(default_factory=Free)


@dataclass(frozen=True)
class Whole(Settings):
    flag: bool = False
    inner: Inner = field(default_factory=Inner)


def test_flags_hold_every_key_locked_and_typed():
    config = config_dict(Whole())
    assert config.to_dict() == Whole().as_mapping()
    config.inner.units = 3
    with pytest.raises(TypeError):
        config.inner.units = "wide"
    with pytest.raises(AttributeError):
        config.inner.unit = 3
    assert from_config(Whole, config) == Whole(inner=Inner(units=3))


def test_some_keys_are_enough_and_whole_numbers_are_real_ones():
    settings = from_config(Whole, ConfigDict({"inner": {"rate": 2, "sizes": [1, 2]}}))
    assert settings == Whole(inner=Inner(rate=2.0, sizes=(1, 2)))
    assert isinstance(settings.inner.rate, float)


def test_a_free_section_is_replaced_as_a_whole():
    config = ConfigDict({"inner": {"hamiltonian": {"name": "xxz", "anisotropy": 0.5}}})
    hamiltonian = from_config(Whole, config).inner.hamiltonian
    assert hamiltonian == Free({"name": "xxz", "anisotropy": 0.5})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"innner": {}}, "unknown key `innner`. Did you mean `inner`?"),
        ({"inner": {"unit": 1}}, "unknown key `inner.unit`. Did you mean `inner.units`?"),
        ({"inner": {"rate": True}}, "`inner.rate` must be a number, but is True"),
        ({"inner": {"rate": 0}}, "`inner.rate` must be positive, but is 0"),
        ({"inner": {"hamiltonian": 3}}, "`inner.hamiltonian` must hold further settings, but is 3"),
        ({"inner": 3}, "`inner` must hold further settings, but is 3"),
        ({"flag": "yes"}, "Configuration has a value of the wrong type"),
    ],
)
def test_mistakes_are_told(values, message):
    with pytest.raises(ValueError, match=message):
        from_config(Whole, ConfigDict(values))


@dataclass(frozen=True)
class Named(Settings):
    runs: tuple[str, ...] = ()
    whole: Whole = field(default_factory=Whole)


def test_several_words_are_one_text_with_commas():
    config = config_dict(Named(runs=("a",)))
    assert config.runs == "a"
    config.runs = "/runs/a,b.c,"
    assert from_config(Named, config).runs == ("/runs/a", "b.c")
    assert from_config(Named, ConfigDict({"runs": ""})) == Named()
