"""All conditionals of a network, for few positions."""

from typing import Any

import keras
from keras import ops

from qtf.autoregressive.network import AutoregressiveNetwork
from qtf.typing import Tensor


def conditionals_of_all_prefixes(network: AutoregressiveNetwork[Any]) -> list[Tensor]:
    """Returns the outputs at every position after everything that can come before.

    A network that `extends` walks the tree of prefixes level by level: with d outcomes and n
    positions (d**n - 1) / (d - 1) evaluations of a position. Others take n d**(n - 1). Either
    way the outputs may be differentiated.

    Args:
        network: The network; there are d**(n - 1) prefixes.

    Returns:
        For each position p, (d**p, n_outputs), the first outcome most significant.

    Example:
        >>> from qtf.autoregressive import GRUNetwork
        >>> network = GRUNetwork(n_positions=3, units=8)
        >>> [tuple(outputs.shape) for outputs in conditionals_of_all_prefixes(network)]
        [(1, 4), (2, 4), (4, 4)]
    """
    return _by_levels(network) if network.extends else _at_once(network)


def _by_levels(network: AutoregressiveNetwork[Any]) -> list[Tensor]:
    d, levels = network.local_dimension, []
    previous, cache = ops.zeros((1,), "int32"), network.initial_cache(1)
    for position in range(network.n_positions):
        if position:
            previous = ops.tile(ops.arange(d, dtype="int32"), (d ** (position - 1),))
            cache = keras.tree.map_structure(lambda part: ops.repeat(part, d, axis=0), cache)
        outputs, cache = network.extend(position, previous, cache)
        levels.append(outputs)
    return levels


def _at_once(network: AutoregressiveNetwork[Any]) -> list[Tensor]:
    d, last = network.local_dimension, network.n_positions - 1
    number = ops.arange(d**last, dtype="int32")
    # What the last position holds, nobody sees.
    columns = [number // d ** max(last - 1 - p, 0) % d for p in range(network.n_positions)]
    outputs = network(ops.stack(columns, axis=1))
    return [outputs[:: d ** (last - p), p] for p in range(network.n_positions)]
