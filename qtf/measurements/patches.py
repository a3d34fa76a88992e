"""Windows of a chain: the shots of a few neighbouring sites, and the patch that explains them.

The marginal of a window depends on the terms in it and, up to an error that falls faster than
exponentially with the distance, on those within a margin around it. A patch is a window with its
margins; what is beyond is left out. So a chain of any length is explained by patches of few sites.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from qtf.measurements.experiments import LETTERS, Experiments, Setting
from qtf.measurements.model import MAX_OPEN_SITES, Predicted, ShotModel, named_shapes
from qtf.measurements.outcomes import probabilities_of_means, probabilities_of_states
from qtf.measurements.pauli_vectors import MATRICES
from qtf.measurements.words import by_kind, kind_of, shape_and_term
from qtf.pieces import rows_at_once

MOST_CHAIN_SITES = 1000
# Of a patch that is followed without derivatives, when states are pure.
MOST_WIDE_SITES = 18
# Multiplications of complex numbers that each step of a transformation costs, as measured.
OF_A_STRING, OF_AN_AMPLITUDE = 12, 10
# The same of all times of a series, for each amplitude.
OF_A_SERIES = 3000
# Bytes of states and means of windows at once.
PIECE_BYTES = 1 << 28
# Traces of products with Pauli matrices, of the entries of a matrix of one spin.
_MEANS_OF_ENTRIES = MATRICES.transpose(0, 2, 1).reshape(4, 4)


@dataclass(frozen=True)
class PatchSizes:
    """Sites of windows and of margins.

    Attributes:
        window: Sites of a window.
        margin: Sites on both sides of it for derivatives.
        wide: The same for probabilities.
    """

    window: int
    margin: int
    wide: int


@dataclass(frozen=True)
class ChainModel(ShotModel):
    """A model of a long chain: its words and operators; only its patches are followed in time.

    Example:
        >>> ChainModel.of_words(50, terms=["ZZ", "X@each"]).size
        51
    """

    @property
    def _most_sites(self) -> int:
        return MOST_CHAIN_SITES


@dataclass(frozen=True)
class _PartModel(ShotModel):
    """A model of some sites of a chain, which need not have a parameter."""

    @property
    def _fewest_names(self) -> int:
        return 0

    @property
    def _most_sites(self) -> int:
        return MAX_OPEN_SITES if self.is_mixed else MOST_WIDE_SITES


@dataclass(frozen=True)
class PatchModel(_PartModel):
    """The model of a patch, which predicts the bits of its window alone.

    Sites of readout errors are those of the window, counted from its first.

    Attributes:
        window: Sites of the window.
    """

    window: range

    def _measured(
        self,
        states: np.ndarray,
        rows: Sequence[int],
        settings: Sequence[Setting],
        places: Mapping[tuple, int],
    ) -> Iterator[Predicted]:
        """Yields probabilities of the window at one time."""
        by_start: dict[int, list[int]] = {}
        for row in rows:
            by_start.setdefault(places[settings[row].preparation], []).append(row)
        window = slice(self.window.start, self.window.stop)
        for place, some in by_start.items():
            bases = [settings[row].basis[window] for row in some]
            measure = self._by_means if self._means_are_faster(len(some)) else self._by_states
            yield Predicted(np.array(some), measure(states[:, :, place].T, bases))

    def _means_are_faster(self, n_bases: int) -> bool:
        """Returns whether all strings of the window take less than a rotation for each basis."""
        if self.is_mixed:
            return True
        n_window, n_rest = len(self.window), 2 ** (self.n_sites - len(self.window))
        of_means = 4**n_window * (n_rest + OF_A_STRING * n_window)
        of_states = n_bases * 2**n_window * n_rest * (2 * 2 ** (n_window / 2) + OF_AN_AMPLITUDE)
        return of_means < of_states

    def _by_states(self, states: np.ndarray, bases: Sequence[str]) -> np.ndarray:
        """Returns probabilities and derivatives by turning the state into each basis.

        Args:
            states: State and derivatives, (1 + K, d).
            bases: Of the sites of the window.
        """
        n_window, n_both = len(self.window), len(states)
        n_left = (n_window + 1) // 2
        sizes = 2**self.window.start, 2**n_left, 2 ** (n_window - n_left)
        split = states.reshape(n_both, *sizes, -1).transpose(0, 2, 1, 4, 3)
        psi = np.ascontiguousarray(split).reshape(1, n_both, -1)
        result = np.empty((len(bases), n_both, 2**n_window))
        several = rows_at_once(6 * psi.nbytes, budget=PIECE_BYTES)
        n_rest = 2 ** (self.n_sites - n_window)
        for first in range(0, len(bases), several):
            some = slice(first, first + several)
            result[some] = probabilities_of_states(psi, bases[some], n_rest=n_rest)
        return result

    def _by_means(self, states: np.ndarray, bases: Sequence[str]) -> np.ndarray:
        """Returns the same by the means of all Pauli strings of the window."""
        n_window, n_both = len(self.window), len(states)
        if self.is_mixed:
            return probabilities_of_means(self._window_means(states)[None], bases)
        result = np.empty((len(bases), n_both, 2**n_window))
        # The state itself is needed for each derivative.
        several = rows_at_once(4 * 16 * 4**n_window, budget=PIECE_BYTES)
        for first in range(0, n_both, several):
            rows = [0, *range(max(1, first), min(first + several, n_both))]
            means = self._window_means(states[rows])
            result[:, rows] = probabilities_of_means(means[None], bases)
        return result

    def _window_means(self, states: np.ndarray) -> np.ndarray:
        """Returns the means of all Pauli strings of the window, and derivatives.

        Args:
            states: State and derivatives, (1 + K, d).
        """
        n_both, n_window = len(states), len(self.window)
        base = 4 if self.is_mixed else 2
        shape = (n_both, base**self.window.start, base**n_window, -1)
        split = states.reshape(shape)
        if self.is_mixed:
            # Strings of the identity outside.
            return np.ascontiguousarray(split[:, 0, :, 0])
        split = split.swapaxes(1, 2).reshape(n_both, shape[2], -1)
        matrices = split @ split[0].conj().T
        # d rho = d psi psi^+ + its adjoint.
        matrices[1:] += matrices[1:].conj().swapaxes(1, 2)
        entries = matrices.reshape(n_both, *[2] * (2 * n_window))
        order = [1 + k + side * n_window for k in range(n_window) for side in (0, 1)]
        entries = entries.transpose(0, *order).reshape(n_both, 4**n_window)
        for site in range(n_window):
            cut = entries.reshape(n_both, 4**site, 4, -1)
            entries = (_MEANS_OF_ENTRIES @ cut).reshape(n_both, -1)
        return np.ascontiguousarray(entries.real)


@dataclass(frozen=True)
class WindowShots:
    """Counts of the bits of a window, as `likelihood` and `goodness` take them.

    Attributes:
        settings: Settings of the patch, each once.
        outcomes: For each setting numbers of the states of the window, and their counts.
        n_sites: Number of sites of the window.
    """

    settings: tuple[Setting, ...]
    outcomes: tuple[tuple[np.ndarray, np.ndarray], ...]
    n_sites: int

    def to_time(self, longest: float) -> "WindowShots":
        """Returns the settings up to a time."""
        kept = [k for k, setting in enumerate(self.settings) if setting.time <= longest]
        return WindowShots(
            tuple(self.settings[k] for k in kept),
            tuple(self.outcomes[k] for k in kept),
            self.n_sites,
        )


@dataclass(frozen=True)
class Part:
    """A part of a chain around a window.

    Attributes:
        model: Its model.
        places: Place in the model of the chain of each parameter that it has.
        sites: Its sites in the chain.
    """

    model: PatchModel
    places: tuple[int, ...]
    sites: range

    def values(self, parameters: np.ndarray) -> np.ndarray:
        """Returns those of the parameters of a chain that the part has."""
        return parameters[list(self.places)]

    def cut(self, setting: Setting, sites: range) -> Setting:
        """Returns a setting of other sites, this part among them, as one of this part."""
        here = slice(self.sites.start - sites.start, self.sites.stop - sites.start)
        return Setting(setting.preparation[here], setting.time, setting.basis[here], setting.shots)


@dataclass(frozen=True)
class Patch:
    """A window with its data, and what explains them.

    Derivatives come from a part with a small margin. Probabilities may come from a wider one, at a
    small share of the cost: their error is the bias of what is learned, that of derivatives is not.

    Attributes:
        window: Sites of the window in the chain.
        part: The window with its margin.
        wide: The window with a larger margin, or the same.
        shots: Counts of the window; settings are those of the wide part.
        groups: For each bit string of each setting of the chain, in order, the setting of the
            window that it belongs to and the state of the window, (R, 2).
        n_given: Number of first bits that the window before has, too.
        free: Places in the part of the parameters that derivatives are taken in, ascending.
    """

    window: range
    part: Part
    wide: Part
    shots: WindowShots
    groups: np.ndarray
    n_given: int
    free: tuple[int, ...]

    @property
    def places(self) -> list[int]:
        """Places in the model of the chain of the parameters that derivatives are taken in."""
        return [self.part.places[k] for k in self.free]

    def to_time(self, longest: float) -> "Patch":
        """Returns the patch with the settings up to a time."""
        return replace(self, shots=self.shots.to_time(longest))

    @property
    def work(self) -> float:
        """Multiplications, about, of probabilities and derivatives of pure states."""
        settings, n_window = self.shots.settings, len(self.window)
        n_starts = len({setting.preparation for setting in settings})
        of_bases = len(settings) * (2 * 2 ** (n_window / 2) + OF_AN_AMPLITUDE)
        amplitudes = 2.0 ** len(self.part.sites)
        return (1 + len(self.free)) * amplitudes * (of_bases + OF_A_SERIES * n_starts)

    def predict(self, parameters: np.ndarray) -> np.ndarray:
        """Returns probabilities of the window, and derivatives.

        Args:
            parameters: All parameters of the chain, (size,).

        Returns:
            float64 (S, 1 + K, 2**n), K as in `places`.
        """
        settings = self.shots.settings
        n_both = 1 + len(self.free)
        predicted = np.empty((len(settings), n_both, 2 ** len(self.window)))
        cut = [self.part.cut(setting, self.wide.sites) for setting in settings]
        for piece in self.part.model.predict(self.part.values(parameters), cut, self.free):
            predicted[piece.rows] = piece.values
        if self.wide.sites != self.part.sites:
            for piece in self.wide.model.predict(self.wide.values(parameters), settings):
                predicted[piece.rows, 0] = piece.values[:, 0]
        return predicted


@dataclass(frozen=True)
class ChainShots:
    """Bit strings of a long chain as arrays.

    Args:
        experiments: Settings and counts.
    """

    experiments: Experiments

    @cached_property
    def bits(self) -> np.ndarray:
        """All bit strings, setting by setting, int8 (R, n_sites)."""
        strings = "".join(bits for counts in self.experiments.counts for bits in counts)
        flat = np.frombuffer(strings.encode(), np.uint8) - ord("0")
        return flat.reshape(-1, self.experiments.n_sites).astype(np.int8)

    @cached_property
    def counts(self) -> np.ndarray:
        """How often each came out, (R,)."""
        counts = [number for counts in self.experiments.counts for number in counts.values()]
        return np.array(counts, np.float64)

    @cached_property
    def settings(self) -> np.ndarray:
        """Setting of each, (R,)."""
        lengths = [len(counts) for counts in self.experiments.counts]
        return np.repeat(np.arange(len(lengths)), lengths)


def windows_of(n_sites: int, width: int) -> list[range]:
    """Returns overlapping windows that cover a chain.

    Args:
        n_sites: Number of sites of the chain.
        width: Sites of a window; each begins half of it after the one before.

    Example:
        >>> [list(window) for window in windows_of(6, 4)]
        [[0, 1, 2, 3], [2, 3, 4, 5]]
    """
    width = min(width, n_sites)
    last = n_sites - width
    starts = sorted({*range(0, last + 1, max(1, width // 2)), last})
    return [range(start, start + width) for start in starts]


def make_patches(
    model: ShotModel, shots: ChainShots, sizes: PatchSizes, free: Sequence[int]
) -> list[Patch]:
    """Returns the patches of all windows of a chain.

    Args:
        model: The model of the chain.
        shots: The data.
        sizes: Windows and margins.
        free: Places of the parameters that derivatives are taken in.
    """
    windows = windows_of(model.n_sites, sizes.window)
    ends = [0, *(window.stop for window in windows)]
    given = set(range(model.size)) - set(free)
    return [
        make_patch(
            model,
            shots,
            window,
            sizes.margin,
            sizes.wide,
            n_given=end - window.start,
            given=given,
        )
        for window, end in zip(windows, ends[:-1], strict=True)
    ]


def make_patch(
    model: ShotModel,
    shots: ChainShots,
    window: range,
    margin: int,
    wide: int,
    *,
    n_given: int = 0,
    given: Collection[int] = (),
) -> Patch:
    """Returns the patch of a window.

    Args:
        model: The model of the chain; all names are words.
        shots: The data.
        window: Sites of the chain.
        margin: Sites on both sides of the window, where there are any, for derivatives.
        wide: The same for probabilities.
        n_given: Number of first bits that the window before has, too.
        given: Places of the parameters of the chain that no derivatives are taken in.
    """
    part, wider = (_part(model, window, sites) for sites in (margin, wide))
    of_window, groups = _window_shots(shots, window, wider.sites)
    free = tuple(k for k, place in enumerate(part.places) if place not in given)
    return Patch(window, part, wider, of_window, groups, n_given, free)


def _part(model: ShotModel, window: range, margin: int) -> Part:
    first = max(0, window.start - margin)
    sites = range(first, min(model.n_sites, window.stop + margin))
    local = {name: _local_word(name, first, len(sites), window) for name in model.names}
    words = {word: name for name, word in local.items() if word}
    kinds = by_kind(words)
    errors = kinds.pop("readout")
    of_terms = _PartModel.of_words(
        len(sites), **kinds, shapes=named_shapes(kinds["terms"], model.shapes)
    )
    readout: Mapping[str, tuple[str, range]] = {}
    if errors:
        readout = _PartModel.of_words(len(window), readout=errors).readout
    inside = range(window.start - first, window.stop - first)
    patch = PatchModel(
        len(sites),
        of_terms.terms,
        of_terms.jumps,
        readout,
        inside,
        preparation_errors=of_terms.preparation_errors,
        shapes=of_terms.shapes,
    )
    return Part(patch, tuple(model.names.index(words[word]) for word in patch.names), sites)


def _local_word(name: str, first: int, n_sites: int, window: range) -> str:
    """Returns the word of a parameter in a patch; empty where the patch does not have it."""
    stem, _, place = name.partition("@")
    kind = kind_of(name)
    length = len(shape_and_term(stem)[1]) if kind == "terms" else 1
    # Readout errors act where bits are read.
    start, size = (window.start, len(window)) if kind == "readout" else (first, n_sites)
    if not place:
        return stem if length <= size else ""
    site = int(place) - 1 - start
    return f"{stem}@{site + 1}" if 0 <= site <= size - length else ""


def _window_shots(shots: ChainShots, window: range, patch: range) -> tuple[WindowShots, np.ndarray]:
    """Returns the counts of a window, equal settings joined, and where each bit string went."""
    inside = slice(window.start - patch.start, window.stop - patch.start)
    keys: dict[tuple, int] = {}
    joined: list[int] = []
    for setting in shots.experiments.settings:
        preparation = setting.preparation[patch.start : patch.stop]
        basis = setting.basis[window.start : window.stop]
        joined.append(keys.setdefault((preparation, setting.time, basis), len(keys)))
    powers = 1 << np.arange(len(window))[::-1]
    states = shots.bits[:, window.start : window.stop].astype(np.int64) @ powers
    rows = np.array(joined)[shots.settings]
    dimension = 2 ** len(window)
    table = np.bincount(rows * dimension + states, shots.counts, len(keys) * dimension)
    table = table.reshape(len(keys), dimension)
    settings, outcomes = [], []
    for (preparation, time, basis), counts in zip(keys, table, strict=True):
        letters = [LETTERS[-1]] * len(patch)
        letters[inside] = basis
        settings.append(Setting(preparation, time, "".join(letters), int(counts.sum())))
        there = np.flatnonzero(counts)
        outcomes.append((there, counts[there]))
    of_window = WindowShots(tuple(settings), tuple(outcomes), len(window))
    return of_window, np.stack([rows, states], -1)
