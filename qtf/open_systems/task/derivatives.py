"""Derivatives of the logarithms of probabilities."""

from collections.abc import Callable, Sequence

import keras
from keras import ops

from qtf.open_systems.outcome_distribution import OutcomeDistribution
from qtf.training.compilation import compiled
from qtf.training.gradients import per_sample_gradients
from qtf.training.piecewise import gradient_rows_at_once
from qtf.typing import Array, Tensor


def derivatives_of(
    model: OutcomeDistribution,
    outcomes: Array,
    variables: Sequence[keras.Variable] = (),
    *,
    xla: bool,
) -> Callable[[], Tensor]:
    """Returns a function that returns those of log p of outcomes, (n, n_weights).

    Args:
        model: The distribution.
        outcomes: int32 (n, n_sites).
        variables: What is read beside its weights.
        xla: Whether XLA compiles it, where the network allows that.
    """
    by_hand = model.derivatives if model.network.linearizes else None

    def derivatives() -> Tensor:
        return per_sample_gradients(
            lambda rows: [model(rows)],
            ops.convert_to_tensor(outcomes),
            model.trainable_variables,
            at_once=gradient_rows_at_once(model),
            by_hand=by_hand,
        )[0]

    # XLA has no loops within derivatives of each outcome that are not written by hand.
    possible = by_hand is not None or not model.network.recurrent
    return compiled(derivatives, variables=[*model.variables, *variables], xla=xla and possible)
