"""What residuals ask of log p."""

from dataclasses import dataclass

from keras import ops

from qtf.open_systems.full_sums import outcomes_of_numbers, systematic_sample
from qtf.typing import Tensor


@dataclass(frozen=True)
class WantedChange:
    """By how much log p of some outcomes shall fall, and how much each of them counts.

    With the residual r of an equation, p - r solves it up to terms of the next order. An
    outcome that is all but impossible asks for many times its own p, but of log p only for a
    few units. It counts as much as it will when it has them, max(p, p - r).

    Attributes:
        falls: -log(1 - r / p) where log p shall rise; where it shall fall r / p, at most 1:
            what solves an equation of steps need not be positive.
        shares: Of each outcome in a mean, proportional to max(p, p - r), of sum 1.
        size: sum max(p, p - r) falls^2, which is chi squared, sum r^2 / p, where r is small
            beside p. All are float64, the first two (n_outcomes,).
    """

    falls: Tensor
    shares: Tensor
    size: Tensor

    @classmethod
    def of(cls, ratios: Tensor, shares: Tensor) -> "WantedChange":
        """Returns the change from residuals.

        Args:
            ratios: r / p, float64 (n_outcomes,).
            shares: p of each, float64 (n_outcomes,).
        """
        # Both are 1 where log p shall fall.
        growth = ops.maximum(1.0, 1.0 - ratios)
        grown = shares * growth
        falls = ops.where(ratios < 0.0, -ops.log(growth), ops.minimum(ratios, 1.0))
        return cls(falls, grown / ops.sum(grown), ops.sum(grown * ops.square(falls)))

    def draw(self, n_sites: int, n_rows: int, uniform: Tensor) -> tuple[Tensor, "WantedChange"]:
        """Returns some of all outcomes, drawn by their shares, and the change of these.

        Changes stay exact; weights follow them at some outcomes, which best are others each time.

        Args:
            n_sites: Number of sites; the change is that of all 4**n_sites outcomes.
            n_rows: Outcomes to draw.
            uniform: One random number of [0, 1), ().

        Returns:
            int32 (n_rows, n_sites), and the change.
        """
        drawn = systematic_sample(ops.log(self.shares), n_rows, uniform)
        falls = ops.take(self.falls, drawn)
        shares = ops.full((n_rows,), 1.0 / n_rows, falls.dtype)
        return outcomes_of_numbers(drawn, n_sites), WantedChange(falls, shares, self.size)
