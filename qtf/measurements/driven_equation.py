"""Linear equations v' = sum_s f_s(t) A_s v with exact derivatives in the coefficients of the A_s.

With the f_s between two of their breaks, vectors and derivatives are one linear equation, which
Runge-Kutta steps of order 8 follow; its derivatives are exact, and the error of both is estimated
and bounded at each step. Where the f_s are piecewise constant the exponentials of `LinearEquation`
lead from break to break. Source: Hairer, Norsett and Wanner, Solving Ordinary Differential
Equations I (1993), section II.5.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.integrate import DOP853
from scipy.sparse import csr_array

from qtf.measurements.evolution import LinearEquation, apply_propagators, stack
from qtf.physics import DrivenHamiltonian, PauliSum
from qtf.physics._stepping import pieces_between
from qtf.physics.driven import Coefficient

# Of a step: root mean square error of vectors and derivatives.
TOLERANCE = 1e-12
# Of the whole time; shorter ones are asked for only where a function is not smooth.
SMALLEST_STEP = 1e-6


@dataclass(frozen=True)
class Shapes:
    """Functions of the time that terms of a Hamiltonian are multiplied by.

    Args:
        functions: Name -> function f(t); one that jumps or has a kink is a `SampledFunction`.

    Example:
        >>> Shapes({"pulse": np.cos}).at(0.0)
        array([1., 1.])
    """

    functions: Mapping[str, Coefficient]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the shapes; that of what does not depend on the time is empty."""
        return ("", *self.functions)

    @cached_property
    def _checked(self) -> DrivenHamiltonian:
        nothing = PauliSum(1, [])
        return DrivenHamiltonian([(1.0, nothing), *((f, nothing) for f in self.functions.values())])

    def at(self, time: float) -> np.ndarray:
        """Returns all functions at a time, 1 before them, float64 (1 + n,).

        Raises:
            ValueError: A function has a value that is no finite real number, or no value.
        """
        return self._checked.coefficients(time)

    @property
    def breaks(self) -> tuple[float, ...]:
        """Times at which functions jump or have a kink."""
        return self._checked.breaks

    @property
    def are_piecewise_constant(self) -> bool:
        """Whether exponentials from break to break are exact."""
        return self._checked.is_piecewise_constant


@dataclass(frozen=True)
class DrivenEquation:
    """An equation of one vector, and the parts that derivatives are taken in.

    Attributes:
        shapes: The f_s, the first of which is 1.
        generators: A_s, each (d, d).
        parts: What the coefficients multiply that derivatives are taken in, each (d, d).
        places: Shape of each part.
    """

    shapes: Shapes
    generators: Sequence[csr_array]
    parts: Sequence[csr_array]
    places: Sequence[int]

    @property
    def dimension(self) -> int:
        """The length d of a vector."""
        return int(self.generators[0].shape[0])

    def follow(
        self, start: np.ndarray, times: Sequence[float], slopes: np.ndarray | None = None
    ) -> Iterator[np.ndarray]:
        """Yields vectors and derivatives at each time, see `LinearEquation.follow`.

        Raises:
            ValueError: A function is not smooth where it is not sampled, or has no value.
        """
        dimension, n_vectors = start.shape
        nothing = np.zeros((dimension, 0, n_vectors))
        slopes = nothing if slopes is None else slopes
        if n_vectors <= dimension:
            yield from self._follow(start, times, slopes)
            return
        for both in self._follow(np.eye(dimension), times, nothing[:, :, :dimension]):
            yield apply_propagators(both.swapaxes(0, 1), start, slopes)

    def _follow(
        self, start: np.ndarray, times: Sequence[float], slopes: np.ndarray
    ) -> Iterator[np.ndarray]:
        both = self._equation(self.shapes.at(0.0)).assemble(start, slopes)
        advance = self._jump if self.shapes.are_piecewise_constant else self._march
        moments = np.array(times, np.float64)
        for begin, end, served in pieces_between(moments, self.shapes.breaks):
            # The values at a break are those after it.
            last = float(np.nextafter(end, begin))
            for time in moments[served].tolist():
                both, begin = advance(both, begin, time, last), time
                yield both
            both = advance(both, begin, end, last)

    def _jump(self, both: np.ndarray, begin: float, end: float, last: float) -> np.ndarray:
        """Returns vectors and derivatives after a piece in which the f_s are constant."""
        middle = min((begin + end) / 2, last)
        return self._equation(self.shapes.at(middle)).advance(both, end - begin)

    def _march(self, both: np.ndarray, begin: float, end: float, last: float) -> np.ndarray:
        """Returns vectors and derivatives after a piece in which the f_s are smooth."""
        if begin == end:
            return both

        def slope(time: float, flat: np.ndarray) -> np.ndarray:
            equation = self._equation(self.shapes.at(min(time, last)))
            return equation.apply(flat.reshape(both.shape)).ravel()

        solver = DOP853(slope, begin, both.ravel(), end, rtol=TOLERANCE, atol=TOLERANCE)
        while solver.status == "running":
            solver.step()
            short = solver.step_size < SMALLEST_STEP * (end - begin) and solver.t < end
            if short or solver.status == "failed":
                raise ValueError(
                    "Argument `shapes` must hold functions that are smooth or sampled, but steps of"
                    f" {solver.step_size:.0e} at the time {solver.t:.6g} are still too long."
                )
        return solver.y.reshape(both.shape)

    def _equation(self, weights: np.ndarray) -> LinearEquation:
        """Returns the equation with constant values of the f_s."""
        pattern, table = self._table
        generator = csr_array((weights @ table, *pattern), (self.dimension,) * 2)
        scales = weights[list(self.places)]
        return LinearEquation(generator, self.parts, scales=scales, stacked=self._stacked)

    @cached_property
    def _stacked(self) -> Any:
        return stack(self.parts) if self.parts else None

    @cached_property
    def _table(self) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
        """Columns and ends of rows where any A_s is not 0, and the values there, (1 + n, nnz)."""
        places = csr_array(sum((abs(one) for one in self.generators[1:]), abs(self.generators[0])))
        places.sort_indices()
        numbers = _numbers(places)
        table = np.zeros((len(self.generators), places.nnz), self.generators[0].dtype)
        for row, one in zip(table, self.generators, strict=True):
            row[np.searchsorted(numbers, _numbers(one))] = one.data
        return (places.indices, places.indptr), table


def _numbers(matrix: csr_array) -> np.ndarray:
    """Returns row times d plus column of every entry, (nnz,)."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    return rows * matrix.shape[1] + matrix.indices
