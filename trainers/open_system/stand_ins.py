"""Stand-ins for settings of other rooms, until those have their own."""

from dataclasses import dataclass
from typing import Annotated

from qtf.checks import COUNT, FLAG, Optional
from qtf.settings import Settings


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
