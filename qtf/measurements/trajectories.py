"""Shots of noisy systems that are too large for density matrices: one quantum trajectory each.

A shot is the measurement of a pure state that jumps at random. Its bits have exactly the
probabilities of the density matrix, and shots are independent, since no two share a trajectory.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from qtf.measurements.experiments import Setting
from qtf.measurements.model import MAX_OPEN_SITES, MAX_PURE_SITES, Predicted, ShotModel
from qtf.measurements.outcomes import (
    ROUNDED,
    flips_of,
    probabilities_of_states,
    product_states,
)
from qtf.physics import JumpOperator, Lindbladian, PauliSum, TrajectorySampler
from qtf.pieces import rows_at_once
from qtf.streams import Stream


@dataclass(frozen=True)
class TrajectoryModel(ShotModel):
    """A model of shots with jumps on up to 16 spins, which is simulated but not fitted.

    Its arguments and parameters are those of `ShotModel`.

    Example:
        >>> from qtf.measurements import Setting, simulate_shots
        >>> model = TrajectoryModel.of_words(8, terms=["ZZ", "X"], jumps=["decay"])
        >>> shots = simulate_shots(model, [1.0, 0.5, 0.1], [Setting("+z", 0.2, "Z" * 8, 5)], seed=0)
        >>> shots.shots
        5
    """

    @property
    def _most_sites(self) -> int:
        return MAX_PURE_SITES

    def predict(
        self, parameters: np.ndarray, settings: Sequence[Setting], free: Sequence[int] | None = None
    ) -> Iterator[Predicted]:
        """Returns probabilities as `ShotModel.predict` does, of few sites.

        Raises:
            ValueError: Density matrices are too large.
        """
        if self.n_sites > MAX_OPEN_SITES:
            raise ValueError(
                f"Argument `model` must have at most {MAX_OPEN_SITES} sites where probabilities are"
                f" asked for, but has {self.n_sites}: shots of it are only simulated."
            )
        return super().predict(parameters, settings, free)


class TrajectoryShots:
    """Draws shots of a model, each on a trajectory of its own.

    Args:
        model: The model.
        parameters: Its parameters, (size,).
        seed: Non-negative integer.
    """

    def __init__(self, model: ShotModel, parameters: np.ndarray, *, seed: int) -> None:
        self._n_sites, self._seed = model.n_sites, seed
        self._sampler = TrajectorySampler(_lindbladian(model, parameters))
        self._flips = flips_of(model.readout_errors(parameters), model.n_sites)

    def draw(self, setting: Setting, number: int, *, first: int = 0) -> dict[str, int]:
        """Returns the counts of the shots of a setting.

        Args:
            setting: The setting.
            number: Its number among all; shots of different ones are independent.
            first: Number of its first shot, each of which has random numbers of its own.
        """
        key = (self._seed, Stream.SHOT_TRAJECTORIES, number)
        streams = [
            np.random.default_rng((*key, shot)) for shot in range(first, first + setting.shots)
        ]
        psi0 = product_states(np.array([setting.preparation]))[:, 0]
        counts: Counter[str] = Counter()
        for places, states in self._sampler.draw(psi0, setting.time, streams):
            several = rows_at_once(8 * 16 * states.shape[1], budget=1 << 27)
            for begin in range(0, len(places), several):
                some = slice(begin, begin + several)
                chosen = [streams[place] for place in places[some]]
                counts.update(
                    self._measure(states if len(states) == 1 else states[some], chosen, setting)
                )
        return dict(sorted(counts.items()))

    def _measure(
        self, states: np.ndarray, streams: Sequence[np.random.Generator], setting: Setting
    ) -> list[str]:
        """Returns the bits that are read of states, or of one state again and again."""
        bases = [setting.basis] * len(states)
        probabilities = probabilities_of_states(states[:, None], bases)[:, 0]
        cumulated = np.cumsum(np.round(probabilities, ROUNDED), axis=1)
        draws = np.array([stream.random(1 + self._n_sites) for stream in streams])
        if len(states) == 1:
            rows = np.searchsorted(cumulated[0], draws[:, 0] * cumulated[0, -1], side="right")
        else:
            rows = (cumulated <= draws[:, :1] * cumulated[:, -1:]).sum(axis=1)
        rows = np.minimum(rows, cumulated.shape[1] - 1)
        bits = rows[:, None] >> np.arange(self._n_sites)[::-1] & 1
        read = bits ^ (draws[:, 1:] < self._flips[bits, np.arange(self._n_sites)])
        return ["".join(map(str, row)) for row in read.tolist()]


def _lindbladian(model: ShotModel, parameters: np.ndarray) -> Lindbladian:
    """Returns the equation of a model with its parameters."""
    n_terms = len(model.terms)
    hamiltonian = PauliSum(model.n_sites, [])
    for value, term in zip(parameters.tolist(), model.terms.values(), strict=False):
        hamiltonian = hamiltonian + value * term
    rates = zip(parameters[n_terms:].tolist(), model.jumps.values(), strict=False)
    jumps = [
        JumpOperator(jump.site, jump.matrix, rate * jump.rate) for rate, of in rates for jump in of
    ]
    return Lindbladian(hamiltonian.simplify(), jumps)
