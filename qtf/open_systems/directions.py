"""Directions of the weights that change log p of outcomes as wanted."""

from typing import Any

from qtf.open_systems.outcome_distribution import OutcomeDistribution
from qtf.training.natural_gradient import NaturalGradient
from qtf.training.piecewise import gradient_rows_at_once
from qtf.typing import Tensor


def follow(
    natural_gradient: NaturalGradient,
    model: OutcomeDistribution,
    rows: Tensor,
    wanted: Tensor,
    shares: Tensor,
) -> list[Any]:
    """Returns the direction in the shapes of the weights.

    Args:
        natural_gradient: Finds it, and keeps it for the next step.
        model: The distribution.
        rows: Outcomes, int32 (n, n_sites).
        wanted: Change of log p of each, float64 (n,).
        shares: Of each in a mean, (n,).
    """
    return natural_gradient.follow(
        lambda rows: [model(rows)],
        rows,
        [wanted],
        shares,
        has_loops=model.network.recurrent,
        at_once=gradient_rows_at_once(model),
        by_hand=model.derivatives if model.network.linearizes else None,
    )
