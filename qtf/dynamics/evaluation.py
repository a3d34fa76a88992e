"""Compares a network and the trivial predictors with exact evolution."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

from qtf.checks import COUNT, POSITIVE, check_arguments
from qtf.dynamics import baselines
from qtf.dynamics.metrics import Summary, all_metrics, metrics_of
from qtf.dynamics.state_checks import checked_amplitudes
from qtf.physics import DrivenHamiltonian, PauliSum, evolve, n_sites_of_dimension
from qtf.pieces import in_pieces, rows_at_once
from qtf.progress import announced

Predictor = Callable[[np.ndarray], np.ndarray]
# More sequences at once are no faster.
LARGEST_PIECE = 200
# Arrays of complex amplitudes that the metrics hold at once.
ARRAYS_HELD = 10


@dataclass(frozen=True)
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
    summaries: dict[str, dict[str, Summary]]
    exact: np.ndarray
    predicted: np.ndarray


def evaluate(
    model: Predictor,
    psi0: np.ndarray,
    hamiltonian: PauliSum | DrivenHamiltonian | None,
    *,
    dt: float,
    n_steps: int,
    training: np.ndarray | None = None,
    given: np.ndarray | None = None,
) -> Evaluation:
    """Rolls out every predictor from unseen states and summarises its errors.

    The exact trajectories are computed here, in double precision whatever that of the files.

    Args:
        model: Takes initial states (batch, 2**n), gives (batch, n_steps + 1, 2**n).
        psi0: Unseen initial states, (n_sequences, 2**n).
        hamiltonian: Of the exact evolution. Where it is driven, energy is not compared; None:
            `given` is what is exact.
        dt: Time step.
        n_steps: Steps to predict.
        training: Training trajectories for the least-squares propagator,
            (n_trajectories, n_times, 2**n), or None to leave it out.
        given: Trajectories of `psi0` that are taken for exact, (n_sequences, n_steps + 1, 2**n).

    Returns:
        The summaries and one trajectory to draw.

    Raises:
        ValueError: There is neither a Hamiltonian nor given trajectories; these, the initial states
            or the model's prediction have another shape or are not finite; a state is 0; time
            step or number of steps are out of range.
    """
    psi0 = _checked_states(psi0)
    check_arguments(POSITIVE, dt=dt)
    check_arguments(COUNT, n_steps=n_steps)
    predictors = _predictors(model, n_steps, training)
    times, n_sites = dt * np.arange(n_steps + 1), n_sites_of_dimension(psi0.shape[1])
    conserved = hamiltonian if isinstance(hamiltonian, PauliSum) else None
    metrics, drawn = metrics_of(conserved), list[np.ndarray]()
    starts = _checked_starts(psi0, given, len(times), is_known=hamiltonian is not None)

    def errors(rows: np.ndarray) -> list[np.ndarray]:
        """Returns every metric of every predictor."""
        values: list[np.ndarray] = []
        exact = rows if hamiltonian is None else evolve(hamiltonian, rows, times)
        for name, predict in predictors.items():
            predicted = predict(exact)
            _check_prediction(predicted, exact.shape, n_sites)
            by_metric = all_metrics(exact, predicted, conserved)
            values += [by_metric[metric] for metric in metrics]
            if not drawn and name == "model":
                # Copies, so that nothing else of this piece stays.
                drawn.extend((exact[0].copy(), predicted[0].copy()))
        return values

    size = min(LARGEST_PIECE, rows_at_once(ARRAYS_HELD * 16 * 2**n_sites * len(times)))
    with announced(f"evaluating n = {n_sites}", len(psi0)) as activity:
        values = in_pieces(errors, starts, size, advance=activity.advance)
    return Evaluation(n_sites, len(psi0), _summarize(values, list(predictors), metrics), *drawn)


def _summarize(
    values: Sequence[np.ndarray], names: Sequence[str], metrics: Collection[str]
) -> dict[str, dict[str, Summary]]:
    """Returns the summary of each metric of each predictor; values are ordered by predictor."""
    pairs = [(name, metric) for name in names for metric in metrics]
    summaries = {pair: Summary.of(array) for pair, array in zip(pairs, values, strict=True)}
    return {metric: {name: summaries[name, metric] for name in names} for metric in metrics}


def _checked_states(psi0: np.ndarray) -> np.ndarray:
    psi0 = checked_amplitudes("psi0", psi0)
    if psi0.ndim != 2 or not len(psi0):
        raise ValueError(
            "Argument `psi0` must be (n_sequences, 2**n) with at least one state, but has shape"
            f" {psi0.shape}."
        )
    return psi0


def _checked_starts(
    psi0: np.ndarray, given: np.ndarray | None, n_times: int, *, is_known: bool
) -> np.ndarray:
    """Returns what is handed on piece by piece: initial states, or trajectories that are exact."""
    if is_known == (given is not None):
        raise ValueError(
            "Arguments `hamiltonian` and `given` must be one Hamiltonian or given trajectories, but"
            f" {'are both' if is_known else 'neither is there'}."
        )
    if given is None:
        return psi0
    given, shape = checked_amplitudes("given", given), (len(psi0), n_times, psi0.shape[1])
    if given.shape != shape:
        raise ValueError(
            f"Argument `given` must have the shape {shape} of the predictions, but has"
            f" {given.shape}."
        )
    return given


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
