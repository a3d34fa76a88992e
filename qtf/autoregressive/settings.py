"""Settings of every network and the one table of them; needs no Keras."""

import re
from dataclasses import dataclass, fields
from typing import (
    Annotated,
    ClassVar,
    TypeVar,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

from qtf.checks import COUNT, FLAG, OneOf, Optional
from qtf.settings import Settings
from qtf.typing import Lattice

ACTIVATIONS = ("relu", "silu")


class ArchitectureSettings(Settings):
    """Base of what can be set of one kind of network.

    Args:
        network: File in this room and class in it, joined by a dot.
        order: Order of the sites of rows that the network needs, "raster" or "snake"; None: it
            takes any order of any lattice.
    """

    network: ClassVar[str] = ""
    order: ClassVar[str | None] = None

    def __init_subclass__(cls, *, network: str, order: str | None = None) -> None:
        super().__init_subclass__(section="network")
        cls.network, cls.order = network, order


@dataclass(frozen=True)
class GatedRNN2DSettings(ArchitectureSettings, network="gated_2d.GatedRNN2D", order="snake"):
    """What can be set of the gated recurrent network along a zigzag path.

    Attributes:
        units: Width of the states.
        context: Whether gates also know how far the edges are, and how often each outcome came.
    """

    units: Annotated[int, COUNT] = 32
    context: Annotated[bool, FLAG] = False


@dataclass(frozen=True)
class GRUSettings(ArchitectureSettings, network="gru.GRUNetwork"):
    """What can be set of the gated recurrent network.

    Attributes:
        units: Width of the states.
        context: Whether gates also know how far the edges are, and how often each outcome came.
        activation: Activation of the heads; Gauss-Newton steps need "silu", which has no kinks.
    """

    units: Annotated[int, COUNT] = 64
    context: Annotated[bool, FLAG] = False
    activation: Annotated[str, OneOf(ACTIVATIONS)] = "relu"


@dataclass(frozen=True)
class LSTM2DSettings(ArchitectureSettings, network="lstm_2d.LSTM2D", order="raster"):
    """What can be set of the memories along rows and columns.

    Attributes:
        units: Width of the states d, a, b and of y.
        n_layers: Number of layers.
        layer_norm: Whether sums over layers are normalised; the paper's text names no norm.
    """

    units: Annotated[int, COUNT] = 32
    n_layers: Annotated[int, COUNT] = 2
    layer_norm: Annotated[bool, FLAG] = True


@dataclass(frozen=True)
class PixelCNNSettings(ArchitectureSettings, network="pixelcnn.PixelCNN", order="raster"):
    """What can be set of the masked convolutions.

    Attributes:
        width: Channels.
        depth: Number of convolutions, the first included.
        residual: Whether pairs of convolutions after the first add to their input.
    """

    width: Annotated[int, COUNT] = 32
    depth: Annotated[int, COUNT] = 10
    residual: Annotated[bool, FLAG] = False

    def __post_init__(self) -> None:
        """Checks every rule."""
        super().__post_init__()
        if self.residual and self.depth % 2 == 0:
            raise ValueError(
                "Setting `network.depth` must be odd if `network.residual`, one and pairs, but is"
                f" {self.depth}."
            )


@dataclass(frozen=True)
class RowScanSettings(ArchitectureSettings, network="row_scan.RowScan", order="raster"):
    """What can be set of the gated layers along rows.

    Attributes:
        units: Width of the states.
        n_layers: Number of layers.
    """

    units: Annotated[int, COUNT] = 64
    n_layers: Annotated[int, COUNT] = 2


@dataclass(frozen=True)
class TransformerSettings(ArchitectureSettings, network="transformer.Transformer"):
    """What can be set of the transformer.

    Attributes:
        units: Width.
        n_layers: Number of blocks.
        n_attention_heads: Heads of the attention; must divide `units`.
        feed_forward_units: Hidden width of the two-layer network; None: 4 * units.
        norm_last: Whether blocks are normalised after each part instead of before.
        sinusoidal: Whether the table of positions is fixed.
    """

    units: Annotated[int, COUNT] = 32
    n_layers: Annotated[int, COUNT] = 2
    n_attention_heads: Annotated[int, COUNT] = 4
    feed_forward_units: Annotated[int | None, Optional(COUNT)] = None
    norm_last: Annotated[bool, FLAG] = False
    sinusoidal: Annotated[bool, FLAG] = False

    def __post_init__(self) -> None:
        """Checks every rule."""
        super().__post_init__()
        if self.units % self.n_attention_heads:
            raise ValueError(
                f"Setting `network.n_attention_heads` must divide `network.units` = {self.units},"
                f" but is {self.n_attention_heads}."
            )
        if self.sinusoidal and self.units % 2:
            raise ValueError(
                "Setting `network.units` must be even if `network.sinusoidal`, sines and cosines,"
                f" but is {self.units}."
            )


NETWORKS: dict[str, type[ArchitectureSettings]] = {
    "gated_2d": GatedRNN2DSettings,
    "gru": GRUSettings,
    "lstm_2d": LSTM2DSettings,
    "pixelcnn": PixelCNNSettings,
    "row_scan": RowScanSettings,
    "transformer": TransformerSettings,
}


T = TypeVar("T")


def _meaning(key: str, owner: str) -> str:
    """Returns what a network says of one of its settings, which has to be one line."""
    match = re.search(rf"^ +{key}: (.+)\.$", NETWORKS[owner].__doc__ or "", re.MULTILINE)
    return match[1] if match else "Setting"


@dataclass_transform(frozen_default=True)
def _with_settings_of_all(choice: type[T]) -> type[T]:
    """Makes a frozen dataclass that has the settings of all networks, None each, beside its own."""
    owners: dict[str, list[str]] = {}
    for name, kind in NETWORKS.items():
        for key, hint in get_type_hints(kind, include_extras=True).items():
            if get_origin(hint) is not Annotated:
                continue
            owners.setdefault(key, []).append(name)
            plain, rule = get_args(hint)
            rule = rule if isinstance(rule, Optional) else Optional(rule)
            choice.__annotations__[key] = Annotated[plain | None, rule]
            setattr(choice, key, None)
    lines = [
        f"        {key}: {_meaning(key, names[0])}; of {', '.join(names)}."
        for key, names in owners.items()
    ]
    choice.__doc__ = (choice.__doc__ or "").rstrip() + "\n".join(["", *lines, "    "])
    return dataclass(frozen=True)(choice)


@_with_settings_of_all
class NetworkSettings(Settings, section="network"):
    """Which network, and what differs from its defaults.

    Flags and run folders have the settings of all networks beside one another; None stands for
    the default of the network.

    Attributes:
        name: The network, one of `NETWORKS`.
    """

    name: Annotated[str, OneOf(NETWORKS)] = "gru"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.architecture()

    @property
    def order(self) -> str | None:
        """Order of the sites of rows that the network needs; None: it takes any."""
        return NETWORKS[self.name].order

    def architecture(self) -> ArchitectureSettings:
        """Returns the settings of the network, with its defaults where nothing is chosen.

        Raises:
            ValueError: The network has no such setting, or some do not fit one another.
        """
        kind = NETWORKS[self.name]
        names = [entry.name for entry in fields(kind)]  # type: ignore[arg-type]
        values = {
            key: value for key, value in vars(self).items() if key != "name" and value is not None
        }
        for key in values:
            if key not in names:
                raise ValueError(
                    f"Setting `network.{key}` is none of the network {self.name}, whose are"
                    f" {', '.join(names)}; None takes it back."
                )
        return kind(**values)

    def check_lattice(self, lattice: Lattice) -> None:
        """Checks that the network fits a lattice.

        Raises:
            ValueError: The network needs rows of sites, and the lattice has none.
        """
        if self.order is not None and lattice.rows() is None:
            raise ValueError(
                f'Setting `network.name` = "{self.name}" needs a lattice with rows of sites.'
            )
