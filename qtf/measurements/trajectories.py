"""Shots of noisy systems that are too large for density matrices: one quantum trajectory each.

A shot is the measurement of a pure state that jumps at random. Its bits have exactly the
probabilities of the density matrix, and shots are independent, since no two share a trajectory. A
site that is depolarised with a share p is prepared in the opposite direction in p / 2 of all shots.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from qtf.measurements.experiments import Angles, Setting
from qtf.measurements.model import MAX_OPEN_SITES, MAX_PURE_SITES, Predicted, ShotModel
from qtf.measurements.outcomes import (
    ROUNDED,
    flips_of,
    probabilities_of_states,
    product_states,
    shares_of,
)
from qtf.physics import (
    DrivenHamiltonian,
    DrivenLindbladian,
    DrivenTrajectorySampler,
    JumpOperator,
    Lindbladian,
    TrajectorySampler,
)
from qtf.pieces import rows_at_once
from qtf.streams import Stream

# Each has a generator of random numbers.
SHOTS_AT_ONCE = 1000


@dataclass(frozen=True)
class TrajectoryModel(ShotModel):
    """A model of noisy shots on up to 16 spins, which is simulated but not fitted.

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
        self._sampler = _sampler(model, parameters)
        self._opposite = shares_of(model.shares(parameters), model.n_sites) / 2
        self._flips = flips_of(model.readout_errors(parameters), model.n_sites)

    def draw(self, setting: Setting, number: int, *, first: int = 0) -> dict[str, int]:
        """Returns the counts of the shots of a setting.

        Args:
            setting: The setting.
            number: Its number among all; shots of different ones are independent.
            first: Number of its first shot, each of which has random numbers of its own.
        """
        key = (self._seed, Stream.SHOT_TRAJECTORIES, number)
        counts: Counter[str] = Counter()
        shots = range(first, first + setting.shots)
        for begin in range(0, len(shots), SHOTS_AT_ONCE):
            some = shots[begin : begin + SHOTS_AT_ONCE]
            counts.update(self._draw(setting, [np.random.default_rng((*key, k)) for k in some]))
        return dict(sorted(counts.items()))

    def _draw(self, setting: Setting, streams: Sequence[np.random.Generator]) -> Iterator[str]:
        """Yields the bits of one shot for each stream."""
        for opposite, some in self._prepare(streams).items():
            psi0 = product_states(_turned(setting.preparation, opposite)[None])[:, 0]
            for places, states in self._sampler.draw(psi0, setting.time, some):
                yield from self._measure(states, [some[place] for place in places], setting)

    def _prepare(
        self, streams: Sequence[np.random.Generator]
    ) -> dict[tuple[bool, ...], list[np.random.Generator]]:
        """Returns which sites begin in the opposite direction -> the shots of which they do."""
        if not self._opposite.any():
            return {(False,) * self._n_sites: list(streams)}
        groups: dict[tuple[bool, ...], list[np.random.Generator]] = {}
        for stream in streams:
            opposite = tuple((stream.random(self._n_sites) < self._opposite).tolist())
            groups.setdefault(opposite, []).append(stream)
        return groups

    def _measure(
        self, states: np.ndarray, streams: Sequence[np.random.Generator], setting: Setting
    ) -> list[str]:
        """Returns the bits that are read of states, or of one state again and again."""
        several = rows_at_once(6 * 16 * states.shape[1], budget=1 << 25)
        pieces = [states[first : first + several] for first in range(0, len(states), several)]
        probabilities = np.concatenate(
            [
                probabilities_of_states(piece[:, None], [setting.basis] * len(piece))[:, 0]
                for piece in pieces
            ]
        )
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


def _turned(preparation: Sequence[Angles], opposite: Sequence[bool]) -> np.ndarray:
    """Returns Bloch angles with some sites in the opposite direction, (n_sites, 2)."""
    angles = np.array(preparation)
    rows = np.flatnonzero(opposite)
    angles[rows, 0] = np.pi - angles[rows, 0]
    angles[rows, 1] += np.pi
    return angles


def _sampler(
    model: ShotModel, parameters: np.ndarray
) -> TrajectorySampler | DrivenTrajectorySampler:
    """Returns what draws the states of a model with its parameters."""
    rates = zip(parameters[len(model.terms) :].tolist(), model.jumps.values(), strict=False)
    jumps = [
        JumpOperator(jump.site, jump.matrix, rate * jump.rate) for rate, of in rates for jump in of
    ]
    hamiltonian = model.hamiltonian(parameters)
    if isinstance(hamiltonian, DrivenHamiltonian):
        return DrivenTrajectorySampler(DrivenLindbladian(hamiltonian, jumps))
    return TrajectorySampler(Lindbladian(hamiltonian, jumps))
