"""Means over time of a chain of any length, with the error bars of what was learned from shots.

Couplings and rates are drawn from the normal law of their covariance, each draw is followed in
time, and the band holds 95 % of the draws at each time.
"""

import csv
import io
import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from qtf.checks import ARGUMENT, COUNT, NOT_NEGATIVE, check
from qtf.measurements.experiments import Setting
from qtf.measurements.learned import LearnedParameters
from qtf.measurements.model import MAX_PURE_SITES
from qtf.measurements.outcomes import product_states
from qtf.measurements.result import ShotFit
from qtf.measurements.words import expand, operator_of
from qtf.physics import PauliSum, evolve
from qtf.physics._threads import one_thread
from qtf.physics.lindblad import MAX_LIOUVILLIAN_SITES

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from scipy.sparse import csr_array

OBSERVABLES = ("X", "Y", "Z", "XX", "YY", "ZZ")
# Share of the draws that is in the band.
BAND = 0.95
# Of states, far below what is drawn.
TOLERANCE = 1e-10
# Up to here diagonalisation is faster than steps.
SITES_TO_DIAGONALIZE = 6
# Lines of progress.
N_LINES = 5

Report = Callable[[str], None]
# Values of all parameters -> means (n_times, n_observables)
_Follow = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Prediction:
    """Means over time with their bands.

    Attributes:
        n_sites: Number of spins.
        preparation: Preparation at time 0 in words.
        times: Times, hbar = 1, (n_times,).
        observables: Words of the observables.
        values: Means by the parameters that were learned, (n_times, n_observables).
        errors: Standard deviations of the draws, (n_times, n_observables).
        low: Lower end of the band of 95 %, (n_times, n_observables).
        high: Its upper end, (n_times, n_observables).
        n_samples: Number of draws.
        explains_the_data: Whether the model that was learned explains its data; where it does not,
            the truth may lie outside of every band.
    """

    n_sites: int
    preparation: str
    times: np.ndarray
    observables: tuple[str, ...]
    values: np.ndarray
    errors: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n_samples: int
    explains_the_data: bool

    def __getitem__(self, observable: str) -> np.ndarray:
        """Returns value, low and high end of one observable at all times, (n_times, 3).

        Raises:
            ValueError: There is none of this name.
        """
        if observable not in self.observables:
            raise ValueError(
                f"Argument `observable` must be one of {', '.join(self.observables)}, but is"
                f" {observable!r}."
            )
        place = self.observables.index(observable)
        return np.stack([self.values[:, place], self.low[:, place], self.high[:, place]], axis=1)

    def lines(self) -> list[str]:
        """Returns the last time of each observable, for a terminal."""
        width = max(len("observable"), *map(len, self.observables))
        lines = [
            f"{self.n_sites} spins at time {self.times[-1]:g}, bands of {100 * BAND:.0f} %:",
            f"{'observable':{width}}  {'value':>9}  {'low':>9}  {'high':>9}",
        ]
        ends = zip(self.observables, self.values[-1], self.low[-1], self.high[-1], strict=True)
        lines += [f"{name:{width}}  {v:9.5f}  {a:9.5f}  {b:9.5f}" for name, v, a, b in ends]
        if not self.explains_the_data:
            lines.append(
                "The model does not explain the data it was learned from; bands hold what shots"
                " leave open, not that."
            )
        return lines

    def to_dict(self) -> dict[str, object]:
        """Returns all of it as JSON can hold it."""
        columns = {
            name: {
                "value": self.values[:, k].tolist(),
                "error": self.errors[:, k].tolist(),
                "low": self.low[:, k].tolist(),
                "high": self.high[:, k].tolist(),
            }
            for k, name in enumerate(self.observables)
        }
        return {
            "n_sites": self.n_sites,
            "preparation": self.preparation,
            "times": self.times.tolist(),
            "observables": columns,
            "band": BAND,
            "n_samples": self.n_samples,
            "explains_the_data": self.explains_the_data,
        }

    def csv_text(self) -> str:
        """Returns a row for each observable and time, under a header."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["observable", "time", "value", "error", "low", "high"])
        arrays = (self.values, self.errors, self.low, self.high)
        places = itertools.product(range(len(self.observables)), range(len(self.times)))
        for k, t in places:
            numbers = [float(array[t, k]) for array in arrays]
            writer.writerow([self.observables[k], float(self.times[t]), *numbers])
        return text.getvalue()

    def plot(self, *, exact: ArrayLike | None = None) -> "Figure":
        """Draws every observable over time with its band.

        Args:
            exact: True means where they are known, (n_times, n_observables).

        Raises:
            ValueError: They have another shape.
        """
        from qtf.measurements.figures import bands_figure

        true = None
        if exact is not None:
            array = np.asarray(exact, np.float64)
            if array.shape != self.values.shape:
                raise ValueError(
                    f"Argument `exact` must have the shape {self.values.shape}, but has"
                    f" {array.shape}."
                )
            true = dict(zip(self.observables, array.T, strict=True))
        return bands_figure(
            self.times,
            {name: self[name] for name in self.observables},
            exact=true,
            title=f"{self.n_sites} spins from {self.preparation}, learned from shots",
        )


def predict_means(
    learned: ShotFit | LearnedParameters,
    n_sites: int,
    times: ArrayLike,
    *,
    preparation: str = "+z",
    observables: Iterable[str] = OBSERVABLES,
    n_samples: int = 200,
    seed: int = 0,
    report: Report | None = None,
) -> Prediction:
    """Predicts means over time of a chain, with the error bars of what was learned from shots.

    Errors of preparation and readout are left aside: these are means of the spins themselves.

    Args:
        learned: A fit, or what the file of its result says.
        n_sites: Number of spins, at most 16, with rates of jumps 8. Where sites differ it must be
            that of the chain that was measured.
        times: Times, hbar = 1, (n_times,).
        preparation: One word for all sites, or one for each, see `Setting`.
        observables: Pauli strings along the chain: "ZZ" is the mean over all neighbours, "Z@2" is
            that of site 2, "Z@each" of every site, "ZIZ" of second neighbours.
        n_samples: Number of draws of the parameters.
        seed: Seed of the draws.
        report: Takes lines of progress.

    Returns:
        Values with bands.

    Raises:
        ValueError: An argument is not allowed, a parameter is not told by the data, or the chain is
            not one that was learned.

    Example:
        >>> from qtf.measurements import LearnedParameters
        >>> learned = LearnedParameters(2, ("X",), np.array([0.5]), np.array([[1e-4]]))
        >>> prediction = predict_means(learned, 3, [0.0, 1.0], observables=["Z"])
        >>> value, low, high = prediction["Z"][1]
        >>> bool(low < np.cos(2 * 0.5) < high), round(float(value), 3)
        (True, 0.54)
    """
    if isinstance(learned, ShotFit):
        learned = LearnedParameters.of_fit(learned)
    moments = np.atleast_1d(np.asarray(times, np.float64))
    for time in moments.tolist():
        check("times", time, NOT_NEGATIVE, kind=ARGUMENT)
    _check_size(learned, n_sites)
    words = expand(observables, n_sites)
    if not words:
        raise ValueError("Argument `observables` must hold at least one word, but is empty.")
    start = Setting(preparation, 0.0, "Z" * n_sites, 1)
    operators = [_mean_of(word, n_sites) for word in words]
    follow = partial(_follow, learned, n_sites, start, moments, operators)
    drawn = learned.draw(n_samples, seed=seed)
    with one_thread(1):
        values = follow(learned.values)
        samples = np.array(list(_follow_all(follow, drawn, report or (lambda line: None))))
    tail = (1 - BAND) / 2
    low, high = np.quantile(samples, [tail, 1 - tail], axis=0)
    return Prediction(
        n_sites=n_sites,
        preparation=start.words if len(set(start.words.split())) > 1 else start.words.split()[0],
        times=moments,
        observables=words,
        values=values,
        errors=samples.std(axis=0),
        # Few draws or rounding must not leave the value itself outside.
        low=np.minimum(low, values),
        high=np.maximum(high, values),
        n_samples=n_samples,
        explains_the_data=learned.explains_the_data,
    )


def exact_means(
    hamiltonian: PauliSum, times: ArrayLike, *, preparation: str, observables: Sequence[str]
) -> np.ndarray:
    """Returns means over time under a Hamiltonian that is known, to lay beside a prediction.

    Args:
        hamiltonian: H, hbar = 1, at most 16 spins.
        times: Times, (n_times,).
        preparation: As of `predict_means`.
        observables: Words, without "@each".

    Returns:
        float64 (n_times, n_observables).

    Example:
        >>> from qtf.physics import Chain, ising
        >>> field = ising(Chain(2), coupling=0.0, transverse_field=-0.5, longitudinal_field=0.0)
        >>> exact_means(field, [1.0], preparation="+z", observables=["Z"]).round(3)
        array([[0.54]])
    """
    n_sites = hamiltonian.n_sites
    start = Setting(preparation, 0.0, "Z" * n_sites, 1)
    operators = [_mean_of(word, n_sites) for word in observables]
    return _pure_means(hamiltonian, start, np.asarray(times, np.float64), operators)


def _check_size(learned: LearnedParameters, n_sites: int) -> None:
    check("n_sites", n_sites, COUNT, kind=ARGUMENT)
    most = MAX_LIOUVILLIAN_SITES if learned.rates else MAX_PURE_SITES
    if n_sites > most:
        kind = "with" if learned.rates else "without"
        raise ValueError(
            f"Argument `n_sites` must be, {kind} rates of jumps, at most {most}, but is {n_sites}."
        )
    learned.check_sites(n_sites)


def _mean_of(word: str, n_sites: int) -> "csr_array":
    """Returns the mean of the Pauli strings that a word stands for, (2**n, 2**n)."""
    operator = operator_of(word, n_sites, argument="observables")
    return (operator * (1 / len(operator.terms))).to_sparse()


def _follow(
    learned: LearnedParameters,
    n_sites: int,
    start: Setting,
    times: np.ndarray,
    operators: Sequence["csr_array"],
    values: np.ndarray,
) -> np.ndarray:
    """Returns the means by some values of the parameters, (n_times, n_observables)."""
    if not learned.rates:
        return _pure_means(learned.hamiltonian(n_sites, values), start, times, operators)
    psi = product_states(np.array([start.preparation]))[:, 0]
    rho = learned.lindbladian(n_sites, values).evolve(
        np.outer(psi, psi.conj()), times, tolerance=TOLERANCE
    )
    flat = rho.reshape(len(times), -1)
    # tr(A rho) is the sum of A_jk rho_kj.
    rows = [operator.T.reshape((1, -1)) for operator in operators]
    return np.stack([(row @ flat.T)[0].real for row in rows], axis=1)


def _pure_means(
    hamiltonian: PauliSum, start: Setting, times: np.ndarray, operators: Sequence["csr_array"]
) -> np.ndarray:
    psi = product_states(np.array([start.preparation]))[:, 0]
    method = "auto" if hamiltonian.n_sites <= SITES_TO_DIAGONALIZE else "chebyshev"
    states = evolve(hamiltonian, psi, times, method=method, tolerance=TOLERANCE).T
    return np.stack(
        [np.einsum("xt,xt->t", states.conj(), op @ states).real for op in operators],
        axis=1,
    )


def _follow_all(follow: _Follow, drawn: np.ndarray, say: Report) -> Iterable[np.ndarray]:
    several = max(1, len(drawn) // N_LINES)
    for number, values in enumerate(drawn, 1):
        yield follow(values)
        if number % several == 0:
            say(f"{number} of {len(drawn)} draws")
