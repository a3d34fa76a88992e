"""The settings of a set of trajectories, checked before anything is computed."""

import difflib
import math
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any

from qtf.data.schema import COMPRESSIONS, DTYPES, SPLITS
from qtf.physics import from_config
from qtf.physics.initial_states import INITIAL_STATE_LAWS

# Propagation diagonalises the Hamiltonian as a dense matrix.
MAX_SITES = 12


@dataclass(frozen=True)
class Settings:
    """What the generator computes and how it writes it.

    Attributes:
        hamiltonian: `name` and the arguments of that Hamiltonian, without `n_sites`.
        n_sites: Chain lengths, each once.
        initial_states: Law of the states at t = 0.
        dt: Time step, in units of the inverse energy (hbar = 1).
        n_steps: Steps of a trajectory; it has `n_steps + 1` states.
        n_trajectories: For each split one number for each entry of `n_sites`.
        seed: Seed of the initial states.
        dtype: Precision of the stored amplitudes.
        compression: `none` or `gzip`.
        shard_megabytes: Size of a file, in 10**6 bytes before compression.
        min_shards: Smallest number of files for each split and chain length (fewer only
            if there are fewer trajectories), so that several readers find files.
    """

    hamiltonian: dict[str, Any]
    n_sites: tuple[int, ...]
    initial_states: str
    dt: float
    n_steps: int
    n_trajectories: dict[str, tuple[int, ...]]
    seed: int = 0
    dtype: str = "float32"
    compression: str = "none"
    shard_megabytes: float = 64.0
    min_shards: int = 8

    def to_dict(self) -> dict[str, Any]:
        """Returns the settings as they are written as JSON: lists for tuples."""
        counts = {split: list(n) for split, n in self.n_trajectories.items()}
        return {**asdict(self), "n_sites": list(self.n_sites), "n_trajectories": counts}


def settings_from_config(config: Mapping[str, Any]) -> Settings:
    """Returns the checked settings of a config.

    Args:
        config: A mapping with the attributes of `Settings`; a number of trajectories may
            be one integer, or a sequence of one, for all chain lengths.

    Raises:
        ValueError: A key is unknown or missing, or a value is not allowed.
    """
    plain = {name: _plain(value) for name, value in config.items()}
    _check_keys(plain)
    plain["n_sites"] = _checked_n_sites(plain["n_sites"])
    plain["hamiltonian"] = _checked_hamiltonian(plain["hamiltonian"], plain["n_sites"])
    plain["n_trajectories"] = _counts(plain["n_trajectories"], len(plain["n_sites"]))
    settings = Settings(**plain)
    _check_numbers(settings)
    _check_choices(settings)
    return settings


def _plain(value: Any) -> Any:
    if hasattr(value, "to_dict"):
        return value.to_dict()
    return tuple(value) if isinstance(value, list) else value


def _check_keys(plain: Mapping[str, Any]) -> None:
    known = [f.name for f in fields(Settings)]
    for name in plain:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
            hint = f"the nearest known is `{near[0]}`" if near else f"known are {', '.join(known)}"
            raise ValueError(f"Config has the unknown key `{name}`; {hint}.")
    for f in fields(Settings):
        if f.default is MISSING and f.name not in plain:
            raise ValueError(f"Config lacks the key `{f.name}`.")


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _checked_n_sites(value: Any) -> tuple[int, ...]:
    n_sites = value if isinstance(value, tuple) else (value,)
    allowed = all(_is_integer(n) and 1 <= n <= MAX_SITES for n in n_sites)
    if not n_sites or not allowed or len(set(n_sites)) < len(n_sites):
        raise ValueError(
            f"Config key `n_sites` must hold different integers from 1 to {MAX_SITES},"
            f" but is {value!r}."
        )
    return n_sites


def _checked_hamiltonian(value: Any, n_sites: tuple[int, ...]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"Config key `hamiltonian` must be a mapping, but is {value!r}.")
    if "n_sites" in value:
        raise ValueError("Config key `hamiltonian.n_sites` is not allowed; set `n_sites` instead.")
    for n in n_sites:
        from_config({**value, "n_sites": n})
    return value


def _counts(value: Any, n_lengths: int) -> dict[str, tuple[int, ...]]:
    if not isinstance(value, dict) or not value or not set(value) <= set(SPLITS):
        raise ValueError(
            f"Config key `n_trajectories` must give numbers for some of {SPLITS}, but is {value!r}."
        )
    return {
        split: _split_counts(split, value[split], n_lengths) for split in SPLITS if split in value
    }


def _split_counts(split: str, value: Any, n_lengths: int) -> tuple[int, ...]:
    counts = tuple(value) if isinstance(value, (list, tuple)) else (value,)
    counts = counts * n_lengths if len(counts) == 1 else counts
    if len(counts) != n_lengths or not all(_is_integer(n) and n >= 1 for n in counts):
        raise ValueError(
            f"Config key `n_trajectories.{split}` must be one positive integer, or one for each"
            f" of the {n_lengths} entries of `n_sites`, but is {value!r}."
        )
    return counts


def _check_numbers(settings: Settings) -> None:
    for name in ("n_steps", "min_shards"):
        value = getattr(settings, name)
        if not _is_integer(value) or value < 1:
            raise ValueError(f"Config key `{name}` must be a positive integer, but is {value!r}.")
    if not _is_integer(settings.seed) or settings.seed < 0:
        raise ValueError(
            f"Config key `seed` must be a non-negative integer, but is {settings.seed!r}."
        )
    for name in ("dt", "shard_megabytes"):
        value = getattr(settings, name)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not 0 < value < math.inf:
            raise ValueError(f"Config key `{name}` must be positive and finite, but is {value!r}.")


def _check_choices(settings: Settings) -> None:
    choices = {
        "initial_states": INITIAL_STATE_LAWS,
        "dtype": DTYPES,
        "compression": COMPRESSIONS,
    }
    for name, allowed in choices.items():
        value = getattr(settings, name)
        if value not in allowed:
            raise ValueError(f"Config key `{name}` must be one of {allowed}, but is {value!r}.")
