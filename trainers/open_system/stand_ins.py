"""Stand-ins for settings of other rooms, until those have their own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Self

from qtf.checks import COUNT, FLAG, Optional
from qtf.physics import Lattice, PauliSum, from_config, lattice_from_config
from qtf.settings import Settings


@dataclass(frozen=True)
class HamiltonianSettings:
    """A Hamiltonian by its name, its lattice and its coefficients."""

    name: str
    values: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_mapping(cls, config: Mapping[str, Any]) -> Self:
        """Returns the settings that a configuration holds."""
        left = dict(config)
        return cls(left.pop("name"), left)

    def to_mapping(self) -> dict[str, Any]:
        """Returns the configuration."""
        return {"name": self.name, **self.values}

    @property
    def lattice(self) -> Lattice:
        """The lattice."""
        return lattice_from_config(self.to_mapping())

    def build(self) -> PauliSum:
        """Returns the Hamiltonian."""
        return from_config(self.to_mapping())


@dataclass(frozen=True)
class NetworkSettings(Settings, section="network"):
    """Settings of all networks; None where a network has no such setting."""

    name: str = "transformer"
    units: Annotated[int | None, Optional(COUNT)] = None
    n_layers: Annotated[int | None, Optional(COUNT)] = None
    n_attention_heads: Annotated[int | None, Optional(COUNT)] = None
    feed_forward_units: Annotated[int | None, Optional(COUNT)] = None
    norm_last: Annotated[bool | None, Optional(FLAG)] = None
    sinusoidal: Annotated[bool | None, Optional(FLAG)] = None
    layer_norm: Annotated[bool | None, Optional(FLAG)] = None
    width: Annotated[int | None, Optional(COUNT)] = None
    depth: Annotated[int | None, Optional(COUNT)] = None
    residual: Annotated[bool | None, Optional(FLAG)] = None
