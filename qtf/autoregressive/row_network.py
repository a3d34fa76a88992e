"""What networks on the rows of a square have in common."""

from collections.abc import Callable, Sequence
from typing import Any, Self, TypeVar

import keras
from keras import ops

from qtf.autoregressive.network import AutoregressiveNetwork, Cache
from qtf.checks import COUNT, check_arguments
from qtf.typing import Index, Lattice, Tensor

# What a row has to know of the row above, nested tensors.
Above = TypeVar("Above")
# (unit vectors of a row (columns, batch, local_dimension), what is known of the row above) ->
# outputs (columns, batch, n_outputs), the same of this row
Row = Callable[[Tensor, Above], tuple[Tensor, Above]]


class RowNetwork(AutoregressiveNetwork[Cache]):
    """Autoregressive network whose positions are in rows of equal length.

    Args:
        shape: Rows and columns; positions are numbered in the order of the settings.
        **arguments: Those of `AutoregressiveNetwork` but `n_positions`.

    Raises:
        ValueError: A number is not positive.
    """

    def __init__(self, *, shape: Sequence[int], **arguments: Any) -> None:
        rows, columns = shape
        for size in (rows, columns):
            check_arguments(COUNT, shape=size)
        # Layers need it, which are made at the end of what follows.
        self.shape = (rows, columns)
        super().__init__(n_positions=rows * columns, **arguments)

    @classmethod
    def size_arguments(cls, lattice: Lattice) -> dict[str, Any]:
        """Returns the shape of a lattice.

        Raises:
            ValueError: It has no rows.
        """
        rows = lattice.rows()
        if rows is None:
            raise ValueError(f"Argument `lattice` must have rows for {cls.__name__}.")
        return {"shape": (len(rows), len(rows[0]))}

    @property
    def n_together(self) -> int:
        """A row."""
        return self.shape[1]

    def evaluate_rows(
        self,
        evaluate: Row[Above],
        outcomes: Tensor,
        positions: tuple[int, int],
        above: Above,
    ) -> tuple[Tensor, Above]:
        """Evaluates some positions of given outcomes, in one loop over whole rows.

        Args:
            evaluate: Evaluates a row.
            outcomes: int32 (n_positions, batch).
            positions: The first one and that after the last.
            above: What is known of the row above that of the first position.

        Returns:
            Outputs of these positions, (positions, batch, n_outputs), and what is known of the
            last row that ends before or with them.
        """
        columns, batch_size = self.n_together, ops.shape(outcomes)[1]
        start, stop = positions
        first, n_complete = start // columns, stop // columns

        def advance(row: Index, carry: tuple[Tensor, Above]) -> tuple[Tensor, Above]:
            outputs, above = carry
            part = ops.slice(outcomes, (row * columns, 0), (columns, batch_size))
            new, this_row = evaluate(self.encode(part), above)
            at = ((row - first) * columns, 0, 0)
            return ops.slice_update(outputs, at, ops.cast(new, outputs.dtype)), this_row

        n_rows = -(-stop // columns) - first
        shape = (n_rows * columns, batch_size, self.n_outputs)
        carry = (ops.zeros(shape, self.variable_dtype), above)
        outputs, complete = ops.fori_loop(first, n_complete, advance, carry)
        # The loop forgets the shapes.
        outputs = ops.reshape(outputs, shape)
        complete = keras.tree.map_structure(
            lambda new, old: ops.reshape(new, ops.shape(old)), complete, above
        )
        if stop % columns:
            outputs, _ = advance(n_complete, (outputs, complete))
        return outputs[start - first * columns : stop - first * columns], complete

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this network again."""
        config = super().get_config()
        del config["n_positions"]
        return {**config, "shape": self.shape}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """Makes the network that `get_config` described; older ones counted positions, too."""
        return cls(**{key: value for key, value in config.items() if key != "n_positions"})
