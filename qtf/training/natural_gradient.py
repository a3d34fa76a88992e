"""Directions in the space of the weights that change outputs as wanted, as well as they can."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from qtf.checks import FRACTION, NOT_NEGATIVE, POSITIVE, check_arguments
from qtf.training.compilation import compiled
from qtf.training.damping import Damping
from qtf.training.gradients import per_sample_gradients
from qtf.training.replicas import (
    add_up,
    count_replicas,
    gather_rows,
    is_wide,
    product_of_rows,
    rows_of_this,
)
from qtf.training.symmetric_solve import solve_symmetric

# Root mean square of the change of log |psi|, its phase or log p in one step: probabilities of
# samples change by the factor e or e^2. Steps of trainings that go well stay below a half.
LONGEST_CHANGE = 1.0
# Of the mean second moment, below which weights do not differ.
SMALLEST_MOMENT = 0.01


class NaturalGradient:
    """Directions of a training whose outputs, and not its weights, should change as wanted.

    With momentum, what the samples of a step say nothing about is taken from the steps
    before, which averages their noise. With a second moment, weights whose directions jump from
    step to step change less, and the others more:

        v = second_moment v' + (1 - second_moment) (d' - d'')^2,   see `column_scales`

    Several replicas follow the samples of all of them.

    Args:
        model: Whose weights change.
        diag_shift: Added to the diagonal of the equations, at least; see `damping`.
        relative_shift: Of the mean diagonal element of the equations between samples, added too.
        momentum: At least 0 and below 1.
        second_moment: Share of v that a step keeps, below 1; 0: all weights alike.
        xla: Whether XLA compiles the derivatives of networks without loops.

    Attributes:
        damping: What `diag_shift` is multiplied by, more after steps that went wrong.
        state: Variables that a training which goes on needs: the direction before, zero at first,
            the damping, and v if there is one.

    Raises:
        ValueError: A number is out of range.

    Source: Amari, Neural Computation 10, 251 (1998); momentum of Goldshlager et al.,
    J. Comput. Phys. 516, 113351 (2024); second moment of Gu et al., arXiv:2507.02644 (2025).
    """

    def __init__(
        self,
        model: keras.Model,
        diag_shift: float,
        *,
        relative_shift: float = 0.0,
        momentum: float = 0.0,
        second_moment: float = 0.0,
        xla: bool = True,
    ) -> None:
        check_arguments(POSITIVE, diag_shift=diag_shift)
        check_arguments(NOT_NEGATIVE, relative_shift=relative_shift)
        check_arguments(FRACTION, momentum=momentum, second_moment=second_moment)
        self.model = model
        self.diag_shift = diag_shift
        self.relative_shift = relative_shift
        self.momentum = momentum
        self.second_moment = second_moment
        self.xla = xla
        self.damping = Damping()
        size = sum(math.prod(variable.shape) for variable in model.trainable_variables)
        zeros = ops.zeros((size,), model.variable_dtype)
        # All replicas find the same.
        alike = {"trainable": False, "aggregation": "only_first_replica"}
        self._change = keras.Variable(0.0, dtype="float64", name="change", **alike)
        self.state = [
            keras.Variable(zeros, name="direction", **alike),
            self.damping.factor,
            self._change,
        ]
        if second_moment:
            self.state.append(keras.Variable(zeros, name="second_moment", **alike))

    @property
    def change(self) -> Any:
        """Root mean square of the change of outputs by the last direction, float64."""
        return self._change.value

    def is_short(self, rate: float) -> bool:
        """Tells whether outputs change little by the last direction, in the linear approximation.

        It does not depend on what the step has made of the objective, which samples tell with
        noise only. Longer steps leave the range in which derivatives say anything.

        Args:
            rate: Learning rate.
        """
        return rate * float(np.asarray(self._change)) <= LONGEST_CHANGE

    def follow(
        self,
        outputs: Callable[[Any], Sequence[Any]],
        inputs: Any,
        wanted: Sequence[Any],
        shares: Any,
        *,
        has_loops: bool,
        at_once: int | None = None,
        by_hand: Callable[[Any], list[Any]] | None = None,
    ) -> list[Any]:
        """Returns the direction in the shapes of the weights, and keeps it for the next step.

        Its shift is multiplied by the damping.

        Args:
            outputs: As all others, of `least_squares_direction`.
            inputs: Samples.
            wanted: Change of each output.
            shares: Of each sample in a mean.
            has_loops: Whether `outputs` have loops, which XLA must not compile then.
            at_once: Samples whose derivatives are in work at a time, at most; None: all.
            by_hand: As of `per_sample_gradients`.
        """
        factor = self.damping.factor.value
        direction, change = least_squares_direction(
            outputs,
            inputs,
            wanted,
            shares,
            self.model.trainable_variables,
            diag_shift=self.diag_shift * factor,
            relative_shift=self.relative_shift * factor,
            scales=column_scales(self.state[-1].value) if self.second_moment else None,
            before=self.momentum * self.state[0].value,
            xla=self.xla and (by_hand is not None or not has_loops),
            at_once=at_once,
            by_hand=by_hand,
        )
        if self.second_moment:
            jump = ops.square(direction - self.state[0].value)
            kept = self.second_moment * self.state[-1].value
            self.state[-1].assign(kept + (1.0 - self.second_moment) * jump)
        self.state[0].assign(direction)
        self._change.assign(change)
        return split_as(direction, self.model.trainable_variables)


def least_squares_direction(
    outputs: Callable[[Any], Sequence[Any]],
    inputs: Any,
    wanted: Sequence[Any],
    shares: Any,
    variables: Sequence[keras.Variable],
    *,
    diag_shift: float,
    relative_shift: float = 0.0,
    scales: Any = None,
    before: Any = 0.0,
    xla: bool = True,
    at_once: int | None = None,
    by_hand: Callable[[Any], list[Any]] | None = None,
) -> tuple[Any, Any]:
    """Returns the change d of all weights that makes outputs change as wanted, and by how much.

        d = argmin |X (d - before) - (e - X before)|^2 + shift |(d - before) / scales|^2
        X = sqrt(shares) O,   e = sqrt(shares) wanted
        shift = diag_shift + relative_shift tr(X scales^2 X^T) / n_rows

    O are the derivatives of the outputs for each sample; they and what is wanted count
    without their means, and several outputs are rows beside one another. The equations are
    solved in the space of the samples or of the weights, whichever is smaller.

    Only inside a `tf.function` that XLA does not compile: it factorises matrices slowly. On several
    replicas, samples and means are those of all: each has the derivatives of its own samples, see
    `product_of_rows`.

    Args:
        outputs: Of inputs (batch, ...); returns tensors (batch,).
        inputs: Samples, (batch, ...).
        wanted: For each output (batch,), float64.
        shares: Of each sample in a mean, of this replica alone, (batch,).
        variables: Whose values change.
        diag_shift: Positive; see `solve_symmetric`.
        relative_shift: Not negative.
        scales: How easily each weight changes, (number of weights,); None: all alike.
        before: What is kept where samples say nothing, (number of weights,).
        xla: Whether XLA compiles the derivatives; without `by_hand` there must be no loops then.
        at_once: As of `per_sample_gradients`, as what follows.
        by_hand: Derivatives.

    Returns:
        d, (number of weights,), in the order of the variables, see `split_as`; |X d|, float64.
    """
    shares = shares / count_replicas()

    def differentiate(inputs: Any) -> list[Any]:
        return per_sample_gradients(outputs, inputs, variables, at_once=at_once, by_hand=by_hand)

    rows, matrix = _equations(differentiate, inputs, shares, scales, variables, xla)
    targets = _join_centered(wanted, ops.cast(shares, wanted[0].dtype))
    before = before * ops.ones_like(rows[0]) / (1.0 if scales is None else scales)
    shift = diag_shift + relative_shift * _mean_square(rows, matrix)
    unexplained = targets - ops.cast(ops.matmul(rows, before), targets.dtype)
    direction = _solve(rows, matrix, unexplained, shift) + before
    changes = ops.cast(ops.matmul(rows, direction), "float64")
    change = ops.sqrt(add_up(ops.sum(ops.square(changes))))
    return direction if scales is None else direction * scales, change


def _equations(
    differentiate: Callable[[Any], list[Any]],
    inputs: Any,
    shares: Any,
    scales: Any,
    variables: Sequence[keras.Variable],
    xla: bool,
) -> tuple[Any, Any]:
    """Returns rows and matrix of `_rows_and_matrix`, compiled as far as replicas allow."""

    def of_one(inputs: Any, shares: Any) -> tuple[Any, Any]:
        return _rows_and_matrix(differentiate(inputs), shares, scales)

    if count_replicas() == 1:
        return compiled(of_one, variables=variables, xla=xla)(inputs, shares)
    gradients = compiled(differentiate, variables=variables, xla=xla)(inputs)
    return _rows_and_matrix(gradients, shares, scales)


def _rows_and_matrix(gradients: Sequence[Any], shares: Any, scales: Any) -> tuple[Any, Any]:
    """Returns X of this replica in units of the scales, and X X^T or X^T X of all replicas."""
    rows = _join_centered(gradients, ops.cast(shares, gradients[0].dtype)[:, None])
    rows = rows if scales is None else rows * scales
    return rows, product_of_rows(rows)


def _solve(rows: Any, matrix: Any, unexplained: Any, shift: Any) -> Any:
    """Returns (X^T X + shift)^(-1) X^T unexplained, by the equations of `_rows_and_matrix`."""
    if is_wide(rows):
        solution = rows_of_this(solve_symmetric(matrix, gather_rows(unexplained), shift))
        return add_up(ops.matmul(ops.cast(solution, rows.dtype), rows))
    force = add_up(ops.matmul(ops.cast(unexplained, rows.dtype), rows))
    return ops.cast(solve_symmetric(matrix, force, shift), rows.dtype)


def column_scales(second_moment: Any) -> Any:
    """Returns how easily each weight changes, (v / <v>)^(-1/4) up to a factor.

    Their squares are 1 on average, so that the shift of the equations keeps its meaning; what
    hardly jumps is bounded by `SMALLEST_MOMENT`.

    Args:
        second_moment: v, (number of weights,); zero at first, when all change alike.
    """
    tiny = np.finfo(keras.backend.standardize_dtype(second_moment.dtype)).tiny
    relative = second_moment / ops.maximum(ops.mean(second_moment), tiny)
    squares = ops.rsqrt(relative + SMALLEST_MOMENT)
    return ops.sqrt(squares / ops.mean(squares))


def split_as(joined: Any, variables: Sequence[keras.Variable]) -> list[Any]:
    """Returns parts of all weights, (number of weights,), in the shapes of the variables."""
    parts, start = [], 0
    for variable in variables:
        size = math.prod(variable.shape)
        parts.append(ops.reshape(joined[start : start + size], variable.shape))
        start += size
    return parts


def _mean_square(rows: Any, matrix: Any) -> Any:
    """Returns the mean of |x|^2 over the rows of all, from either matrix of them."""
    return ops.cast(ops.trace(matrix), "float64") / (count_replicas() * rows.shape[0])


def _join_centered(parts: Sequence[Any], shares: Any) -> Any:
    means = [add_up(ops.sum(shares * part, axis=0, keepdims=True)) for part in parts]
    centered = [part - mean for part, mean in zip(parts, means, strict=True)]
    return ops.concatenate([ops.sqrt(shares) * part for part in centered], axis=0)
