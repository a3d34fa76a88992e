"""Fits a local generator to trajectories: L-BFGS, then Gauss-Newton steps to rounding.

Least squares over all pairs of states `lag` steps apart: first successive states by
L-BFGS, then longer lags, each from the solution before. Noise does least harm at two thirds
of the trajectories, four times less than between successive states of 100. The lag is not
raised while the uncertainty of G could still turn phases by a half turn. Each lag ends with
Gauss-Newton steps, which reach rounding where values of the loss have long stopped to
differ.

Error bars are those of the sandwich formula with one cluster for each trajectory, because
pairs of a trajectory share noise: they hold for independent noise of any law, and shrink to
rounding without noise. They need several times as many trajectories as there are
coefficients.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qtf.dynamics.generator_loss import GeneratorLoss
from qtf.dynamics.local_terms import LocalTerms

LAG_FACTOR = 4
MAX_GAUSS_NEWTON_STEPS = 30
# Eigenvalues of the scaled curvature below this belong to directions nobody can see.
RANK_TOLERANCE = 1e-10
# Residuals below this are the rounding of stored single precision.
ROUNDING = 1e-7
# Roundings of a state that an error bar has to hold at least.
ROUNDINGS = 4
SMALLEST_N_TRAJECTORIES = 2


@dataclass(frozen=True)
class FitResult:
    """What a fit has learned.

    Attributes:
        terms: Of the first chain; names and order of the coefficients.
        coefficients: (size,).
        covariance: Of the coefficients, (size, size), from the spread between
            trajectories.
        curvature: Expected second derivatives of the sum of squares, (size, size).
        determined: Whether the data tell each coefficient, (size,).
        lag: Steps between the states of the last pairs.
        residuals: lag -> root mean square of what is left, as noise on every real and
            imaginary part would leave it.
        n_pairs: Pairs of states at the last lag.
        n_trajectories: Trajectories, over all chains.
        seconds: Time that the fit took.
    """

    terms: LocalTerms
    coefficients: np.ndarray
    covariance: np.ndarray
    curvature: np.ndarray
    determined: np.ndarray
    lag: int
    residuals: dict[int, float]
    n_pairs: int
    n_trajectories: int
    seconds: float

    @property
    def errors(self) -> np.ndarray:
        """Standard errors of the coefficients; infinite where the data tell nothing."""
        errors = np.sqrt(np.diag(self.covariance))
        return np.where(self.determined, errors, np.inf)

    @property
    def noise(self) -> float:
        """Standard deviation of the noise on every real and imaginary part."""
        return self.residuals[min(self.residuals)]

    @property
    def explains_the_data(self) -> bool:
        """Whether what is left looks like noise, which does not grow with the lag.

        It does grow when the chain is not of this form: interactions of longer range,
        closed ends, fields that differ from site to site.
        """
        return self.residuals[self.lag] <= max(2 * self.noise, ROUNDING)

    def to_dict(self) -> dict[str, Any]:
        """Returns everything but the two matrices as JSON can hold it."""
        columns = zip(self.terms.names, self.coefficients, self.errors, strict=True)
        return {
            "terms": self.terms.to_dict(),
            "coefficients": [
                {
                    "name": name,
                    "value": float(value),
                    "error": float(error) if np.isfinite(error) else None,
                }
                for name, value, error in columns
            ],
            "noise": self.noise,
            "explains_the_data": self.explains_the_data,
            "lag": self.lag,
            "residuals": {str(lag): value for lag, value in self.residuals.items()},
            "n_pairs": self.n_pairs,
            "n_trajectories": self.n_trajectories,
            "seconds": self.seconds,
        }


def fit_generator(
    chains: Sequence[tuple[LocalTerms, np.ndarray]],
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
        dt: Time step.
        last_lag: Longest lag; by default two thirds of the shortest trajectory.
        start: Coefficients to start from; by default 0.
        report: Takes a line of progress after each lag.

    Returns:
        Coefficients with their errors.

    Raises:
        ValueError: There is no chain, an argument is out of range, the chains do not share
            their terms, or there are fewer than two trajectories.

    Example:
        >>> from qtf.physics import Chain, evolve, ising, sample_initial_states
        >>> psi0 = sample_initial_states("paper", n_sites=3, n_samples=40, seed=0)
        >>> psi = evolve(ising(Chain(3)), psi0, 0.002 * np.arange(20))
        >>> result = fit_generator([(LocalTerms(), psi)], 0.002)
        >>> float(result.coefficients[result.terms.names.index("X_i")].round(6))
        1.05
    """
    started = time.monotonic()
    _check(chains, dt)
    longest = _checked_lag(last_lag, min(psi.shape[1] for _, psi in chains) - 1)
    loss = GeneratorLoss(chains, dt)
    coefficients = _minimized(loss, dt) if start is None else np.asarray(start, np.float64)
    strings = _string_counts(chains)
    lag, residuals = 1, {}
    while True:
        estimate = _estimated(loss, coefficients, lag * dt)
        coefficients = estimate["coefficients"]
        residuals[lag] = loss.residual(coefficients)
        if report is not None:
            report(f"lag {lag}  {loss.n_pairs} pairs  residual {residuals[lag]:.3g}")
        next_lag = min(_raised(lag, longest), _safe_lag(estimate["covariance"], strings, dt))
        if next_lag <= lag:
            break
        lag = next_lag
        loss.set_lag(lag)
    return FitResult(
        terms=chains[0][0],
        **estimate,
        lag=lag,
        residuals=residuals,
        n_pairs=loss.n_pairs,
        n_trajectories=sum(len(psi) for _, psi in chains),
        seconds=time.monotonic() - started,
    )


def _estimated(loss: GeneratorLoss, coefficients: np.ndarray, tau: float) -> dict[str, Any]:
    """Returns the minimum near `coefficients` and what is known of its errors."""
    coefficients = _polished(loss, coefficients)
    curvature = loss.curvature(coefficients)
    inverse, determined = pseudo_inverse(curvature)
    return {
        "coefficients": coefficients,
        "covariance": _covariance(loss.scores(coefficients), inverse, tau),
        "curvature": curvature,
        "determined": determined,
    }


def _minimized(loss: GeneratorLoss, dt: float) -> np.ndarray:
    """Returns the minimum for successive states as near as values of the loss can tell."""
    from scipy.optimize import minimize

    # The curvature is about the number of pairs times dt^2.
    scale = loss.n_pairs * dt**2

    def scaled(values: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = loss.loss_and_gradient(values)
        return value / scale, gradient / scale

    options = {"maxiter": 1000, "ftol": 0.0, "gtol": 1e-10}
    return minimize(scaled, np.zeros(loss.size), method="L-BFGS-B", jac=True, options=options).x


def _polished(loss: GeneratorLoss, coefficients: np.ndarray) -> np.ndarray:
    """Takes Gauss-Newton steps until rounding keeps them from shrinking."""
    last = np.inf
    for _ in range(MAX_GAUSS_NEWTON_STEPS):
        _, gradient = loss.loss_and_gradient(coefficients)
        inverse, _ = pseudo_inverse(loss.curvature(coefficients))
        step = -inverse @ gradient
        size = np.abs(step).max()
        if not size < last:
            break
        coefficients, last = coefficients + step, size
    return coefficients


def _covariance(scores: np.ndarray, inverse: np.ndarray, tau: float) -> np.ndarray:
    """Returns the sandwich estimate from the scores of the trajectories."""
    # At the minimum the scores sum to zero, which costs one degree of freedom.
    scores = scores - scores.mean(axis=0)
    spread = scores.T @ scores * (len(scores) / (len(scores) - 1))
    rounding = ROUNDINGS * np.finfo(np.float64).eps / tau
    return inverse @ spread @ inverse + rounding**2 * np.eye(len(inverse))


def pseudo_inverse(curvature: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Inverts in the directions that the data see, and tells which coefficients lie there.

    One n alone, for example, cannot tell the two shifts apart.

    Args:
        curvature: Symmetric, (size, size).

    Returns:
        The inverse, 0 in unseen directions, (size, size), and which coefficients have no
        part in these, (size,).
    """
    scale = np.sqrt(np.diag(curvature).clip(min=0))
    scale[scale == 0] = 1.0
    values, vectors = np.linalg.eigh(curvature / np.outer(scale, scale))
    seen = values > RANK_TOLERANCE * values[-1]
    inverse = (vectors[:, seen] / values[seen]) @ vectors[:, seen].T
    unseen = np.square(vectors[:, ~seen]).sum(axis=1)
    return inverse / np.outer(scale, scale), unseen < 1e-6


def _raised(lag: int, longest: int) -> int:
    """Returns the next lag; a last small step to the longest one is not worth a fit."""
    return longest if 2 * LAG_FACTOR * lag > longest else LAG_FACTOR * lag


def _safe_lag(covariance: np.ndarray, strings: np.ndarray, dt: float) -> int:
    """Returns the longest lag whose phases are known to less than a half turn."""
    uncertainty = 3 * np.sqrt(np.diag(covariance)) @ strings
    return int(np.pi / 2 / (dt * max(uncertainty, 1e-9)))


def _string_counts(chains: Sequence[tuple[LocalTerms, np.ndarray]]) -> np.ndarray:
    """Bounds |operator_k| in the longest chain by the coefficients of its strings."""
    terms, psi = max(chains, key=lambda chain: chain[1].shape[-1])
    operators = terms.operators(psi.shape[-1].bit_length() - 1)
    return np.array(
        [sum(abs(term.coefficient) for term in operator.terms) for operator in operators]
    )


def _checked_lag(last_lag: int | None, n_steps: int) -> int:
    if last_lag is None:
        return max(1, round(2 * n_steps / 3))
    if not 1 <= last_lag <= n_steps:
        raise ValueError(
            f"Argument `last_lag` must be from 1 to {n_steps}, the steps of the shortest"
            f" trajectory, but is {last_lag}."
        )
    return last_lag


def _check(chains: Sequence[tuple[LocalTerms, np.ndarray]], dt: float) -> None:
    if not chains:
        raise ValueError("Argument `chains` must hold at least one chain, but is empty.")
    if not 0 < dt < np.inf:
        raise ValueError(f"Argument `dt` must be positive and finite, but is {dt}.")
    names = chains[0][0].names
    for terms, psi in chains:
        if terms.names != names:
            raise ValueError(
                "Argument `chains` must hold chains with the same coefficients, but some have"
                f" {len(names)} and others {len(terms.names)} of other names."
            )
        if psi.ndim != 3 or psi.shape[1] < 2:
            raise ValueError(
                "Trajectories must be (n_trajectories, n_times, 2**n) with at least two times,"
                f" but have shape {psi.shape}."
            )
        if not np.isfinite(psi).all():
            raise ValueError("Trajectories must be finite, but hold NaN or infinity.")
    n_trajectories = sum(len(psi) for _, psi in chains)
    if n_trajectories < SMALLEST_N_TRAJECTORIES:
        raise ValueError(
            f"There must be at least {SMALLEST_N_TRAJECTORIES} trajectories for error bars, but"
            f" there are {n_trajectories}."
        )
