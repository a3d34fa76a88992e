"""Compares a network and the trivial predictors with exact evolution."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from qtf.dynamics import baselines
from qtf.dynamics.metrics import METRICS, Summary, all_metrics
from qtf.dynamics.state_checks import checked_amplitudes, checked_n_steps
from qtf.physics import PauliSum, evolve
from qtf.physics._checks import checked_positive

Predictor = Callable[[np.ndarray], np.ndarray]
CHUNK = 200
# Amplitudes of one chunk; several arrays of this size are held at once.
MAX_AMPLITUDES = 1 << 24


@dataclass
class Evaluation:
    """What one chain length gave.

    Attributes:
        n_sites: Number of spins.
        n_sequences: Number of test sequences.
        summaries: metric -> predictor -> summary over the sequences.
        exact: The first exact trajectory, (n_times, 2**n), for figures.
        predicted: The network's, (n_times, 2**n).
    """

    n_sites: int
    n_sequences: int
    summaries: dict[str, dict[str, Summary]] = field(default_factory=dict)
    exact: np.ndarray | None = None
    predicted: np.ndarray | None = None


def evaluate(
    model: Predictor,
    psi0: np.ndarray,
    hamiltonian: PauliSum,
    *,
    dt: float,
    n_steps: int,
    training: np.ndarray | None = None,
) -> Evaluation:
    """Rolls out every predictor from unseen states and summarises its errors.

    The exact trajectories are computed here, in double precision, whatever the
    precision of the files.

    Args:
        model: Takes initial states (batch, 2**n), gives (batch, n_steps + 1, 2**n).
        psi0: Unseen initial states, (n_sequences, 2**n).
        hamiltonian: Of the exact evolution.
        dt: Time step.
        n_steps: Steps to predict.
        training: Training trajectories for the least-squares propagator,
            (n_trajectories, n_times, 2**n), or None to leave it out.

    Returns:
        The summaries and one trajectory to draw.

    Raises:
        ValueError: The initial states have another shape, are not finite, or one is 0; time step
            or number of steps are out of range; the model's prediction has another shape or is
            not finite.
    """
    psi0 = checked_amplitudes("psi0", psi0)
    if psi0.ndim != 2 or not len(psi0):
        raise ValueError(
            "Argument `psi0` must be (n_sequences, 2**n) with at least one state, but has shape"
            f" {psi0.shape}."
        )
    dt, n_steps = checked_positive("dt", dt), checked_n_steps(n_steps)
    predictors = _predictors(model, n_steps, training)
    values: dict[str, dict[str, list[np.ndarray]]] = {
        metric: {name: [] for name in predictors} for metric in METRICS
    }
    times = dt * np.arange(n_steps + 1)
    result = Evaluation(hamiltonian.n_sites, len(psi0))
    chunk = min(CHUNK, max(1, MAX_AMPLITUDES // (hamiltonian.dimension * len(times))))
    for start in range(0, len(psi0), chunk):
        exact = evolve(hamiltonian, psi0[start : start + chunk], times)
        for name, predict in predictors.items():
            predicted = predict(exact)
            _check_prediction(predicted, exact.shape, hamiltonian.n_sites)
            for metric, array in all_metrics(exact, predicted, hamiltonian).items():
                values[metric][name].append(array)
            if start == 0 and name == "model":
                result.exact, result.predicted = exact[0], predicted[0]
    result.summaries = {
        metric: {name: Summary.of(np.concatenate(arrays)) for name, arrays in by_name.items()}
        for metric, by_name in values.items()
    }
    return result


def _predictors(
    model: Predictor, n_steps: int, training: np.ndarray | None
) -> dict[str, Predictor]:
    """Returns functions of the exact trajectories, each using what it may know."""
    predictors: dict[str, Predictor] = {
        "model": lambda exact: model(exact[:, 0]).astype(np.complex128),
        "persistence": baselines.persistence,
        "straight line": baselines.straight_line,
    }
    if training is not None:
        propagator = baselines.least_squares_propagator(training)
        predictors["least squares"] = lambda exact: baselines.linear_rollout(
            propagator, exact[:, 0], n_steps
        )
    return predictors


def _check_prediction(predicted: np.ndarray, shape: tuple[int, ...], n_sites: int) -> None:
    if predicted.shape != shape:
        raise ValueError(
            f"The prediction for n = {n_sites} must have the shape {shape}, but has"
            f" {predicted.shape}."
        )
    finite = np.isfinite(predicted).all(axis=(0, 2))
    if not finite.all():
        raise ValueError(
            f"The prediction for n = {n_sites} is not finite from step {finite.argmin()} on;"
            " train the model longer."
        )
