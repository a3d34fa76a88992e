"""What shots are explained by: a Hamiltonian with unknown coefficients, jumps, readout errors."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
from scipy.sparse import csr_array

from qtf.measurements.evolution import LinearEquation
from qtf.measurements.experiments import Angles, Setting
from qtf.measurements.outcomes import (
    READOUT,
    probabilities_of_means,
    probabilities_of_states,
    product_means,
    product_states,
    read_out,
)
from qtf.measurements.pauli_vectors import jump_part, unitary_part
from qtf.measurements.words import JUMPS, expand, operator_of, sites_of
from qtf.physics import JUMP_MATRICES, JumpOperator, PauliSum
from qtf.pieces import rows_at_once

MAX_PURE_SITES = 16
MAX_OPEN_SITES = 7
# Above it 0 and 1 would be confused.
LARGEST_ERROR = 0.5


class Predicted(NamedTuple):
    """Probabilities of some settings.

    Attributes:
        rows: Their places, (S,).
        values: Probabilities of all bit strings, then derivatives, (S, 1 + K, 2**n).
    """

    rows: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class ShotModel:
    """A model of shots whose parameters are coefficients, rates and readout errors.

        rho' = -i [H, rho] + sum_k rate_k sum_j (G_kj rho G_kj^+ - {G_kj^+ G_kj, rho} / 2)
        H = sum_k c_k H_k                                                    hbar = 1

    A bit 0 is read as 1 with probability e01, and 1 as 0 with e10.

    Args:
        n_sites: Number of spins, at most 16, with jumps 7.
        terms: Name -> H_k.
        jumps: Name -> jumps, whose rates are multiplied by the rate that is learned.
        readout: Name -> kind of the error, "e01" or "e10", and its sites.

    Raises:
        ValueError: There are too many sites, no parameters, or two have one name.

    Example:
        >>> model = ShotModel.of_words(3, terms=["XX", "Z@each"], jumps=["decay"])
        >>> model.names
        ('XX', 'Z@1', 'Z@2', 'Z@3', 'decay')
    """

    n_sites: int
    terms: Mapping[str, PauliSum]
    jumps: Mapping[str, tuple[JumpOperator, ...]]
    readout: Mapping[str, tuple[str, range]]

    def __post_init__(self) -> None:
        most = self._most_sites
        if not 1 <= self.n_sites <= most:
            jumps = "with" if self.jumps else "without"
            raise ValueError(
                f"Argument `n_sites` must be at least 1 and, {jumps} jumps, at most {most}, but is"
                f" {self.n_sites}."
            )
        if not self.names:
            raise ValueError("Argument `terms` must hold at least one term, but is empty.")

    @classmethod
    def of_words(
        cls,
        n_sites: int,
        *,
        terms: Iterable[str] = (),
        jumps: Iterable[str] = (),
        readout: Iterable[str] = (),
    ) -> Self:
        """Returns the model that some words name, see `qtf.measurements.words`.

        Args:
            n_sites: Number of spins.
            terms: Pauli strings along the chain, such as "ZZ", "X@each" or "Y@2".
            jumps: Kinds of jumps, "decay", "pump" and "dephasing", or "decay@each".
            readout: Errors of readout, "e01" and "e10", or "e01@each".

        Raises:
            ValueError: A word is not known, or stands twice.
        """
        words = [expand(of_kind, n_sites) for of_kind in (terms, jumps, readout)]
        for of_kind in words:
            for word in of_kind:
                if of_kind.count(word) > 1:
                    raise ValueError(
                        f"Argument `terms` must name `{word}` once, but does so twice."
                    )
        return cls(
            n_sites,
            {word: operator_of(word, n_sites) for word in words[0]},
            {word: _jumps_of(word, n_sites) for word in words[1]},
            {word: sites_of(word, n_sites, READOUT, "readout") for word in words[2]},
        )

    @property
    def _most_sites(self) -> int:
        return MAX_OPEN_SITES if self.jumps else MAX_PURE_SITES

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters: coefficients, rates, readout errors."""
        return (*self.terms, *self.jumps, *self.readout)

    @property
    def size(self) -> int:
        """Number of parameters."""
        return len(self.names)

    @cached_property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Smallest and largest value of each parameter, each (size,)."""
        n_terms, n_jumps, n_errors = len(self.terms), len(self.jumps), len(self.readout)
        least = [-np.inf] * n_terms + [0.0] * (n_jumps + n_errors)
        most = [np.inf] * (n_terms + n_jumps) + [LARGEST_ERROR] * n_errors
        return np.array(least), np.array(most)

    def predict(
        self, parameters: np.ndarray, settings: Sequence[Setting], free: Sequence[int] | None = None
    ) -> Iterator[Predicted]:
        """Yields the probabilities of all bit strings, and exact derivatives.

        Args:
            parameters: Values in the order of `names`, (size,).
            settings: Settings of as many sites.
            free: Places of the parameters that derivatives are taken in, ascending; None: none.

        Yields:
            Settings in pieces, each setting once.
        """
        free = [] if free is None else list(free)
        n_moving = len(self.terms) + len(self.jumps)
        equation = self._equation(parameters, [k for k in free if k < n_moving])
        errors = [
            (*self.readout[name], float(parameters[n_moving + k]))
            for k, name in enumerate(self.readout)
        ]
        free_errors = [k - n_moving for k in free if k >= n_moving]
        for piece in self._states(equation, settings):
            values = piece.values
            if errors:
                values = read_out(values, errors, free_errors)
            yield Predicted(piece.rows, values)

    def _states(self, equation: LinearEquation, settings: Sequence[Setting]) -> Iterator[Predicted]:
        """Yields probabilities before the readout."""
        n_both = 1 + len(equation.parts)
        several = rows_at_once(4 * 16 * equation.dimension * n_both)
        starts = list(dict.fromkeys(setting.preparation for setting in settings))
        for first in range(0, len(starts), several):
            places = {start: k for k, start in enumerate(starts[first : first + several])}
            rows = [row for row, one in enumerate(settings) if one.preparation in places]
            times = sorted({settings[row].time for row in rows})
            angles = np.array(list(places))
            make = product_means if self.jumps else product_states
            for time, states in zip(times, equation.follow(make(angles), times), strict=True):
                chosen = [row for row in rows if settings[row].time == time]
                yield from self._measured(states, chosen, settings, places)

    def _measured(
        self,
        states: np.ndarray,
        rows: Sequence[int],
        settings: Sequence[Setting],
        places: Mapping[tuple[Angles, ...], int],
    ) -> Iterator[Predicted]:
        """Yields probabilities of settings at one time, in pieces."""
        turned = np.moveaxis(states, 2, 0).swapaxes(1, 2)
        measure = probabilities_of_means if self.jumps else probabilities_of_states
        # Amplitudes before and after, their squares, and what the readout makes of them.
        several = rows_at_once(6 * 16 * 2**self.n_sites * states.shape[1], budget=1 << 25)
        for first in range(0, len(rows), several):
            some = rows[first : first + several]
            bases = [settings[row].basis for row in some]
            if len(turned) > 1:
                chosen = turned[[places[settings[row].preparation] for row in some]]
            else:
                chosen = turned
            yield Predicted(np.array(some), measure(chosen, bases))

    def _equation(self, parameters: np.ndarray, free: Sequence[int]) -> LinearEquation:
        parts = self._parts
        total = csr_array(parts[0].shape, dtype=parts[0].dtype)
        for value, part in zip(parameters, parts, strict=False):
            total = total + float(value) * part
        return LinearEquation(csr_array(total), [parts[k] for k in free], is_unitary=not self.jumps)

    @cached_property
    def _parts(self) -> list[csr_array]:
        """What each coefficient and each rate multiplies; 0 if there is none."""
        if not self.jumps:
            parts = [csr_array(-1j * term.to_sparse()) for term in self.terms.values()]
            return parts or [csr_array((2**self.n_sites,) * 2, dtype=np.complex128)]
        return [
            *(unitary_part(term) for term in self.terms.values()),
            *(jump_part(self.n_sites, jumps) for jumps in self.jumps.values()),
        ]


def _jumps_of(word: str, n_sites: int) -> tuple[JumpOperator, ...]:
    kind, sites = sites_of(word, n_sites, JUMPS, "jumps")
    return tuple(JumpOperator(site, JUMP_MATRICES[kind], 1.0) for site in sites)
