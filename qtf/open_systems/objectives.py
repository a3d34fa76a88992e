"""What is minimised: how far probabilities are from solving their equation."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from keras import ops

from qtf.checks import POSITIVE, OneOf, check_arguments
from qtf.open_systems.povm_liouvillian import PovmLiouvillian
from qtf.open_systems.rules import RULES, apply_polynomial
from qtf.open_systems.settings import NORMS
from qtf.typing import Index, LogProb, Tensor


@dataclass(frozen=True)
class Objective:
    """Size of a residual that is linear in the probabilities p that are sought.

        r = sum_k factor_k L^k p - target
        l1:   sum_a |r(a)|,        estimated by  mean over a ~ p of |r(a)| / p(a)
        chi2: sum_a r(a)^2 / p(a), estimated by  mean over a ~ p of (r(a) / p(a))^2

    Samples and 1/p are not differentiated. l1 is the paper's; it pulls with the same force
    however small a residual is, so that only a falling rate makes it settle, while chi2 settles by
    itself.

    Args:
        liouvillian: L.
        factors: Of the powers of L from the zeroth on, two or more: (0, 1) for a steady state,
            (1, -tau) for a step of time by the trapezoid rule. Samples take two.
        norm: "l1" or "chi2".

    Raises:
        ValueError: The norm is unknown, there are fewer factors or one is not finite.

    Source: Luo et al., Phys. Rev. Lett. 128, 090501 (2022), equations 4, 5, S20 and S22.
    """

    liouvillian: PovmLiouvillian
    factors: tuple[float, ...]
    norm: str = "l1"

    def __post_init__(self) -> None:
        check_arguments(OneOf(NORMS), norm=self.norm)
        if len(self.factors) < 2 or not all(map(math.isfinite, self.factors)):
            raise ValueError(
                f"Argument `factors` must hold at least two finite numbers, but is {self.factors}."
            )

    def of_table(self, log_probs: Tensor, target: Tensor | float = 0.0) -> Tensor:
        """Returns the size summed over all outcomes; may be differentiated.

        Args:
            log_probs: log p of all outcomes, (4**n_sites,), for example of `log_table`.
            target: target(a), the same shape.

        Returns:
            Scalar, float64.
        """
        table, residual = self._table_and_residual(log_probs, target)
        if self.norm == "l1":
            return ops.sum(ops.abs(residual))
        return ops.sum(ops.square(residual) / ops.stop_gradient(table))

    def ratios_of_table(self, log_probs: Tensor, target: Tensor | float = 0.0) -> Tensor:
        """Returns r(a) / p(a) of all outcomes, float64 (4**n_sites,); arguments as above."""
        table, residual = self._table_and_residual(log_probs, target)
        return residual / table

    def of_probabilities(self, table: Tensor, target: Tensor | float = 0.0) -> Tensor:
        """Returns r of all outcomes, also of several p that stand side by side.

        Args:
            table: p, or changes of it, (4**n_sites, ...).
            target: target(a), the same shape.
        """
        return apply_polynomial(self.liouvillian.apply, self.factors, table) - target

    def _table_and_residual(
        self, log_probs: Tensor, target: Tensor | float
    ) -> tuple[Tensor, Tensor]:
        table = ops.exp(ops.cast(log_probs, "float64"))
        return table, self.of_probabilities(table, target)

    def ratios_of_samples(
        self, log_prob: LogProb, outcomes: Tensor, target: Tensor | float = 0.0
    ) -> Tensor:
        """Returns r(a) / p(a) of samples, float64 (batch,); arguments as of `of_samples`."""
        share, factor = self._two_factors
        return share + factor * self.liouvillian.rates(log_prob, outcomes) - target

    def sizes_of_samples(
        self, log_prob: LogProb, outcomes: Tensor, target: Tensor | float = 0.0
    ) -> Tensor:
        """Returns what `of_samples` takes the mean of, float64 (batch,); arguments as there."""
        ratios = self.ratios_of_samples(log_prob, outcomes, target)
        return ops.abs(ratios) if self.norm == "l1" else ops.square(ratios)

    def of_samples(
        self, log_prob: LogProb, outcomes: Tensor, target: Tensor | float = 0.0
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Returns the estimate and what its gradient is made of.

        The gradient is that of sum_a w(a) log p(a) + sum_{a, b} w(a, b) log p(b); `surrogate`
        returns pieces of this sum. From the sign of r its mean is taken, which changes nothing
        in the mean, as columns of L add up to zero, but calms the gradient.

        Args:
            log_prob: The distribution.
            outcomes: a ~ p, int32 (batch, n_sites).
            target: target(a) / p(a), float64 (batch,).

        Returns:
            The estimate; w(a), (batch,); w(a, b), (n_chunks * chunk, batch). Not to be
            differentiated.
        """
        share, factor = self._two_factors
        diagonal, terms = self.liouvillian.terms(log_prob, outcomes)
        residual = share + factor * (diagonal + ops.sum(terms, axis=0)) - target
        if self.norm == "l1":
            value, slope = ops.abs(residual), ops.sign(residual)
            slope = slope - ops.mean(slope)
        else:
            value, slope = ops.square(residual), 2.0 * residual
        slope = slope / ops.cast(ops.shape(outcomes)[0], "float64")
        of_samples = slope * (share + factor * diagonal)
        return (
            ops.stop_gradient(ops.mean(value)),
            ops.stop_gradient(of_samples),
            ops.stop_gradient(factor * slope * terms),
        )

    def surrogate(
        self, log_prob: LogProb, outcomes: Tensor, weights: Sequence[Tensor], piece: Index
    ) -> Tensor:
        """Returns one of `n_pieces` scalars; their sum has the gradient of the estimate.

        Args:
            log_prob: The distribution.
            outcomes: a, as given to `of_samples`.
            weights: w(a) and w(a, b) of `of_samples`.
            piece: int32 scalar, from 0 to `n_pieces` - 1. The first has w(a).
        """
        liouvillian, (of_samples, of_moves) = self.liouvillian, weights
        others = ops.reshape(liouvillian.move(outcomes, piece), (-1, liouvillian.n_sites))
        shape = (liouvillian.chunk, of_moves.shape[1])
        part = ops.slice(of_moves, (piece * liouvillian.chunk, 0), shape)
        first = ops.cast(ops.equal(piece, 0), of_samples.dtype) * of_samples
        joined = ops.concatenate([first, ops.reshape(part, (-1,))])
        logs = log_prob(ops.concatenate([outcomes, others]))
        return ops.sum(ops.cast(joined, logs.dtype) * logs)

    @property
    def _two_factors(self) -> tuple[float, float]:
        if len(self.factors) > 2:
            raise ValueError(
                "Samples need an objective of two factors, as the trapezoid rule and steady states"
                f" have it, but there are {len(self.factors)}."
            )
        return self.factors[0], self.factors[1]

    @property
    def n_pieces(self) -> int:
        """Number of surrogates, as many as the generator has chunks."""
        return self.liouvillian.n_chunks


def forward_backward(
    liouvillian: PovmLiouvillian, tau: float, norm: str = "l1", *, rule: str = "trapezoid"
) -> Objective:
    """Returns the objective of one step of time, from t to t + 2 tau.

        trapezoid: r = (1 - tau L) p(t + 2 tau) - (1 + tau L) p(t)
        pade:      r = (1 - tau L + tau^2 L^2 / 3) p(t + 2 tau) - (1 + tau L + tau^2 L^2 / 3) p(t)

    Their errors in one step are of third and of fifth order in tau. `target` of the objective is
    `advance_table` or `advance_ratios` of p(t).

    Args:
        liouvillian: L.
        tau: Half of the step.
        norm: "l1" or "chi2".
        rule: One of `RULES`.

    Raises:
        ValueError: `tau` is not positive or the rule unknown.
    """
    check_arguments(POSITIVE, tau=tau)
    check_arguments(OneOf(RULES), rule=rule)
    return Objective(liouvillian, RULES[rule].backward(tau), norm)


def steady_state(liouvillian: PovmLiouvillian, norm: str = "l1") -> Objective:
    """Returns the objective of a steady state, r = L p."""
    return Objective(liouvillian, (0.0, 1.0), norm)


def advance_table(
    liouvillian: PovmLiouvillian, log_probs: Tensor, tau: float, *, rule: str = "trapezoid"
) -> Tensor:
    """Returns the side of p(t) of a rule, (4**n_sites,), not to be differentiated.

    Args:
        liouvillian: L.
        log_probs: log p(t) of all outcomes, (4**n_sites,).
        tau: Half of the step.
        rule: One of `RULES`; (1 + tau L) p of the trapezoid rule.
    """
    table = ops.exp(ops.cast(log_probs, "float64"))
    return ops.stop_gradient(apply_polynomial(liouvillian.apply, RULES[rule].forward(tau), table))


def advance_ratios(
    liouvillian: PovmLiouvillian, old: LogProb, log_prob: LogProb, outcomes: Tensor, tau: float
) -> Tensor:
    """Returns sum_b (1 + tau L)_a^b p_old(b) / p(a), float64 (batch,), not to be differentiated.

    Args:
        liouvillian: L.
        old: log p_old, the distribution before the step.
        log_prob: log p, the one that is sought.
        outcomes: a ~ p, int32 (batch, n_sites).
        tau: Half of the step.
    """
    log_ratio = ops.cast(old(outcomes), "float64") - ops.cast(log_prob(outcomes), "float64")
    return ops.stop_gradient(ops.exp(log_ratio) * (1.0 + tau * liouvillian.rates(old, outcomes)))
