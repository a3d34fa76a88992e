"""Multiply-adds of the matrix products that a step of stochastic reconfiguration consists of.

Each is counted once, where it is needed: not what is evaluated again, filled up or multiplied by
zero. So no step does fewer, and products of large matrices in the time of a step say how near it
is to what the machine can do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class StepArithmetic:
    """Multiply-adds of a step, part by part.

    Attributes:
        sampling: Of drawing the samples.
        local_energies: Of their local energies.
        derivatives: Of the derivatives of each sample.
        equations: Of making and solving the equations.
    """

    sampling: int
    local_energies: int
    derivatives: int
    equations: int

    @property
    def total(self) -> int:
        """Sum of all parts."""
        return self.sampling + self.local_energies + self.derivatives + self.equations


def count_step(psi: Any, local_energy: Any, bits: Any) -> StepArithmetic:
    """Returns the multiply-adds of a step with some samples.

    Args:
        psi: A `WaveFunction` of a network that `count_position` knows.
        local_energy: The `LocalEnergy` of the Hamiltonian.
        bits: The samples, int32 (n_samples, n_sites).
    """
    n_samples, of_each = len(bits), count_position(psi.network)
    evaluation = n_samples * psi.network.n_positions * of_each
    n_outputs = 1 if psi.positive else 2
    n_weights = sum(np.prod(variable.shape, dtype=int) for variable in psi.trainable_variables)
    return StepArithmetic(
        sampling=evaluation,
        local_energies=count_positions(psi, local_energy, bits) * of_each,
        # Forwards once; backwards, and the product of what enters a layer with what comes back
        # to it, once for each output, with matrices of the same sizes.
        derivatives=(1 + 2 * n_outputs) * evaluation,
        equations=count_equations(n_outputs * n_samples, int(n_weights)),
    )


def count_equations(n_rows: int, n_weights: int) -> int:
    """Returns those of X X^T or X^T X, its factorisation and the products with vectors.

        r^2 c + r^3 / 6 + r^2 + 3 r c

    with r the smaller and c the larger of rows and weights. The matrix is counted as a whole
    product, although it is symmetric. X is multiplied by the direction before and by the new one,
    and X^T by the solution.

    Args:
        n_rows: Samples times outputs.
        n_weights: Number of weights.
    """
    small, large = sorted((n_rows, n_weights))
    return small**2 * large + small**3 // 6 + small**2 + 3 * small * large


def count_positions(psi: Any, local_energy: Any, bits: Any) -> int:
    """Returns how many positions local energies evaluate, of all configurations together.

    All positions of each sample once, and those from the prefix on of each pair of a flip and a
    sample whose element is not zero.

    Args:
        psi: The wave function.
        local_energy: Of its Hamiltonian.
        bits: The samples, int32 (n_samples, n_sites).
    """
    network, flips = psi.network, local_energy.flips
    n_positions, together = network.n_positions, network.n_together
    first = flips[:, list(psi.sites)].argmax(axis=1) // psi.sites_per_position
    between = -(-n_positions // local_energy.n_prefixes)
    between = -(-between // together) * together
    n_evaluated = n_positions - first // between * between
    return len(bits) * n_positions + int(find_pairs(local_energy, bits).sum(axis=1) @ n_evaluated)


def find_pairs(local_energy: Any, bits: Any) -> Any:
    """Returns which flips of which samples have an element, (n_flips, n_samples)."""
    _, elements, _ = local_energy.connected(bits)
    return np.asarray(elements) != 0.0


def count_position(network: Any) -> int:
    """Returns the multiply-adds of one position of one configuration."""
    return NETWORKS[type(network).__name__](network)


def _count_gru(network: Any) -> int:
    # [x, h'] times (d + u, 2 u), and the heads.
    d, u = network.local_dimension, network.settings.units
    return (d + u) * 2 * u + _count_heads(network, u)


def _count_gated_2d(network: Any) -> int:
    # [h', h''] times the matrix of the first outcomes and, for each other outcome of either
    # neighbour, a difference from it: 2 d - 1 of (2 u, 2 u). Then W, (2 u, u), and the heads.
    d, u = network.local_dimension, network.settings.units
    return (2 * d - 1) * (2 * u) ** 2 + 2 * u * u + _count_heads(network, u)


def _count_pixelcnn(network: Any) -> int:
    # Four neighbours times (d, w), five times (w, w) in every further layer, (w, outputs).
    d, w, depth = network.local_dimension, network.settings.width, network.settings.depth
    return 4 * d * w + (depth - 1) * 5 * w * w + w * network.n_outputs


def _count_heads(network: Any, units: int) -> int:
    # A hidden layer (u, u) for each head, and (u, outputs of all heads).
    return len(network.heads) * units**2 + units * network.n_outputs


NETWORKS: dict[str, Callable[[Any], int]] = {
    "GRUNetwork": _count_gru,
    "GatedRNN2D": _count_gated_2d,
    "PixelCNN": _count_pixelcnn,
}
