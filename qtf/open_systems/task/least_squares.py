"""Weights that make residuals small, by linear least squares."""

import math
from collections.abc import Callable, Sequence

import keras
import numpy as np
from keras import ops

from qtf.training.natural_gradient import split_as
from qtf.training.symmetric_solve import solve_symmetric
from qtf.typing import Tensor

# Of the damping: after a step that went wrong, after a good one, and at least.
HARDER, EASIER, LEAST = 10.0, 0.1, 1e-6
MAX_TRIES = 14
# A matrix is used again as long as residuals fall to this share; where they fall less than to the
# second in so many iterations, they have come to their end.
REUSED, FALLS_NO_MORE, PATIENCE = 0.2, 0.8, 3


class LeastSquares:
    """Steps of Gauss and Newton with a damping that adapts, d = argmin |r - A d|^2 + shift |d|^2.

    Steps that do not make |r| smaller are taken back and tried again with ten times the damping. A
    matrix A is used again as long as |r| falls by a factor with it.

    Args:
        damping: At first, relative to the mean square of the rows or columns of A, see
            `Equations.solve`.

    Attributes:
        factor: Of the damping; a training that goes on needs it.

    Source: Marquardt, J. Soc. Indust. Appl. Math. 11, 431 (1963).
    """

    def __init__(self, damping: float) -> None:
        self.damping = damping
        self.factor = keras.Variable(1.0, trainable=False, dtype="float64", name="damping")

    def descend(
        self,
        residual: Callable[[], Tensor],
        matrix: Callable[[], Tensor],
        variables: Sequence[keras.Variable],
        goal: float,
        max_iterations: int,
    ) -> tuple[float, int]:
        """Changes variables until |r| is small or falls no more; returns it and the iterations.

        Args:
            residual: Returns r, (n,).
            matrix: Returns A, minus the derivatives of r, (n, n_weights).
            variables: The weights.
            goal: Of |r|.
            max_iterations: Matrices that are made at most.
        """
        search = _Search(residual, variables)
        sizes: list[float] = []
        for n_iterations in range(max_iterations):
            sizes.append(search.size)
            is_stuck = sizes[-1] > FALLS_NO_MORE * min(sizes[:-PATIENCE], default=math.inf)
            if not search.size > goal or is_stuck:
                return search.size, n_iterations
            equations = Equations(matrix())
            before = search.size
            if not self._try(search, equations):
                return search.size, n_iterations + 1
            while goal < search.size < REUSED * before:
                before = search.size
                if not search.move(equations.solve(search.residual, self._shift)):
                    break
        return search.size, max_iterations

    @property
    def _shift(self) -> float:
        return self.damping * float(np.asarray(self.factor))

    def _try(self, search: "_Search", equations: "Equations") -> bool:
        """Takes a step that makes |r| smaller, and tells whether there is one."""
        for _ in range(MAX_TRIES):
            if search.move(equations.solve(search.residual, self._shift)):
                self.factor.assign(ops.maximum(LEAST, EASIER * self.factor.value))
                return True
            self.factor.assign(HARDER * self.factor.value)
        self.factor.assign(1.0)
        return False


class Equations:
    """Least squares with one matrix and several residuals.

    Args:
        matrix: A, float64 (n_rows, n_columns).
    """

    def __init__(self, matrix: Tensor) -> None:
        self.matrix = matrix
        across = ops.transpose(matrix)
        self._is_wide = matrix.shape[0] < matrix.shape[1]
        factors = (matrix, across) if self._is_wide else (across, matrix)
        self._product = ops.matmul(*factors)

    def solve(self, target: Tensor, damping: Tensor | float) -> Tensor:
        """Returns argmin |A d - target|^2 + damping <A^2> |d|^2, (n_columns,).

        Args:
            target: (n_rows,).
            damping: Relative to the mean square of the rows or of the columns, whichever are fewer.
        """
        product = self._product
        shift = damping * ops.trace(product) / product.shape[0]
        if self._is_wide:
            return ops.matmul(solve_symmetric(product, target, shift), self.matrix)
        return solve_symmetric(product, ops.matmul(target, self.matrix), shift)


class _Search:
    """Weights with their residual.

    Args:
        residual: Returns r, (n,).
        variables: The weights.
    """

    def __init__(self, residual: Callable[[], Tensor], variables: Sequence[keras.Variable]) -> None:
        self._find, self._variables = residual, variables
        self.residual = residual()
        self.size = _norm(self.residual)

    def move(self, step: Tensor) -> bool:
        """Adds a step if it makes |r| smaller, and tells whether it does."""
        before = [ops.copy(variable.value) for variable in self._variables]
        parts = split_as(step, self._variables)
        for variable, part in zip(self._variables, parts, strict=True):
            variable.assign(variable.value + ops.cast(part, variable.dtype))
        residual = self._find()
        size = _norm(residual)
        if size < self.size:
            self.residual, self.size = residual, size
            return True
        for variable, value in zip(self._variables, before, strict=True):
            variable.assign(value)
        return False


def _norm(vector: Tensor) -> float:
    size = float(np.linalg.norm(np.asarray(vector)))
    return size if math.isfinite(size) else math.inf
