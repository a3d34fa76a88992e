"""Fits a local generator to trajectories: L-BFGS, then Gauss-Newton steps to rounding.

Least squares over all pairs of states `lag` steps apart: first successive states by
L-BFGS, then longer lags, each from the solution before. Noise does least harm at two thirds
of the trajectories, four times less than between successive states of 100. The lag is not
raised while the uncertainty of G could still turn phases by a half turn. Each lag ends with
Gauss-Newton steps, which reach rounding where values of the loss have long stopped to
differ.

Error bars come from the spread between trajectories, see `generator_errors`: they hold for
independent noise of any law, for few trajectories, too, and shrink to rounding without noise.
Whether such a generator explains the data is a test of what the fit leaves, see
`lag_test`.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from qtf.checks import COUNT, FINITE, check_arguments
from qtf.dynamics.generator_errors import Errors, estimate_errors, pseudo_inverse
from qtf.dynamics.generator_loss import GeneratorLoss
from qtf.dynamics.lag_test import LagResiduals, lag_p_value
from qtf.dynamics.learned_terms import LearnedTerms
from qtf.dynamics.local_terms import LocalTerms
from qtf.dynamics.state_checks import checked_trajectories

LAG_FACTOR = 4
MAX_GAUSS_NEWTON_STEPS = 30
# Rounding of stored single precision, of the size of an amplitude.
ROUNDING = 1e-7
SMALLEST_N_TRAJECTORIES = 2

Chains = Sequence[tuple[LocalTerms, np.ndarray]]


@dataclass(frozen=True, kw_only=True)
class FitResult(LearnedTerms):
    """What a fit has learned.

    The covariance is from the spread between trajectories; the p value is the probability that
    noise alone grows from the first to the last lag as what is left does, None if there is one lag
    only. It does grow, with a p value below 0.001, when the chain is not of this form: interactions
    of longer range, closed ends, fields that differ from site to site.

    Attributes:
        lag: Steps between the states of the last pairs.
        residuals: lag -> root mean square of what is left, as noise on every real and
            imaginary part would leave it.
        n_pairs: Pairs of states at the last lag.
        n_trajectories: Trajectories, over all chains.
        seconds: Time that the fit took.
    """

    lag: int
    residuals: dict[int, float]
    n_pairs: int
    n_trajectories: int
    seconds: float

    @property
    def noise(self) -> float:
        """Standard deviation of the noise on every real and imaginary part."""
        return self.residuals[min(self.residuals)]

    def to_dict(self) -> dict[str, object]:
        """Returns everything but the two matrices as JSON can hold it."""
        return {
            **super().to_dict(),
            "noise": self.noise,
            "lag": self.lag,
            "residuals": {str(lag): value for lag, value in self.residuals.items()},
            "n_pairs": self.n_pairs,
            "n_trajectories": self.n_trajectories,
            "seconds": self.seconds,
        }


def fit_generator(
    chains: Chains,
    dt: float,
    *,
    last_lag: int | None = None,
    start: np.ndarray | None = None,
    report: Callable[[str], None] | None = None,
) -> FitResult:
    """Learns the coefficients of G from trajectories psi(t + dt) = exp(-i dt G) psi(t).

    Args:
        chains: Terms and trajectories (n_trajectories, n_times, 2**n) of each chain of at most
            8 spins. All share the coefficients; in given fields each has terms of its own.
            States of another norm than 1 have another weight.
        dt: Time step.
        last_lag: Longest lag; by default two thirds of the shortest trajectory.
        start: Coefficients to start from, (size,); by default 0.
        report: Takes a line of progress after each lag.

    Returns:
        Coefficients with their errors.

    Raises:
        ValueError: An argument is out of range or of another shape, the chains do not share
            their terms, a state is 0 or not finite, or there are fewer than two trajectories.

    Example:
        >>> from qtf.physics import Chain, evolve, ising, sample_initial_states
        >>> psi0 = sample_initial_states("paper", n_sites=3, n_samples=40, seed=0)
        >>> psi = evolve(ising(Chain(3)), psi0, 0.002 * np.arange(20))
        >>> result = fit_generator([(LocalTerms(), psi)], 0.002)
        >>> float(result.coefficients[result.terms.names.index("X_i")].round(6))
        1.05
    """
    started = time.monotonic()
    dt = _checked_step(dt)
    chains = _checked_chains(chains)
    terms = chains[0][0]
    longest = _checked_lag(last_lag, min(psi.shape[1] for _, psi in chains) - 1)
    # Angles a step, G dt, are of the same size whatever the units of time and energy.
    angles = None if start is None else _checked_start(start, terms.size) * dt
    unit = max(float(np.abs(psi).max()) for _, psi in chains)
    loss = GeneratorLoss([(of_chain, psi / unit) for of_chain, psi in chains], 1.0)
    note = _scale_notes(report, unit)
    angles, errors, left = _fit_lags(loss, angles, longest, _string_counts(chains), note)
    rounding = ROUNDING * np.sqrt(loss.mean_square)
    return FitResult(
        terms=terms,
        coefficients=angles / dt,
        covariance=errors.covariance / dt**2,
        curvature=errors.curvature * dt**2,
        determined=errors.determined,
        degrees_of_freedom=errors.degrees_of_freedom,
        lag=max(left),
        residuals={lag: unit * residuals.root_mean_square for lag, residuals in left.items()},
        p_value=lag_p_value(left[1], left[max(left)], rounding) if len(left) > 1 else None,
        n_pairs=loss.n_pairs,
        n_trajectories=sum(len(psi) for _, psi in chains),
        seconds=time.monotonic() - started,
    )


def _scale_notes(
    report: Callable[[str], None] | None, unit: float
) -> Callable[[int, int, float], None]:
    """Returns what reports lag, pairs and residual, the latter given in units of `unit`."""

    def note(lag: int, n_pairs: int, residual: float) -> None:
        if report is not None:
            report(f"lag {lag}  {n_pairs} pairs  residual {unit * residual:.3g}")

    return note


def _fit_lags(
    loss: GeneratorLoss,
    angles: np.ndarray | None,
    longest: int,
    strings: np.ndarray,
    note: Callable[[int, int, float], None],
) -> tuple[np.ndarray, Errors, dict[int, LagResiduals]]:
    """Fits at longer and longer lags; returns angles, errors, and what each lag leaves."""
    angles = _minimize(loss) if angles is None else angles
    lag, left = 1, {}
    while True:
        loss.set_lag(lag)
        angles = _polish(loss, angles)
        errors = estimate_errors(loss, angles, lag)
        left[lag] = LagResiduals(*loss.residuals(angles), errors.gain)
        note(lag, loss.n_pairs, left[lag].root_mean_square)
        next_lag = min(_raise_lag(lag, longest), _safe_lag(errors.covariance, strings))
        if next_lag <= lag:
            return angles, errors, left
        lag = next_lag


def _minimize(loss: GeneratorLoss) -> np.ndarray:
    """Returns the minimum for successive states as near as values of the loss can tell."""
    from scipy.optimize import minimize

    # The curvature is about the number of pairs times the square of an amplitude.
    scale = loss.n_pairs * loss.mean_square

    def scale_loss(angles: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = loss.loss_and_gradient(angles)
        return value / scale, gradient / scale

    options = {"maxiter": 1000, "ftol": 0.0, "gtol": 1e-12}
    return minimize(scale_loss, np.zeros(loss.size), method="L-BFGS-B", jac=True, options=options).x


def _polish(loss: GeneratorLoss, angles: np.ndarray) -> np.ndarray:
    """Takes Gauss-Newton steps until rounding keeps them from shrinking."""
    last = np.inf
    for _ in range(MAX_GAUSS_NEWTON_STEPS):
        _, gradient = loss.loss_and_gradient(angles)
        inverse, _ = pseudo_inverse(loss.curvature(angles))
        step = -inverse @ gradient
        size = np.abs(step).max()
        if not size < last:
            break
        angles, last = angles + step, size
    return angles


def _raise_lag(lag: int, longest: int) -> int:
    """Returns the next lag; a last small step to the longest one is not worth a fit."""
    return longest if 2 * LAG_FACTOR * lag > longest else LAG_FACTOR * lag


def _safe_lag(covariance: np.ndarray, strings: np.ndarray) -> int:
    """Returns the longest lag whose phases are known to less than a half turn."""
    uncertainty = 3 * np.sqrt(np.diag(covariance)) @ strings
    return int(np.pi / 2 / max(uncertainty, 1e-9))


def _string_counts(chains: Chains) -> np.ndarray:
    """Bounds |operator_k| in the longest chain by the coefficients of its strings."""
    terms, psi = max(chains, key=lambda chain: chain[1].shape[-1])
    operators = terms.operators(psi.shape[-1].bit_length() - 1)
    return np.array(
        [sum(abs(term.coefficient) for term in operator.terms) for operator in operators]
    )


def _checked_step(dt: float) -> float:
    check_arguments(FINITE, dt=dt)
    if dt <= 0:
        raise ValueError(f"Argument `dt` must be positive and finite, but is {dt}.")
    return dt


def _checked_lag(last_lag: int | None, n_steps: int) -> int:
    if last_lag is None:
        return max(1, round(2 * n_steps / 3))
    if not 1 <= last_lag <= n_steps:
        raise ValueError(
            f"Argument `last_lag` must be from 1 to {n_steps}, the steps of the shortest"
            f" trajectory, but is {last_lag}."
        )
    check_arguments(COUNT, last_lag=last_lag)
    return int(last_lag)


def _checked_start(start: np.ndarray, size: int) -> np.ndarray:
    coefficients = np.asarray(start, np.float64)
    if coefficients.shape != (size,) or not np.isfinite(coefficients).all():
        raise ValueError(
            f"Argument `start` must hold {size} finite numbers, one for each coefficient, but is"
            f" {start!r}."
        )
    return coefficients


def _checked_chains(chains: Chains) -> list[tuple[LocalTerms, np.ndarray]]:
    """Returns the chains with their trajectories as complex128 arrays."""
    if len(chains) == 0:
        raise ValueError("Argument `chains` must hold at least one chain, but is empty.")
    checked = [_checked_chain(chain) for chain in chains]
    names = checked[0][0].names
    for terms, _ in checked:
        if terms.names != names:
            raise ValueError(
                "Argument `chains` must hold chains with the same coefficients, but some have"
                f" {len(names)} and others {len(terms.names)} of other names."
            )
    n_trajectories = sum(len(psi) for _, psi in checked)
    if n_trajectories < SMALLEST_N_TRAJECTORIES:
        raise ValueError(
            f"There must be at least {SMALLEST_N_TRAJECTORIES} trajectories for error bars, but"
            f" there are {n_trajectories}."
        )
    return checked


def _checked_chain(chain: tuple[LocalTerms, np.ndarray]) -> tuple[LocalTerms, np.ndarray]:
    is_pair = isinstance(chain, (tuple, list)) and len(chain) == 2
    if not is_pair or not isinstance(chain[0], LocalTerms):
        raise ValueError(
            "Argument `chains` must hold pairs of LocalTerms and trajectories, but holds"
            f" {type(chain).__name__}."
        )
    terms, psi = chain
    psi = checked_trajectories("chains", psi, min_times=2)
    terms.check_sites(psi.shape[-1].bit_length() - 1)
    return terms, psi
