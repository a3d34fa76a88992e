"""How far predicted trajectories are from exact ones."""

from dataclasses import dataclass

import numpy as np
from scipy.special import rel_entr
from scipy.stats import t

from qtf.dynamics.state_checks import checked_amplitudes
from qtf.physics import PauliSum, energy, fidelity, magnetization

METRICS = (
    "mean_relative_entropy",
    "fidelity",
    "mean_squared_error",
    "amplitude_error",
    "norm_error",
    "energy_drift",
    "magnetization_error",
)


@dataclass(frozen=True)
class Summary:
    """A metric over the test sequences, at every time step.

    Attributes:
        mean: Mean over sequences, (n_times,).
        low: Lower end of the 95 % confidence interval of the mean, (n_times,).
        high: Upper end, (n_times,).
        median: Median over sequences, (n_times,).
    """

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    median: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> "Summary":
        """Summarises values of shape (n_sequences, n_times).

        The interval is Student's, mean +- t s / sqrt(n_sequences) with s the standard
        deviation and t the quantile 0.975 for n_sequences - 1 degrees of freedom.

        Raises:
            ValueError: There is no sequence, or the values have another shape.

        Example:
            >>> summary = Summary.of(np.array([[1.0], [2.0], [3.0]]))
            >>> summary.mean, summary.low.round(3), summary.high.round(3)
            (array([2.]), array([-0.484]), array([4.484]))
        """
        if np.ndim(values) != 2 or not len(values):
            raise ValueError(
                "Argument `values` must be (n_sequences, n_times) with at least one sequence, but"
                f" has shape {np.shape(values)}."
            )
        mean = values.mean(axis=0)
        n_sequences = len(values)
        if n_sequences > 1:
            # Of values that are infinite the deviation is NaN, as it should be.
            with np.errstate(invalid="ignore"):
                deviation = values.std(axis=0, ddof=1)
            half = t.ppf(0.975, n_sequences - 1) * deviation / np.sqrt(n_sequences)
        else:
            half = np.full_like(mean, np.nan)
        return cls(mean, mean - half, mean + half, np.median(values, axis=0))


def relative_entropy(exact: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Relative entropy of the normalised absolute amplitudes.

        D = sum_x P_x log(P_x / Q_x),  P_x = |psi_x| / sum_y |psi_y|

    with P from the exact and Q from the predicted state. It sees neither phases nor
    norms, and P is not the probability |psi_x|^2.

    Args:
        exact: Amplitudes, (..., 2**n).
        predicted: Amplitudes of the same shape.

    Returns:
        Relative entropies in nats, (...). Their mean over sequences is the mean
        relative entropy (MRE).

    Raises:
        ValueError: The shapes differ, amplitudes are not finite, or a state is 0.

    Example:
        >>> float(relative_entropy(np.array([0.6, 0.8]), np.array([0.6j, -0.8])))
        0.0

    Source: the transferable-dynamics preprint, eqs. (4)-(7).
    """
    exact, predicted = _checked_pair(exact, predicted)
    return rel_entr(_distribution(exact), _distribution(predicted)).sum(axis=-1)


def all_metrics(
    exact: np.ndarray, predicted: np.ndarray, hamiltonian: PauliSum
) -> dict[str, np.ndarray]:
    """Every metric of `METRICS` for every sequence and time step.

    With d = predicted - exact, the mean squared error is `sum_x |d_x|^2 / (2 * 2**n)`, the
    mean over components and over real and imaginary parts, and the amplitude error is
    `max_x |d_x|`; these two see the global phase.

    Energy and magnetisation are those of the normalised states, so that an error of the
    norm is counted once, as `norm_error = | |predicted| - |exact| |`. Squared, amplitude and norm
    error are those of the states as they are: exact states of norm 2 have twice the errors.

    Args:
        exact: Amplitudes, (n_sequences, n_times, 2**n).
        predicted: Amplitudes of the same shape.
        hamiltonian: Of the evolution; `energy_drift` is |<H>(t) - <H>(0)| with the exact
            energy at time 0.

    Returns:
        Arrays (n_sequences, n_times) by name.

    Raises:
        ValueError: The shapes differ or do not fit the Hamiltonian, amplitudes are not finite,
            or a state is 0.
    """
    exact, predicted = _checked_pair(exact, predicted)
    if exact.ndim != 3:
        raise ValueError(
            f"Argument `exact` must be (n_sequences, n_times, 2**n), but has shape {exact.shape}."
        )
    start = energy(hamiltonian, exact[:, :1])
    difference = magnetization(predicted, axis="z") - magnetization(exact, axis="z")
    distances = np.abs(predicted - exact)
    return {
        "mean_relative_entropy": relative_entropy(exact, predicted),
        "fidelity": fidelity(exact, predicted),
        "mean_squared_error": np.square(distances).mean(axis=-1) / 2,
        "amplitude_error": distances.max(axis=-1),
        "norm_error": np.abs(_norm(predicted) - _norm(exact)),
        "energy_drift": np.abs(energy(hamiltonian, predicted) - start),
        "magnetization_error": np.abs(difference),
    }


def _checked_pair(exact: np.ndarray, predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    exact = checked_amplitudes("exact", exact)
    predicted = checked_amplitudes("predicted", predicted)
    if predicted.shape != exact.shape:
        raise ValueError(
            f"Argument `predicted` must have the shape of `exact`, {exact.shape}, but has"
            f" {predicted.shape}."
        )
    return exact, predicted


def _distribution(psi: np.ndarray) -> np.ndarray:
    weights = np.abs(psi)
    return weights / weights.sum(axis=-1, keepdims=True)


def _norm(psi: np.ndarray) -> np.ndarray:
    return np.linalg.norm(psi, axis=-1)
