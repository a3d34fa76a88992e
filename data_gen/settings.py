"""The settings of a set of trajectories, checked before anything is computed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Self

from ml_collections import ConfigDict

from qtf.checks import COUNT, COUNT_OR_0, POSITIVE, Number, OneOf
from qtf.configuration import from_config
from qtf.data.laws import RecordedLaw
from qtf.data.schema import COMPRESSIONS, DTYPES, SPLITS
from qtf.data.settings import TrajectoryLaw
from qtf.physics import DrivenHamiltonian
from qtf.settings import Settings

# Propagation diagonalises the Hamiltonian as a dense matrix, unless it is driven.
MAX_SITES = 12
LENGTH = Number(least=1, most=MAX_SITES, integer=True)


@dataclass(frozen=True)
class Counts(Settings, section="n_trajectories", free=True):
    """Numbers of trajectories.

    Attributes:
        by_split: Split -> one number for all chain lengths, or one for each.

    Raises:
        ValueError: There is no split, or one that there is not.
    """

    by_split: Mapping[str, tuple[int, ...]]

    def __post_init__(self) -> None:
        """Checks the splits."""
        if not self.by_split or not set(self.by_split) <= set(SPLITS):
            raise ValueError(
                f"Setting `n_trajectories` must give numbers for some of {SPLITS}, but is"
                f" {dict(self.by_split)}."
            )

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Self:
        """Returns what a configuration says; one number need not be in a list."""
        return cls(
            {
                split: tuple(value) if isinstance(value, list | tuple) else (value,)
                for split, value in values.items()
            }
        )

    def changed(self, values: Mapping[str, Any]) -> Self:
        """Returns other numbers: a configuration replaces those of all splits."""
        return self.from_mapping(values)

    def as_mapping(self) -> dict[str, Any]:
        """Returns the numbers as a configuration has them."""
        return dict(self.by_split)

    def check(self, n_lengths: int) -> None:
        """Checks that there are numbers for so many chain lengths.

        Raises:
            ValueError: There are others.
        """
        for split, counts in self.by_split.items():
            broken = any(COUNT.broken_by(count) for count in counts)
            if broken or len(counts) not in (1, n_lengths):
                shown = counts[0] if len(counts) == 1 else counts
                raise ValueError(
                    f"Setting `n_trajectories.{split}` must be one positive integer, or one for"
                    f" each of the {n_lengths} entries of `n_sites`, but is {shown!r}."
                )


@dataclass(frozen=True)
class GenerationSettings(TrajectoryLaw):
    """What the generator computes and how it writes it.

    Attributes:
        hamiltonian: Hamiltonian of chains of any length, without `n_sites`; with a list,
            coefficients may differ from site to site.
        n_sites: Chain lengths, each once, at most 12.
        n_steps: Steps of a trajectory; it has `n_steps + 1` states.
        n_trajectories: For `train`, `validation`, `test` (any of them) one number, or one for
            each n.
        seed: Seed of the initial states.
        dtype: Precision of the stored amplitudes.
        compression: Compression of the files.
        shard_megabytes: Size at which trajectories are cut into another file, in millions of bytes
            before compression.
        min_shards: Smallest number of files for each split and n (fewer only if there are fewer
            trajectories), so that several readers find files.
        drive: Terms of the Hamiltonian that depend on the time: mappings with `term` (a
            Hamiltonian, or the name of a coefficient), `times`, `values` and `law`
            (`piecewise_constant`, `linear` or `cubic`).
    """

    n_sites: tuple[int, ...] = (2, 3, 4, 5, 6, 7)
    n_steps: Annotated[int, COUNT] = 250
    n_trajectories: Counts = field(
        default_factory=lambda: Counts({"train": (10000,), "validation": (1000,), "test": (1000,)})
    )
    seed: Annotated[int, COUNT_OR_0] = 0
    dtype: Annotated[str, OneOf(DTYPES)] = "float32"
    compression: Annotated[str, OneOf(COMPRESSIONS)] = "none"
    shard_megabytes: Annotated[float, POSITIVE] = 64.0
    min_shards: Annotated[int, COUNT] = 8
    drive: tuple[Mapping[str, Any], ...] = ()

    def __post_init__(self) -> None:
        """Checks every rule."""
        super().__post_init__()
        allowed = not any(LENGTH.broken_by(n) for n in self.n_sites)
        if not self.n_sites or not allowed or len(set(self.n_sites)) < len(self.n_sites):
            raise ValueError(
                f"Setting `n_sites` must hold different integers from 1 to {MAX_SITES}, but is"
                f" {self.n_sites!r}."
            )
        if "n_sites" in self.hamiltonian.as_mapping():
            raise ValueError("Setting `hamiltonian.n_sites` is not allowed; set `n_sites` instead.")
        for n in self.n_sites:
            operator = self.law.operator(n)
            if isinstance(operator, DrivenHamiltonian):
                # The samples have to reach as far as the trajectories.
                for time in (0.0, self.n_steps * self.dt):
                    operator.coefficients(time)
        self.n_trajectories.check(len(self.n_sites))

    @property
    def law(self) -> RecordedLaw:
        """What the trajectories obey."""
        return RecordedLaw(self.hamiltonian, self.initial_states, self.dt, self.drive)

    @property
    def splits(self) -> tuple[str, ...]:
        """Splits that have trajectories, in order."""
        return tuple(split for split in SPLITS if split in self.n_trajectories.by_split)

    def counts(self, split: str) -> dict[int, int]:
        """Returns chain length -> number of trajectories of a split."""
        counts = self.n_trajectories.by_split[split]
        if len(counts) == 1:
            return dict.fromkeys(self.n_sites, counts[0])
        return dict(zip(self.n_sites, counts, strict=True))

    def as_record(self) -> dict[str, Any]:
        """Returns the settings as the manifest records them: a number for each chain length."""
        counts = {split: list(self.counts(split).values()) for split in self.splits}
        record = {**self.as_mapping(), "n_sites": list(self.n_sites), "n_trajectories": counts}
        if not self.drive:
            # As folders of before have it, which the same command completes.
            del record["drive"]
        return record


def settings_from_config(config: Mapping[str, Any]) -> GenerationSettings:
    """Returns the settings that a configuration asks for.

    Args:
        config: Values by their keys; a number of trajectories may be one integer, or a sequence
            of one, for all chain lengths.

    Raises:
        ValueError: A key is unknown, or a value is not allowed.
    """
    return from_config(GenerationSettings, ConfigDict(config))
