"""What shots are explained by: a Hamiltonian with unknown coefficients, jumps, errors."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, Self, cast

import numpy as np
from scipy.sparse import csr_array

from qtf.measurements.driven_equation import DrivenEquation, Shapes
from qtf.measurements.evolution import LinearEquation
from qtf.measurements.experiments import Angles, Setting
from qtf.measurements.outcomes import (
    probabilities_of_means,
    probabilities_of_states,
    product_means,
    product_states,
    read_out,
)
from qtf.measurements.pauli_vectors import jump_part, unitary_part
from qtf.measurements.words import (
    JUMPS,
    PREPARATION_ERRORS,
    READOUT,
    TIMES,
    expand,
    local_words,
    operator_of,
    shape_and_term,
    shaped_words,
    sites_of,
)
from qtf.physics import JUMP_MATRICES, DrivenHamiltonian, JumpOperator, PauliSum
from qtf.physics.driven import Coefficient
from qtf.pieces import rows_at_once

MAX_PURE_SITES = 16
MAX_OPEN_SITES = 7
# Above it 0 and 1 would be confused.
LARGEST_ERROR = 0.5
# All of a state is lost.
LARGEST_SHARE = 1.0


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
    """A model of shots whose parameters are coefficients, rates and errors.

        rho' = -i [H, rho] + sum_k rate_k sum_j (G_kj rho G_kj^+ - {G_kj^+ G_kj, rho} / 2)
        H = sum_k c_k f_k(t) H_k                                             hbar = 1

    A bit 0 is read as 1 with probability e01, and 1 as 0 with e10. The state that a site is
    prepared in may be replaced, with a share that is a parameter, by the maximally mixed one. The
    f_k are 1, but for terms whose names begin with that of a shape, "pulse*X".

    Args:
        n_sites: Number of spins, at most 16, with jumps or errors of the preparation 7.
        terms: Name -> H_k.
        jumps: Name -> jumps, whose rates are multiplied by the rate that is learned.
        readout: Name -> kind of the error, "e01" or "e10", and its sites.
        preparation_errors: Name -> sites that are depolarised; shares of one site add up.
        shapes: Name -> function of the time; one that jumps or has a kink is a `SampledFunction`.

    Raises:
        ValueError: There are too many sites, no parameters, two have one name, or a shape that a
            term names is not there.

    Example:
        >>> model = ShotModel.of_words(3, terms=["XX", "Z@each"], jumps=["decay"])
        >>> model.names
        ('XX', 'Z@1', 'Z@2', 'Z@3', 'decay')
    """

    n_sites: int
    terms: Mapping[str, PauliSum]
    jumps: Mapping[str, tuple[JumpOperator, ...]]
    readout: Mapping[str, tuple[str, range]]
    preparation_errors: Mapping[str, range] = field(default_factory=dict, kw_only=True)
    shapes: Mapping[str, Coefficient] = field(default_factory=dict, kw_only=True)

    def __post_init__(self) -> None:
        most = self._most_sites
        if not 1 <= self.n_sites <= most:
            with_jumps = "without jumps"
            if self.is_mixed:
                with_jumps = f"with {'jumps' if self.jumps else 'errors of the preparation'}"
            raise ValueError(
                f"Argument `n_sites` must be at least 1 and, {with_jumps}, at most {most}, but is"
                f" {self.n_sites}."
            )
        if len(self.names) < self._fewest_names:
            raise ValueError("Argument `terms` must hold at least one term, but is empty.")
        for name in self.terms:
            shape, _ = shape_and_term(name)
            if shape and shape not in self.shapes:
                known = ", ".join(self.shapes) or "none"
                raise ValueError(
                    f"Argument `terms` must name shapes that are given, {known}, but `{name}` names"
                    f" `{shape}`."
                )

    @classmethod
    def of_words(
        cls,
        n_sites: int,
        *,
        terms: Iterable[str] | None = (),
        jumps: Iterable[str] = (),
        readout: Iterable[str] = (),
        preparation_errors: Iterable[str] = (),
        shapes: Mapping[str, Coefficient] | None = None,
    ) -> Self:
        """Returns the model that some words name, see `qtf.measurements.words`.

        Args:
            n_sites: Number of spins.
            terms: Pauli strings along the chain, such as "ZZ", "X@each" or "Y@2"; "pulse*X" is
                multiplied by the shape `pulse`. None: all of one site and of neighbours.
            jumps: Kinds of jumps, "decay", "pump" and "dephasing", or "decay@each".
            readout: Errors of readout, "e01" and "e10", or "e01@each".
            preparation_errors: "depolarised" or "depolarised@each".
            shapes: Name -> function of the time.

        Raises:
            ValueError: A word is not known, or stands twice, or a shape is not there or not named.
        """
        shapes = shapes or {}
        if terms is None:
            terms = shaped_words(local_words(1), n_sites, shapes)
        kinds = (terms, jumps, readout, preparation_errors)
        words = [expand(of_kind, n_sites) for of_kind in kinds]
        for of_kind in words:
            for word in of_kind:
                if of_kind.count(word) > 1:
                    raise ValueError(
                        f"Argument `terms` must name `{word}` once, but does so twice."
                    )
        for name in shapes:
            if name not in named_shapes(words[0], shapes):
                raise ValueError(
                    f"Argument `shapes` must hold those that terms name, such as {name}{TIMES}X,"
                    f" but no term names `{name}`."
                )
        return cls(
            n_sites,
            {word: operator_of(shape_and_term(word)[1], n_sites) for word in words[0]},
            {word: _jumps_of(word, n_sites) for word in words[1]},
            {word: sites_of(word, n_sites, READOUT, "readout") for word in words[2]},
            preparation_errors={
                word: sites_of(word, n_sites, PREPARATION_ERRORS, "preparation_errors")[1]
                for word in words[3]
            },
            shapes=shapes,
        )

    @property
    def _most_sites(self) -> int:
        return MAX_OPEN_SITES if self.is_mixed else MAX_PURE_SITES

    @property
    def _fewest_names(self) -> int:
        return 1

    @property
    def is_mixed(self) -> bool:
        """Whether states are density matrices."""
        return bool(self.jumps or self.preparation_errors)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters: coefficients, rates, errors of preparation and readout."""
        return (*self.terms, *self.jumps, *self.preparation_errors, *self.readout)

    @property
    def size(self) -> int:
        """Number of parameters."""
        return len(self.names)

    @cached_property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Smallest and largest value of each parameter, each (size,)."""
        n_terms, n_shares, n_errors = self._n_terms, len(self.preparation_errors), len(self.readout)
        least = [-np.inf] * n_terms + [0.0] * (self.size - n_terms)
        most = [np.inf] * self._n_moving + [LARGEST_SHARE] * n_shares + [LARGEST_ERROR] * n_errors
        return np.array(least), np.array(most)

    @property
    def _n_terms(self) -> int:
        return len(self.terms)

    @property
    def _n_moving(self) -> int:
        """Number of parameters of the equation of motion, which come first."""
        return len(self.terms) + len(self.jumps)

    def shares(self, parameters: np.ndarray) -> list[tuple[range, float]]:
        """Returns sites and share of each error of the preparation.

        Args:
            parameters: Values in the order of `names`, (size,).
        """
        values = parameters[self._n_moving : self.size - len(self.readout)].tolist()
        return list(zip(self.preparation_errors.values(), values, strict=True))

    def hamiltonian(self, parameters: np.ndarray) -> PauliSum | DrivenHamiltonian:
        """Returns the Hamiltonian of some parameters; with shapes a driven one.

        Args:
            parameters: Values in the order of `names`, (size,).
        """
        totals = {name: PauliSum(self.n_sites, []) for name in ("", *self.shapes)}
        pairs = zip(parameters.tolist(), self.terms.items(), strict=False)
        for value, (name, term) in pairs:
            shape, _ = shape_and_term(name)
            totals[shape] = totals[shape] + value * term
        parts = {name: total.simplify() for name, total in totals.items()}
        if not self.shapes:
            return parts[""]
        functions = {"": 1.0, **self.shapes}
        return DrivenHamiltonian([(functions[name], part) for name, part in parts.items()])

    def readout_errors(self, parameters: np.ndarray) -> list[tuple[str, range, float]]:
        """Returns kind, sites and value of each readout error.

        Args:
            parameters: Values in the order of `names`, (size,).
        """
        values = parameters[self.size - len(self.readout) :].tolist()
        return [(*of, value) for of, value in zip(self.readout.values(), values, strict=True)]

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
        n_moving, n_before = self._n_moving, self.size - len(self.readout)
        equation = self._equation(parameters, [k for k in free if k < n_moving])
        errors = self.readout_errors(parameters)
        free_errors = [k - n_before for k in free if k >= n_before]
        prepare = _Preparation(
            self.is_mixed,
            self.shares(parameters),
            [k - n_moving for k in free if n_moving <= k < n_before],
        )
        for piece in self._states(equation, prepare, settings):
            values = piece.values
            if errors:
                values = read_out(values, errors, free_errors)
            yield Predicted(piece.rows, values)

    def _states(
        self,
        equation: LinearEquation | DrivenEquation,
        prepare: "_Preparation",
        settings: Sequence[Setting],
    ) -> Iterator[Predicted]:
        """Yields probabilities before the readout."""
        n_both = 1 + len(equation.parts) + len(prepare.free)
        # A step of driven evolution holds a dozen slopes.
        several = rows_at_once((20 if self.shapes else 4) * 16 * equation.dimension * n_both)
        starts = list(dict.fromkeys(setting.preparation for setting in settings))
        for first in range(0, len(starts), several):
            places = {start: k for k, start in enumerate(starts[first : first + several])}
            rows = [row for row, one in enumerate(settings) if one.preparation in places]
            times = sorted({settings[row].time for row in rows})
            followed = equation.follow(*prepare(np.array(list(places)), times))
            for time, states in zip(times, followed, strict=True):
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
        measure = probabilities_of_means if self.is_mixed else probabilities_of_states
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

    def _equation(
        self, parameters: np.ndarray, free: Sequence[int]
    ) -> LinearEquation | DrivenEquation:
        if not (free or self.is_mixed or self.shapes):
            # One matrix instead of one for each coefficient, which are large for many sites.
            hamiltonian = cast(PauliSum, self.hamiltonian(parameters))
            return LinearEquation(csr_array(-1j * hamiltonian.to_sparse()), [], is_unitary=True)
        parts, shapes = self._parts, Shapes(self.shapes)
        places = [shapes.names.index(shape_and_term(name)[0]) for name in self.terms]
        places += [0] * (len(parts) - len(places))
        totals = [csr_array(parts[0].shape, dtype=parts[0].dtype) for _ in shapes.names]
        for value, part, place in zip(parameters, parts, places, strict=False):
            totals[place] = totals[place] + float(value) * part
        chosen = [parts[k] for k in free]
        if not self.shapes:
            return LinearEquation(csr_array(totals[0]), chosen, is_unitary=not self.jumps)
        return DrivenEquation(shapes, totals, chosen, [places[k] for k in free])

    @cached_property
    def _parts(self) -> list[csr_array]:
        """What each coefficient and each rate multiplies; 0 if there is none."""
        if not self.is_mixed:
            parts = [csr_array(-1j * term.to_sparse()) for term in self.terms.values()]
            return parts or [csr_array((2**self.n_sites,) * 2, dtype=np.complex128)]
        parts = [unitary_part(term) for term in self.terms.values()]
        parts += [jump_part(self.n_sites, jumps) for jumps in self.jumps.values()]
        return parts or [csr_array((4**self.n_sites,) * 2)]


@dataclass(frozen=True)
class _Preparation:
    """Makes what is followed in time.

    Attributes:
        is_mixed: Whether that are means of Pauli strings, or amplitudes.
        shares: Sites and share of each error.
        free: Places of the errors that derivatives are taken in.
    """

    is_mixed: bool
    shares: Sequence[tuple[range, float]]
    free: Sequence[int]

    def __call__(
        self, angles: np.ndarray, times: Sequence[float]
    ) -> tuple[np.ndarray, Sequence[float], np.ndarray | None]:
        """Returns the arguments of `LinearEquation.follow`."""
        if not self.is_mixed:
            return product_states(angles), times, None
        means, slopes = product_means(angles, self.shares, self.free)
        return means, times, slopes


def named_shapes(terms: Iterable[str], shapes: Mapping[str, Coefficient]) -> dict[str, Coefficient]:
    """Returns the shapes that are named by some terms.

    Args:
        terms: Words of terms.
        shapes: Name -> function of the time.
    """
    named = {shape_and_term(term)[0] for term in terms}
    return {name: shape for name, shape in shapes.items() if name in named}


def _jumps_of(word: str, n_sites: int) -> tuple[JumpOperator, ...]:
    kind, sites = sites_of(word, n_sites, JUMPS, "jumps")
    return tuple(JumpOperator(site, JUMP_MATRICES[kind], 1.0) for site in sites)
