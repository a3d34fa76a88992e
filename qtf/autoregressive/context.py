"""What can be told of a position without a look at what is near it."""

import math

import numpy as np
from keras import ops

from qtf.typing import Index, Tensor

# Distances from an edge that are told apart; all further ones are one.
N_DISTANCES = 4


class Context:
    """How far a position is from the edges, and how often each outcome came before.

    Neither depends on how many positions there are, so that weights for it keep their meaning on
    larger lattices.

    Args:
        shape: Positions along each direction, the last one fastest.
        local_dimension: Number of outcomes of a position.

    Attributes:
        edges: Unit vectors of the distances from both edges of each direction,
            (*shape, n_edge_features); those of distances from `N_DISTANCES` on are zero.
        n_edge_features: Their number.
        n_counts: Numbers that tell how often each outcome came before.
    """

    def __init__(self, shape: tuple[int, ...], local_dimension: int) -> None:
        distances = [
            distance
            for places, length in zip(np.indices(shape), shape, strict=True)
            for distance in (places, length - 1 - places)
        ]
        told = np.stack(distances, axis=-1)[..., None] == np.arange(N_DISTANCES)
        self.n_edge_features = 2 * len(shape) * N_DISTANCES
        self.edges = told.reshape(*shape, self.n_edge_features).astype("float32")
        self.n_counts = local_dimension - 1
        n_positions = math.prod(shape)
        self._n_left = n_positions - np.arange(n_positions)

    def edges_at(self, position: Index) -> Tensor:
        """Returns the unit vectors of the edges of one position, (n_edge_features,)."""
        flat = ops.convert_to_tensor(self.edges.reshape(-1, self.n_edge_features))
        return ops.take(flat, position, axis=0)

    def counts(self, vectors: Tensor) -> Tensor:
        """Returns the counts before the first positions, see `shares`.

        Args:
            vectors: Unit vectors of their outcomes, (positions, batch, local_dimension).

        Returns:
            (positions, batch, n_counts).
        """
        kinds = self.differences(vectors)
        n_left = self._n_left[: kinds.shape[0], None, None]
        return shares(ops.cumsum(kinds, axis=0) - kinds, ops.convert_to_tensor(n_left))

    def counts_at(self, position: Index, sums: Tensor) -> Tensor:
        """Returns the counts before one position from the sums of the differences before it."""
        return shares(sums, ops.take(ops.convert_to_tensor(self._n_left), position))

    def differences(self, vectors: Tensor) -> Tensor:
        """Returns of unit vectors (..., local_dimension) all elements but the first, minus it."""
        return vectors[..., 1:] - vectors[..., :1]


def shares(sums: Tensor, n_left: Tensor) -> Tensor:
    """Returns how many more of each outcome than of the first came before, as a share.

        clip(sums / n_left, -1, 1)

    Of the positions that are left, this share has to have the first one for as many of both in the
    end, as where the magnetisation is zero.

    Args:
        sums: Differences of numbers of outcomes, (..., n_counts).
        n_left: Positions left.
    """
    return ops.clip(sums / ops.cast(n_left, sums.dtype), -1.0, 1.0)
