"""Derivatives of the logarithms of all probabilities."""

from collections.abc import Callable, Sequence

import keras

from qtf.open_systems.full_sums import all_outcomes
from qtf.open_systems.outcome_distribution import OutcomeDistribution
from qtf.training.compilation import compiled
from qtf.training.gradients import per_sample_gradients
from qtf.training.piecewise import gradient_rows_at_once
from qtf.typing import Tensor


def derivatives_of_all(
    model: OutcomeDistribution, variables: Sequence[keras.Variable] = (), *, xla: bool
) -> Callable[[], Tensor]:
    """Returns a function that returns those of log p of all outcomes, (4**n_sites, n_weights).

    Args:
        model: The distribution.
        variables: What is read beside its weights.
        xla: Whether XLA compiles it, where the network allows that.
    """
    by_hand = model.derivatives if model.network.linearizes else None

    def derivatives() -> Tensor:
        return per_sample_gradients(
            lambda rows: [model(rows)],
            all_outcomes(model.n_sites),
            model.trainable_variables,
            at_once=gradient_rows_at_once(model),
            by_hand=by_hand,
        )[0]

    # XLA has no loops within derivatives of each outcome that are not written by hand.
    possible = by_hand is not None or not model.network.recurrent
    return compiled(derivatives, variables=[*model.variables, *variables], xla=xla and possible)
