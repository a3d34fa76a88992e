"""How far predicted trajectories are from exact ones."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import rel_entr
from scipy.stats import t

from qtf.dynamics.state_checks import checked_amplitudes
from qtf.physics import PauliSum, energy, fidelity, magnetization
from qtf.typing import Array


@dataclass(frozen=True)
class Metric:
    """What a prediction is judged by.

    Attributes:
        measure: Computes it from exact and predicted amplitudes, (n_sequences, n_times, 2**n)
            both, and the Hamiltonian of the evolution, or None: (n_sequences, n_times).
        title: Name in reports.
        explanation: A sentence below its figure.
        label: Label of an axis, with the unit, where it is not the title.
        best: Value of a perfect prediction; what it falls short of 1 is drawn.
        needs_energy: Whether there is no such error where the energy is not conserved.
    """

    measure: Callable[[Array, Array, PauliSum | None], Array]
    title: str
    explanation: str
    label: str = ""
    best: float = 0.0
    needs_energy: bool = False


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

    Source: zhang2020, eqs. (4)-(7).
    """
    exact, predicted = _checked_pair(exact, predicted)
    return rel_entr(_distribution(exact), _distribution(predicted)).sum(axis=-1)


def mean_squared_error(exact: Array, predicted: Array, hamiltonian: PauliSum | None) -> Array:
    """Returns sum_x |d_x|^2 / (2 * 2**n), d = predicted - exact.

    It is the mean over components and over real and imaginary parts, and sees the global phase.
    """
    return np.square(np.abs(predicted - exact)).mean(axis=-1) / 2


def amplitude_error(exact: Array, predicted: Array, hamiltonian: PauliSum | None) -> Array:
    """Returns max_x |d_x|, d = predicted - exact; it sees the global phase."""
    return np.abs(predicted - exact).max(axis=-1)


def norm_error(exact: Array, predicted: Array, hamiltonian: PauliSum | None) -> Array:
    """Returns | |predicted| - |exact| |."""
    return np.abs(np.linalg.norm(predicted, axis=-1) - np.linalg.norm(exact, axis=-1))


def energy_drift(exact: Array, predicted: Array, hamiltonian: PauliSum | None) -> Array:
    """Returns |<H>(t) - <H>(0)| of the normalised prediction, with the exact energy at time 0."""
    if hamiltonian is None:
        raise ValueError(
            "Argument `hamiltonian` must be a PauliSum for `energy_drift`, but is None."
        )
    return np.abs(energy(hamiltonian, predicted) - energy(hamiltonian, exact[:, :1]))


def magnetization_error(exact: Array, predicted: Array, hamiltonian: PauliSum | None) -> Array:
    """Returns the error of the mean z magnetisation of the normalised states."""
    return np.abs(magnetization(predicted, axis="z") - magnetization(exact, axis="z"))


METRICS = {
    "mean_relative_entropy": Metric(
        lambda exact, predicted, hamiltonian: relative_entropy(exact, predicted),
        "Mean relative entropy (MRE)",
        "Relative entropy of the normalised absolute amplitudes; blind to phases and norm. Bands:"
        " 95 % confidence of the mean.",
        label="MRE",
    ),
    "fidelity": Metric(
        lambda exact, predicted, hamiltonian: fidelity(exact, predicted),
        "Fidelity",
        "Squared overlap of the normalised states, drawn as 1 - fidelity.",
        label="1 - fidelity",
        best=1.0,
    ),
    "mean_squared_error": Metric(
        mean_squared_error,
        "Mean squared error",
        "Of the rollout: mean over all components, real and imaginary parts.",
    ),
    "amplitude_error": Metric(
        amplitude_error,
        "Largest error of an amplitude",
        "Largest absolute difference of an amplitude, global phase included.",
        label="Error of an amplitude",
    ),
    "norm_error": Metric(
        norm_error, "Error of the norm", "Difference between predicted and exact norm."
    ),
    "energy_drift": Metric(
        energy_drift,
        "Energy drift",
        "Difference between the energy of the normalised prediction and the exact initial energy.",
        label="Energy drift [J]",
        needs_energy=True,
    ),
    "magnetization_error": Metric(
        magnetization_error,
        "Error of the magnetisation",
        "Difference of the mean z magnetisation of the normalised states.",
        label="Error of <Z> a site",
    ),
}


def metrics_of(hamiltonian: PauliSum | None) -> dict[str, Metric]:
    """Returns the metrics that there are where the energy is conserved or, without it, is not.

    Args:
        hamiltonian: Constant Hamiltonian of the evolution, or None.
    """
    return {
        name: metric
        for name, metric in METRICS.items()
        if hamiltonian is not None or not metric.needs_energy
    }


def all_metrics(exact: Array, predicted: Array, hamiltonian: PauliSum | None) -> dict[str, Array]:
    """Returns every metric of `metrics_of` for every sequence and time step.

    Energy and magnetisation are those of the normalised states, so that an error of the norm is
    counted once. Squared, amplitude and norm error are those of the states as they are: exact
    states of norm 2 have twice the errors.

    Args:
        exact: Amplitudes, (n_sequences, n_times, 2**n).
        predicted: Amplitudes of the same shape.
        hamiltonian: Hamiltonian of the evolution, or None if there is none that is constant.

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
    metrics = metrics_of(hamiltonian)
    return {name: metric.measure(exact, predicted, hamiltonian) for name, metric in metrics.items()}


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
