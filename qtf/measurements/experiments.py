"""What a laboratory notes: settings, and how often each string of bits came out."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from qtf.checks import ARGUMENT, COUNT, NOT_NEGATIVE, check, require
from qtf.physics.basis import index_of_bits
from qtf.physics.density_matrices import BLOCH_ANGLES

LETTERS = "XYZ"
DIRECTIONS = BLOCH_ANGLES
_NAMES = {angles: name for name, angles in DIRECTIONS.items()}
# So that a line of a file stays one.
MAX_SITES = 1000

Angles = tuple[float, float]
Preparation = str | Sequence[str | Sequence[float]]


@dataclass(frozen=True)
class Setting:
    """One setting of an experiment: prepare, wait, measure each site, and repeat.

    A site is prepared in cos(theta / 2) |up> + exp(i phi) sin(theta / 2) |down>.

    Args:
        preparation: For each site one of +x -x +y -y +z -z or the angles (theta, phi); as one text
            with spaces between sites and angles written theta:phi. One word stands for all sites.
        time: Time of the evolution, at least 0, hbar = 1.
        basis: A letter X, Y or Z for each site.
        shots: Number of repetitions.

    Raises:
        ValueError: A value is not allowed, or the lengths do not agree.

    Example:
        >>> setting = Setting("+z -x 0.5:1.25", 0.4, "XZY", shots=100)
        >>> setting.n_sites, setting.preparation[2], setting.words
        (3, (0.5, 1.25), '+z -x 0.5:1.25')
    """

    preparation: tuple[Angles, ...]
    time: float
    basis: str
    shots: int

    def __init__(self, preparation: Preparation, time: float, basis: str, shots: int) -> None:
        check("time", time, NOT_NEGATIVE, kind=ARGUMENT)
        check("shots", shots, COUNT, kind=ARGUMENT)
        right = isinstance(basis, str) and basis != "" and set(basis) <= set(LETTERS)
        require(right, "basis", "be letters X, Y or Z, one for each site", basis, kind=ARGUMENT)
        n_sites = len(basis)
        require(
            n_sites <= MAX_SITES, "basis", f"have at most {MAX_SITES} letters", basis, kind=ARGUMENT
        )
        object.__setattr__(self, "preparation", _read_preparation(preparation, n_sites))
        object.__setattr__(self, "time", float(time))
        object.__setattr__(self, "basis", basis)
        object.__setattr__(self, "shots", int(shots))

    @property
    def n_sites(self) -> int:
        """Number of spins."""
        return len(self.basis)

    @property
    def words(self) -> str:
        """The preparation as one text that an equal setting is made from."""
        return " ".join(
            _NAMES.get(angles, f"{angles[0]!r}:{angles[1]!r}") for angles in self.preparation
        )


@dataclass(frozen=True)
class Experiments:
    """Settings with the counts of their bit strings; bit 0 is the result +1.

    Args:
        settings: Settings of equally many sites.
        counts: For each setting bit string -> how often it came out, such as {"010": 7}; they add
            up to the shots.

    Raises:
        ValueError: There is no setting, numbers of sites differ, or counts are not allowed.

    Example:
        >>> flips = Experiments([Setting("+z", 0.5, "Z", 10)], [{"0": 8, "1": 2}])
        >>> flips.n_sites, flips.shots
        (1, 10)
    """

    settings: tuple[Setting, ...]
    counts: tuple[Mapping[str, int], ...]

    def __init__(self, settings: Sequence[Setting], counts: Sequence[Mapping[str, int]]) -> None:
        if not settings or len(settings) != len(counts):
            raise ValueError(
                f"Argument `counts` must hold counts for each of at least one setting, but there"
                f" are {len(settings)} settings and {len(counts)} counts."
            )
        for setting, count in zip(settings, counts, strict=True):
            check_counts(setting, count, n_sites=settings[0].n_sites)
        object.__setattr__(self, "settings", tuple(settings))
        object.__setattr__(self, "counts", tuple(dict(count) for count in counts))

    @property
    def n_sites(self) -> int:
        """Number of spins."""
        return self.settings[0].n_sites

    @classmethod
    def join(cls, parts: "Sequence[Experiments]") -> "Experiments":
        """Returns the settings of several experiments.

        Args:
            parts: At least one, of as many sites.

        Raises:
            ValueError: Numbers of sites differ.
        """
        return cls(
            [setting for part in parts for setting in part.settings],
            [counts for part in parts for counts in part.counts],
        )

    @property
    def shots(self) -> int:
        """Shots of all settings."""
        return sum(setting.shots for setting in self.settings)

    @cached_property
    def outcomes(self) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        """For each setting the numbers of the states that came out, and their counts.

        Of few sites only; of long chains the bits of windows are numbered.
        """
        return tuple(_outcomes_of(count) for count in self.counts)

    def select(self, rows: ArrayLike) -> "Experiments":
        """Returns some of the settings.

        Args:
            rows: Their places, counted from 0.
        """
        places = np.asarray(rows, np.int64).tolist()
        return Experiments(
            [self.settings[place] for place in places], [self.counts[place] for place in places]
        )


def check_counts(setting: Setting, counts: Mapping[str, int], *, n_sites: int) -> None:
    """Checks the counts of one setting.

    Args:
        setting: The setting.
        counts: Bit string -> count.
        n_sites: Number of spins of all settings.

    Raises:
        ValueError: The setting has another number of sites, a string other lengths or letters, a
            count is no positive integer, or they do not add up to the shots.
    """
    if setting.n_sites != n_sites:
        raise ValueError(
            f"Argument `basis` must have {n_sites} letters as the first setting has, but is"
            f' "{setting.basis}".'
        )
    for bits, count in counts.items():
        right = isinstance(bits, str) and len(bits) == n_sites and set(bits) <= {"0", "1"}
        require(right, "bits", f"be {n_sites} digits 0 or 1", bits, kind=ARGUMENT)
        check("count", count, COUNT, kind=ARGUMENT)
    total = sum(counts.values())
    if total != setting.shots:
        raise ValueError(
            f"Argument `counts` must add up to {setting.shots} shots, but adds up to {total}."
        )


def read_angles(word: object) -> Angles:
    """Returns the Bloch angles of one site.

    Args:
        word: One of `DIRECTIONS`, a text theta:phi, or two numbers.

    Raises:
        ValueError: It is something else.
    """
    if isinstance(word, str) and word in DIRECTIONS:
        return DIRECTIONS[word]
    parts = word.split(":") if isinstance(word, str) else word
    try:
        theta, phi = (float(part) for part in parts)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        theta = phi = math.nan
    if not (math.isfinite(theta) and math.isfinite(phi)):
        raise ValueError(
            f"Argument `preparation` must be one of {', '.join(DIRECTIONS)} or finite angles"
            f" theta:phi for each site, but holds {word!r}."
        )
    return theta, phi


def _read_preparation(preparation: Preparation, n_sites: int) -> tuple[Angles, ...]:
    words = preparation.split() if isinstance(preparation, str) else list(preparation)
    if isinstance(preparation, str) and len(words) == 1:
        words = words * n_sites
    if len(words) != n_sites:
        raise ValueError(
            f"Argument `preparation` must be for {n_sites} sites as the basis is, but is for"
            f" {len(words)}."
        )
    return tuple(read_angles(word) for word in words)


def _outcomes_of(counts: Mapping[str, int]) -> tuple[np.ndarray, np.ndarray]:
    bits = np.array([[int(digit) for digit in string] for string in sorted(counts)], np.int8)
    numbers = np.array([counts[string] for string in sorted(counts)], np.float64)
    return index_of_bits(bits), numbers
