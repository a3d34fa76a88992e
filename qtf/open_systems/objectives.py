"""What is minimised: how far probabilities are from solving their equation."""

import math
from dataclasses import dataclass
from typing import Any

from keras import ops

from qtf.open_systems.local_generator import LocalGenerator, LogProb
from qtf.open_systems.settings import NORMS


@dataclass(frozen=True)
class Objective:
    """Size of a residual that is linear in the probabilities p that are sought.

        r(a) = share p(a) + factor sum_b L_a^b p(b) - known(a)
        l1:   sum_a |r(a)|,        estimated by  mean over a ~ p of |r(a)| / p(a)
        chi2: sum_a r(a)^2 / p(a), estimated by  mean over a ~ p of (r(a) / p(a))^2

    Samples and 1/p are not differentiated. l1 is the paper's; it pulls with the same force
    however small a residual is, so that only a falling rate makes it settle, while chi2 settles by
    itself.

    Args:
        generator: L.
        share: 1 for a step of time, 0 for a steady state.
        factor: -tau for a step of time, 1 for a steady state.
        norm: "l1" or "chi2".

    Raises:
        ValueError: The norm is unknown or a number not finite.

    Source: Luo et al., Phys. Rev. Lett. 128, 090501 (2022), equations 4, 5, S20 and S22.
    """

    generator: LocalGenerator
    share: float
    factor: float
    norm: str = "l1"

    def __post_init__(self) -> None:
        if self.norm not in NORMS:
            raise ValueError(
                f'Argument `norm` must be one of {", ".join(NORMS)}, but is "{self.norm}".'
            )
        if not (math.isfinite(self.share) and math.isfinite(self.factor)):
            raise ValueError(
                "Arguments `share` and `factor` must be finite, but are"
                f" {self.share} and {self.factor}."
            )

    def of_table(self, log_probs: Any, known: Any = 0.0) -> Any:
        """Returns the size summed over all outcomes; may be differentiated.

        Args:
            log_probs: log p of all outcomes, (4**n_sites,), for example of `log_table`.
            known: known(a), the same shape.

        Returns:
            Scalar, float64.
        """
        table, residual = self._table_and_residual(log_probs, known)
        if self.norm == "l1":
            return ops.sum(ops.abs(residual))
        return ops.sum(ops.square(residual) / ops.stop_gradient(table))

    def ratios_of_table(self, log_probs: Any, known: Any = 0.0) -> Any:
        """Returns r(a) / p(a) of all outcomes, float64 (4**n_sites,); arguments as above."""
        table, residual = self._table_and_residual(log_probs, known)
        return residual / table

    def _table_and_residual(self, log_probs: Any, known: Any) -> tuple[Any, Any]:
        table = ops.exp(ops.cast(log_probs, "float64"))
        return table, self.share * table + self.factor * self.generator.applied(table) - known

    def ratios_of_samples(self, log_prob: LogProb, outcomes: Any, known: Any = 0.0) -> Any:
        """Returns r(a) / p(a) of samples, float64 (batch,); arguments as of `of_samples`."""
        rates = self.generator.rates(log_prob, outcomes)
        return self.share + self.factor * rates - known

    def sizes_of_samples(self, log_prob: LogProb, outcomes: Any, known: Any = 0.0) -> Any:
        """Returns what `of_samples` takes the mean of, float64 (batch,); arguments as there."""
        ratios = self.ratios_of_samples(log_prob, outcomes, known)
        return ops.abs(ratios) if self.norm == "l1" else ops.square(ratios)

    def of_samples(self, log_prob: LogProb, outcomes: Any, known: Any = 0.0) -> tuple[Any, ...]:
        """Returns the estimate and what its gradient is made of.

        The gradient is that of sum_a w(a) log p(a) + sum_{a, b} w(a, b) log p(b); `surrogate`
        returns pieces of this sum. From the sign of r its mean is taken, which changes nothing
        in the mean, as columns of L add up to zero, but calms the gradient.

        Args:
            log_prob: The distribution.
            outcomes: a ~ p, int32 (batch, n_sites).
            known: known(a) / p(a), float64 (batch,).

        Returns:
            The estimate; w(a), (batch,); w(a, b), (n_chunks * chunk, batch). Not to be
            differentiated.
        """
        diagonal, terms = self.generator.terms(log_prob, outcomes)
        residual = self.share + self.factor * (diagonal + ops.sum(terms, axis=0)) - known
        if self.norm == "l1":
            value, slope = ops.abs(residual), ops.sign(residual)
            slope = slope - ops.mean(slope)
        else:
            value, slope = ops.square(residual), 2.0 * residual
        slope = slope / ops.cast(ops.shape(outcomes)[0], "float64")
        own = slope * (self.share + self.factor * diagonal)
        found = (ops.mean(value), own, self.factor * slope * terms)
        return tuple(ops.stop_gradient(part) for part in found)

    def surrogate(self, log_prob: LogProb, outcomes: Any, weights: Any, piece: Any) -> Any:
        """Returns one of `n_pieces` scalars; their sum has the gradient of the estimate.

        Args:
            log_prob: The distribution.
            outcomes: a, as given to `of_samples`.
            weights: w(a) and w(a, b) of `of_samples`.
            piece: int32 scalar, from 0 to `n_pieces` - 1. The first has w(a).
        """
        generator, (own, of_moves) = self.generator, weights
        others = ops.reshape(generator.moved(outcomes, piece), (-1, generator.n_sites))
        shape = (generator.chunk, of_moves.shape[1])
        part = ops.slice(of_moves, (piece * generator.chunk, 0), shape)
        first = ops.cast(ops.equal(piece, 0), own.dtype) * own
        joined = ops.concatenate([first, ops.reshape(part, (-1,))])
        logs = log_prob(ops.concatenate([outcomes, others]))
        return ops.sum(ops.cast(joined, logs.dtype) * logs)

    @property
    def n_pieces(self) -> int:
        """Number of surrogates, as many as the generator has chunks."""
        return self.generator.n_chunks


def forward_backward(generator: LocalGenerator, tau: float, norm: str = "l1") -> Objective:
    """Returns the objective of one step of time, from t to t + 2 tau.

        r = (1 - tau L) p(t + 2 tau) - (1 + tau L) p(t)

    The trapezoid rule: its error in one step is of third order in tau. `known` of the
    objective is `advanced_table` or `advanced_ratios` of p(t).

    Args:
        generator: L.
        tau: Half of the step.
        norm: "l1" or "chi2".

    Raises:
        ValueError: `tau` is not positive.
    """
    if not tau > 0:
        raise ValueError(f"Argument `tau` must be positive, but is {tau}.")
    return Objective(generator, 1.0, -tau, norm)


def steady_state(generator: LocalGenerator, norm: str = "l1") -> Objective:
    """Returns the objective of a steady state, r = L p."""
    return Objective(generator, 0.0, 1.0, norm)


def advanced_table(generator: LocalGenerator, log_probs: Any, tau: float) -> Any:
    """Returns (1 + tau L) p of all outcomes, (4**n_sites,), not to be differentiated."""
    table = ops.exp(ops.cast(log_probs, "float64"))
    return ops.stop_gradient(table + tau * generator.applied(table))


def advanced_ratios(
    generator: LocalGenerator, old: LogProb, log_prob: LogProb, outcomes: Any, tau: float
) -> Any:
    """Returns sum_b (1 + tau L)_a^b p_old(b) / p(a), float64 (batch,), not to be differentiated.

    Args:
        generator: L.
        old: log p_old, the distribution before the step.
        log_prob: log p, the one that is sought.
        outcomes: a ~ p, int32 (batch, n_sites).
        tau: Half of the step.
    """
    log_ratio = ops.cast(old(outcomes), "float64") - ops.cast(log_prob(outcomes), "float64")
    found = ops.exp(log_ratio) * (1.0 + tau * generator.rates(old, outcomes))
    return ops.stop_gradient(found)
