"""Whether what a fit leaves grows with the lag, which noise does not.

For each trajectory m the mean squares left at the first and at the last lag, on as many
parts as it has pairs, differ by

    d_m = share_m (r_m(last) - r_m(first))

Noise of any law that is independent in time, and of the same strength on average, leaves the
sum at 0 but for what fitting takes away, which is known. Trajectories are independent,
whatever a trajectory's pairs share between lags, so that the sum over them is compared with
its own spread: Student's t test, one-sided. It is conservative where trajectories scatter
by different amounts, as those of chains of different lengths do.

Source: Benjamini, Journal of the American Statistical Association 78, 645 (1983).
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import t


@dataclass(frozen=True)
class LagResiduals:
    """What a fit leaves at one lag.

    Attributes:
        squares: Sum |x' - U x|^2 of each trajectory, (n_trajectories,).
        counts: Real numbers whose noise is in it, (n_trajectories,).
        gain: How much the fit is expected to have lowered the sum over all of them.
    """

    squares: np.ndarray
    counts: np.ndarray
    gain: float

    @property
    def root_mean_square(self) -> float:
        """What noise on every real and imaginary part would leave as much."""
        return float(np.sqrt(self.squares.sum() / self.counts.sum()))


def lag_p_value(first: LagResiduals, last: LagResiduals, rounding: float) -> float:
    """Returns how probable it is that noise alone grows as much between two lags.

    Args:
        first: At the first lag, fitted there.
        last: At the last lag, fitted there.
        rounding: What may be left by the rounding of stored numbers; growth of less is none.

    Returns:
        The p value, from 0 to 1.

    Example:
        >>> first = LagResiduals(np.array([1.0, 1.1, 0.9, 1.0]), np.full(4, 10), 0.0)
        >>> last = LagResiduals(np.array([2.0, 2.2, 1.9, 2.1]), np.full(4, 10), 0.0)
        >>> lag_p_value(first, first, 1e-7), round(lag_p_value(first, last, 1e-7), 6)
        (1.0, 2.3e-05)
    """
    shares = last.counts / last.counts.sum()
    growths = shares * (last.squares / last.counts - first.squares / first.counts)
    gains = last.gain / last.counts.sum() - first.gain / first.counts.sum()
    growth = growths.sum() + gains - rounding**2
    n_trajectories = len(growths)
    error = np.sqrt(n_trajectories * growths.var(ddof=1))
    if error == 0:
        return float(growth <= 0)
    return float(t.sf(growth / error, n_trajectories - 1))
