"""Directions in the space of the weights that change outputs as wanted, as well as they can."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from qtf.checks import FRACTION, POSITIVE, check_arguments
from qtf.training.compilation import compiled
from qtf.training.damping import Damping
from qtf.training.gradients import per_sample_gradients
from qtf.training.symmetric_solve import solve_symmetric

# Root mean square of the change of log |psi|, its phase or log p in one step: probabilities of
# samples change by the factor e or e^2. Steps of trainings that go well stay below a half.
LONGEST_CHANGE = 1.0


class NaturalGradient:
    """Directions of a training whose outputs, and not its weights, should change as wanted.

    With momentum, what the samples of a step say nothing about is taken from the steps
    before, which averages their noise.

    Args:
        model: Whose weights change.
        diag_shift: Added to the diagonal of the equations, at least; see `damping`.
        momentum: At least 0 and below 1.
        xla: Whether XLA compiles the derivatives of networks without loops.

    Attributes:
        damping: What `diag_shift` is multiplied by, more after steps that went wrong.
        state: Variables that a training which goes on needs: the direction before, zero at first,
            and the damping.

    Raises:
        ValueError: A number is out of range.

    Source: Amari, Neural Computation 10, 251 (1998); momentum of Goldshlager et al.,
    J. Comput. Phys. 516, 113351 (2024).
    """

    def __init__(
        self, model: keras.Model, diag_shift: float, *, momentum: float = 0.0, xla: bool = True
    ) -> None:
        check_arguments(POSITIVE, diag_shift=diag_shift)
        check_arguments(FRACTION, momentum=momentum)
        self.model = model
        self.diag_shift = diag_shift
        self.momentum = momentum
        self.xla = xla
        self.damping = Damping()
        size = sum(math.prod(variable.shape) for variable in model.trainable_variables)
        zeros = ops.zeros((size,), model.variable_dtype)
        self._change = keras.Variable(0.0, trainable=False, dtype="float64", name="change")
        self.state = [
            keras.Variable(zeros, trainable=False, name="direction"),
            self.damping.factor,
            self._change,
        ]

    def is_short(self, rate: float) -> bool:
        """Tells whether outputs change little by the last direction, in the linear approximation.

        It does not depend on what the step has made of the objective, which samples tell with
        noise only. Longer steps leave the range in which derivatives say anything.

        Args:
            rate: Learning rate.
        """
        return rate * float(self._change.value) <= LONGEST_CHANGE

    def follow(
        self,
        outputs: Callable[[Any], Sequence[Any]],
        inputs: Any,
        wanted: Sequence[Any],
        shares: Any,
        *,
        has_loops: bool,
        at_once: int | None = None,
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
        """
        direction, change = least_squares_direction(
            outputs,
            inputs,
            wanted,
            shares,
            self.model.trainable_variables,
            diag_shift=self.diag_shift * self.damping.factor.value,
            before=self.momentum * self.state[0].value,
            xla=self.xla and not has_loops,
            at_once=at_once,
        )
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
    before: Any = 0.0,
    xla: bool = True,
    at_once: int | None = None,
) -> tuple[Any, Any]:
    """Returns the change d of all weights that makes outputs change as wanted, and by how much.

        d = argmin |X (d - before) - (e - X before)|^2 + diag_shift |d - before|^2
        X = sqrt(shares) O,   e = sqrt(shares) wanted

    O are the derivatives of the outputs for each sample; they and what is wanted count
    without their means, and several outputs are rows beside one another. The equations are
    solved in the space of the samples or of the weights, whichever is smaller.

    Only inside a `tf.function` that XLA does not compile: it factorises matrices slowly, and
    knows no derivatives of every sample if there are loops.

    Args:
        outputs: Of inputs (batch, ...); returns tensors (batch,).
        inputs: Samples, (batch, ...).
        wanted: For each output (batch,), float64.
        shares: Of each sample in a mean, (batch,).
        variables: Whose values change.
        diag_shift: Positive; see `solve_symmetric`.
        before: What is kept where samples say nothing, (number of weights,).
        xla: Whether XLA compiles the derivatives; `outputs` must not have loops then.
        at_once: Samples whose derivatives are in work at a time, at most; None: all.

    Returns:
        d, (number of weights,), in the order of the variables, see `split_as`; |X d|, float64.
    """

    def rows_and_matrix(inputs: Any, shares: Any) -> tuple[Any, Any]:
        gradients = per_sample_gradients(outputs, inputs, variables, at_once=at_once)
        weights = ops.cast(shares, gradients[0].dtype)[:, None]
        rows = ops.concatenate([_center(part, weights) for part in gradients], axis=0)
        columns = ops.transpose(rows)
        return rows, ops.matmul(*((rows, columns) if is_wide(rows) else (columns, rows)))

    rows, matrix = compiled(rows_and_matrix, variables=variables, xla=xla)(inputs, shares)
    weights = ops.cast(shares, wanted[0].dtype)
    targets = ops.concatenate([_center(part, weights) for part in wanted])
    before = before * ops.ones((rows.shape[1],), rows.dtype)
    unexplained = targets - ops.cast(ops.matmul(rows, before), targets.dtype)
    if is_wide(rows):
        solution = solve_symmetric(matrix, unexplained, diag_shift)
        direction = ops.matmul(ops.cast(solution, rows.dtype), rows) + before
    else:
        force = ops.matmul(ops.cast(unexplained, rows.dtype), rows)
        direction = ops.cast(solve_symmetric(matrix, force, diag_shift), rows.dtype) + before
    return direction, ops.norm(ops.cast(ops.matmul(rows, direction), "float64"))


def is_wide(rows: Any) -> bool:
    """Tells whether there are more weights than samples."""
    return rows.shape[0] <= rows.shape[1]


def split_as(joined: Any, variables: Sequence[keras.Variable]) -> list[Any]:
    """Returns parts of all weights, (number of weights,), in the shapes of the variables."""
    parts, start = [], 0
    for variable in variables:
        size = math.prod(variable.shape)
        parts.append(ops.reshape(joined[start : start + size], variable.shape))
        start += size
    return parts


def _center(values: Any, shares: Any) -> Any:
    return ops.sqrt(shares) * (values - ops.sum(shares * values, axis=0, keepdims=True))
