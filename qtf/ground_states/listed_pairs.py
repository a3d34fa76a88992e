"""Those flips of samples that count, evaluated in pieces that the caches hold."""

import math
from collections.abc import Callable, Sequence

from keras import ops

from qtf.pieces import equal_pieces
from qtf.typing import Index, Tensor

# Evaluations at once, at most. Products of larger arrays leave the caches; those of smaller ones
# wait for one another.
ROWS_AT_ONCE = 2048
# Of the pairs that occur where not all do: a little more than in antiferromagnets, whose bonds are
# antiparallel for 73 % (large squares) to 80 % (chains). Pieces that they just fill waste nothing.
EXPECTED_SHARE = 0.82


class ListedPairs:
    """Evaluates a function of pairs of a flip and a sample, where there is anything to evaluate.

    An antiferromagnet exchanges only antiparallel spins, about three quarters of its bonds. What
    occurs is listed one after another, whatever the sample, and evaluated in as many pieces of
    one size as it fills.

    Args:
        occurs: Which of the pairs do, (n_flips, batch); None: all of them.
        shape: n_flips and batch.
        largest: Pairs of a piece, at most, where the number of samples is known.
        flips_at_once: Flips of a piece, at most, where it is not; 0: all.
    """

    def __init__(
        self,
        occurs: Tensor | None,
        shape: tuple[int, Index],
        largest: int,
        *,
        flips_at_once: int = 0,
    ) -> None:
        self.shape = shape
        self.occurs = occurs
        n_flips, batch_size = shape
        self._most: int
        self._size: Index
        if isinstance(batch_size, int):
            n_pairs = n_flips * batch_size
            expected = n_pairs if occurs is None else math.ceil(EXPECTED_SHARE * n_pairs)
            size = equal_pieces(expected, largest)[1]
            self._most, self._size = -(-n_pairs // size), size
        else:
            self._most, at_once = equal_pieces(n_flips, flips_at_once or n_flips)
            self._size = at_once * batch_size

    def evaluate(
        self, function: Callable[[Tensor], Sequence[Tensor]], *, missing: Sequence[float]
    ) -> list[Tensor]:
        """Returns the results of all pairs.

        Args:
            function: Of the numbers of some pairs, int32 (size,), counted flip by flip; returns
                float64 tensors (size,).
            missing: Each of the results where nothing occurs.

        Returns:
            float64 (n_flips, batch) each.
        """
        n_pairs = self.shape[0] * self.shape[1]
        numbers = ops.arange(self._most * self._size, dtype="int32")
        n_pieces: Index = self._most
        if self.occurs is not None:
            occurs = ops.reshape(self.occurs, (-1,))
            count = ops.cumsum(ops.cast(occurs, "int32"))
            # Those that occur come first, in their order.
            order = ops.sort(ops.where(occurs, numbers[:n_pairs], n_pairs + numbers[:n_pairs]))
            numbers = ops.pad(order % n_pairs, (0, self._most * self._size - n_pairs))
            n_pieces = (count[-1] + self._size - 1) // self._size
        else:
            numbers = ops.minimum(numbers, n_pairs - 1)

        pieces = (self._most, self._size)
        numbers = ops.reshape(numbers, pieces)

        def advance(piece: Index, results: Sequence[Tensor]) -> list[Tensor]:
            values = function(ops.take(numbers, piece, axis=0))
            return [
                # JAX wants indices of one type.
                ops.slice_update(whole, (piece, ops.zeros_like(piece)), part[None])
                for whole, part in zip(results, values, strict=True)
            ]

        if self._most == 1:
            results = function(numbers[0])
        else:
            nothing = [ops.zeros(pieces, "float64")] * len(missing)
            results = ops.fori_loop(0, n_pieces, advance, nothing)
            results = [ops.reshape(part, (-1,)) for part in results]
        if self.occurs is None:
            return [ops.reshape(part[:n_pairs], self.shape) for part in results]
        places = ops.maximum(count - 1, 0)
        return [
            ops.reshape(ops.where(occurs, ops.take(part, places), value), self.shape)
            for part, value in zip(results, missing, strict=True)
        ]
