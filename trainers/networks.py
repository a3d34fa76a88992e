"""Autoregressive networks as configurations describe them."""

from collections.abc import Mapping
from typing import Any

from qtf.autoregressive.network import AutoregressiveNetwork
from qtf.autoregressive.settings import NETWORKS, NetworkSettings
from qtf.physics import Lattice

ON_SQUARES = {name: kind.order for name, kind in NETWORKS.items() if kind.order}


def make_network(
    settings: Mapping[str, Any],
    lattice: Lattice,
    *,
    heads: tuple[int, ...],
    local_dimension: int = 2,
) -> AutoregressiveNetwork[Any]:
    """Returns the network of a configuration, see `NetworkSettings.make`."""
    network = NetworkSettings.from_mapping(settings)
    return network.make(lattice, heads=heads, local_dimension=local_dimension)
