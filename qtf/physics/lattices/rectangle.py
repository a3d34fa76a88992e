"""What lattices have in common whose sites stand in rows and columns."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from qtf.physics._checks import checked_choice
from qtf.physics.lattices.bravais import Parallelogram, Step, Vectors
from qtf.physics.lattices.lattice import Sites, drop_repeats

Steps = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Rectangle(Parallelogram):
    """Rows and columns of sites; site (row, column) has number row * n_columns + column.

    Its symmetries are those mirrors, half turns and, if the sides are equal, transpositions that
    keep its bonds; with periodic edges, each of them after every translation. Its strings are
    snakes.

    Attributes:
        STEPS: For bonds that do not go by distance: the nearest and the next-nearest neighbours of
            a site as (rows, columns) from it, one of each two that are opposite. Empty: by
            distance.
        n_rows: Number of rows.
        n_columns: Number of columns.
        periodic: Whether opposite edges are neighbours.

    Raises:
        ValueError: A side is no positive integer or `periodic` no bool.
    """

    VECTORS: ClassVar[Vectors] = ((0.0, 1.0), (1.0, 0.0))
    STEPS: ClassVar[tuple[Steps, ...]] = ()

    def _steps(self, order: int) -> tuple[Step, ...]:
        if not self.STEPS:
            return super()._steps(order)
        orders = [str(k + 1) for k in range(len(self.STEPS))]
        steps = self.STEPS[int(checked_choice("order", str(order), orders)) - 1]
        return tuple(Step(0, step, 0, (float(step[1]), float(step[0]))) for step in steps)

    def _grid(self) -> NDArray[np.int64]:
        return np.arange(self.n_sites).reshape(self.n_rows, self.n_columns)

    def _point_group(self, axes: tuple[int, int] = (0, 1)) -> list[Sites]:
        images = [self._grid()]
        for axis in axes:
            images += [np.flip(image, axis) for image in images]
        if self.n_rows == self.n_columns:
            images += [image.T for image in images]
        return [image for image in drop_repeats(map(np.ravel, images)) if self.keeps_bonds(image)]

    def _strings(self, count: int) -> tuple[Sites, ...]:
        return self._orders(self._point_group((1, 0)))
