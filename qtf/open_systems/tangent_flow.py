"""Dynamics in the space of the weights: the time-dependent variational principle."""

import itertools
import math
from typing import Any

import numpy as np
from keras import ops

from qtf.open_systems.full_sums import log_table
from qtf.open_systems.local_generator import LocalGenerator
from qtf.open_systems.outcome_distribution import OutcomeDistribution
from qtf.training.compilation import compiled
from qtf.training.per_sample import per_sample_gradients
from qtf.training.symmetric_solve import solved_symmetric

# (share of the step at which a velocity is taken, its share of the mean), of Runge and Kutta
STAGES = ((0.0, 1.0), (0.5, 2.0), (0.5, 2.0), (1.0, 1.0))


class TangentFlow:
    """Moves the weights w so that log p follows its equation as well as it can.

        w' = argmin sum_a p(a) |sum_i O_ai w'_i - (L p)(a) / p(a)|^2 + diag_shift |w'|^2
        O_ai = d log p(a) / d w_i

    The sums go over all outcomes, without noise. The equations are solved in the space of
    the outcomes or of the weights, whichever is smaller. Steps of time are of fourth order
    (Runge and Kutta); nothing is minimised step by step. Needs TensorFlow.

    Args:
        distribution: Of few sites, best in float64; its weights are changed.
        generator: L.
        diag_shift: Added to the diagonal; bounds the velocity along what hardly changes p.

    Attributes:
        residual: At the last start of a step: the smallest size of
            sum_a p(a) |..|^2, what the weights cannot follow.

    Raises:
        ValueError: `diag_shift` is not positive, or the numbers of sites differ.

    Source: McLachlan's principle with the Fisher metric; for outcome probabilities Reh et al.,
    Phys. Rev. Lett. 127, 230501 (2021).
    """

    def __init__(
        self, distribution: OutcomeDistribution, generator: LocalGenerator, diag_shift: float
    ) -> None:
        if not diag_shift > 0:
            raise ValueError(f"Argument `diag_shift` must be positive, but is {diag_shift}.")
        if distribution.n_sites != generator.n_sites:
            raise ValueError(
                f"The distribution must have {generator.n_sites} sites, as the generator, but has"
                f" {distribution.n_sites}."
            )
        self.distribution = distribution
        self.generator = generator
        self.diag_shift = diag_shift
        self.residual = math.nan
        every = itertools.product(range(4), repeat=generator.n_sites)
        self._every = ops.convert_to_tensor(np.array(list(every), np.int32))
        # XLA factorises matrices slowly.
        self._velocity = compiled(self._solved, variables=distribution.variables, xla=False)

    def step(self, dt: float) -> None:
        """Advances the weights by `dt`."""
        variables = self.distribution.trainable_variables
        starts = [np.asarray(variable) for variable in variables]
        total = [np.zeros_like(start) for start in starts]
        velocity = total
        for share, weight in STAGES:
            self._assign(starts, velocity, share * dt)
            *velocity, residual = (np.asarray(part) for part in self._velocity(self._every))
            if share == 0:
                self.residual = float(residual)
            total = [old + weight * new for old, new in zip(total, velocity, strict=True)]
        self._assign(starts, total, dt / sum(weight for _, weight in STAGES))

    def _assign(self, starts: list[np.ndarray], moves: list[np.ndarray], factor: float) -> None:
        variables = self.distribution.trainable_variables
        for variable, start, move in zip(variables, starts, moves, strict=True):
            variable.assign(start + factor * move)

    def _solved(self, every: Any) -> list[Any]:
        variables = self.distribution.trainable_variables
        table = ops.exp(ops.cast(log_table(self.distribution), "float64"))
        root = ops.sqrt(table)
        (jacobian,) = per_sample_gradients(
            lambda outcomes: [self.distribution(outcomes)], every, variables
        )
        rows = root[:, None] * ops.cast(jacobian, "float64")
        wanted = self.generator.applied(table) / root
        found = self._least_squares(rows, wanted)
        residual = ops.sum(ops.square(ops.matmul(rows, found[:, None])[:, 0] - wanted))
        return [*_shaped(found, variables), residual]

    def _least_squares(self, rows: Any, wanted: Any) -> Any:
        columns = ops.transpose(rows)
        if rows.shape[0] <= rows.shape[1]:
            solved = solved_symmetric(ops.matmul(rows, columns), wanted, self.diag_shift)
            return ops.matmul(columns, solved[:, None])[:, 0]
        right = ops.matmul(columns, wanted[:, None])[:, 0]
        return solved_symmetric(ops.matmul(columns, rows), right, self.diag_shift)


def _shaped(joined: Any, variables: Any) -> list[Any]:
    sizes = [math.prod(variable.shape) for variable in variables]
    ends = np.cumsum(sizes)
    return [
        ops.reshape(joined[end - size : end], variable.shape)
        for size, end, variable in zip(sizes, ends, variables, strict=True)
    ]
