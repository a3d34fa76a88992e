"""Autoregressive networks as configurations describe them."""

from typing import Any

from qtf.autoregressive import NETWORKS
from qtf.autoregressive.network import AutoregressiveNetwork
from qtf.physics import Lattice

# Networks of squares, with the order in which they number sites.
ON_SQUARES = {"gated_2d": "snake", "lstm_2d": "raster", "pixelcnn": "raster"}
ARGUMENTS = {
    "gated_2d": ("units",),
    "gru": ("units",),
    "lstm_2d": ("units", "n_layers", "layer_norm"),
    "transformer": (
        "units",
        "n_layers",
        "n_attention_heads",
        "feed_forward_units",
        "norm_last",
        "sinusoidal",
    ),
    "pixelcnn": ("width", "depth", "residual"),
}


def make_network(
    settings: dict[str, Any], lattice: Lattice, *, heads: tuple[int, ...], local_dimension: int = 2
) -> AutoregressiveNetwork:
    """Returns the network of a configuration, with the outputs `heads`.

    Raises:
        ValueError: The network is unknown, does not fit the lattice, or has no such argument.
    """
    name = settings["name"]
    if name not in NETWORKS:
        known = ", ".join(NETWORKS)
        raise ValueError(f'Setting `network.name` must be one of {known}, but is "{name}".')
    given = {key: value for key, value in settings.items() if key != "name" and value is not None}
    for key in given:
        if key not in ARGUMENTS[name]:
            raise ValueError(
                f"Setting `network.{key}` is none of the network {name}, whose are"
                f" {', '.join(ARGUMENTS[name])}."
            )
    given |= {"heads": heads, "local_dimension": local_dimension}
    if name not in ON_SQUARES:
        return NETWORKS[name](n_positions=lattice.n_sites, **given)
    rows = lattice.rows()
    if rows is None:
        raise ValueError(f'Setting `network.name` = "{name}" needs a square lattice.')
    return NETWORKS[name](shape=(len(rows), len(rows[0])), **given)
