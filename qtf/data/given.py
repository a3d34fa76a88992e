"""Trajectories from elsewhere, as arrays, become a folder that every command takes."""

import dataclasses
import hashlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qtf.checks import COUNT, FLAG, FRACTION, POSITIVE, SEED, OneOf, check_arguments
from qtf.data.laws import RecordedLaw
from qtf.data.schema import COMPRESSIONS, DTYPES, GIVEN, GIVEN_TOLERANCE, SPLITS, Manifest, Shard
from qtf.data.writing.folder import fill_folder
from qtf.data.writing.plan import ShardPlan
from qtf.data.writing.record_writer import RecordWriter
from qtf.data.writing.shards import Written, write_file
from qtf.extras import check_installed
from qtf.physics import HamiltonianSettings, PauliSum
from qtf.progress import announced
from qtf.streams import Stream

MAX_SITES = 24
# Bytes of trajectories that are checked or written at once.
_PIECE_BYTES = 1 << 26

Hamiltonian = PauliSum | HamiltonianSettings | Mapping[str, Any]


@dataclass(frozen=True)
class GivenOptions:
    """How given trajectories are put into files.

    Attributes:
        normalize: Whether every state is divided by its norm, instead of being refused if that is
            not 1 to 1e-5.
        seed: Seed of the order.
        dtype: Precision of the stored amplitudes, "float32" or "float64".
        compression: Compression of the files, "none" or "gzip".
        shard_megabytes: Size at which trajectories are cut into another file, in millions of bytes.
        min_shards: Smallest number of files for each split and n, if there are so many
            trajectories.

    Raises:
        ValueError: A value is not allowed.
    """

    normalize: bool = False
    seed: int = 0
    dtype: str = "float32"
    compression: str = "none"
    shard_megabytes: float = 64.0
    min_shards: int = 8

    def __post_init__(self) -> None:
        check_arguments(POSITIVE, shard_megabytes=self.shard_megabytes)
        check_arguments(FLAG, normalize=self.normalize)
        check_arguments(SEED, seed=self.seed)
        check_arguments(OneOf(DTYPES), dtype=self.dtype)
        check_arguments(OneOf(COMPRESSIONS), compression=self.compression)
        check_arguments(COUNT, min_shards=self.min_shards)


@dataclass(frozen=True)
class GivenStorage:
    """What a folder of given trajectories holds and how it is cut into files.

    Attributes:
        law: What the trajectories obey, as far as it is known.
        n_steps: Steps of a trajectory.
        by_split: Split -> n_sites -> number of trajectories.
        digests: n_sites -> hexadecimal sha256 of the array.
        seed: Seed of the order.
        normalize: Whether every state is divided by its norm.
        dtype: Precision of the stored amplitudes.
        compression: Compression of the files.
        shard_megabytes: Size at which trajectories are cut into another file.
        min_shards: Smallest number of files for each split and n.
    """

    law: RecordedLaw
    n_steps: int
    by_split: Mapping[str, Mapping[int, int]]
    digests: Mapping[int, str]
    seed: int
    normalize: bool
    dtype: str
    compression: str
    shard_megabytes: float
    min_shards: int

    @property
    def splits(self) -> tuple[str, ...]:
        """Splits that have trajectories, in order."""
        return tuple(split for split in SPLITS if any(self.by_split[split].values()))

    def counts(self, split: str) -> dict[int, int]:
        """Returns chain length -> number of trajectories of a split."""
        return dict(self.by_split[split])

    def as_record(self) -> dict[str, Any]:
        """Returns what tells these trajectories from others, as JSON can hold it."""
        names = ("n_steps", "seed", "normalize", "dtype", "compression")
        return {
            **self.law.as_mapping(),
            **{name: getattr(self, name) for name in (*names, "shard_megabytes", "min_shards")},
            "n_sites": sorted(self.digests),
            "n_trajectories": {
                split: [self.by_split[split][n] for n in sorted(self.digests)]
                for split in self.splits
            },
            "sha256": {str(n): self.digests[n] for n in sorted(self.digests)},
        }

    def order(self, n_sites: int) -> np.ndarray:
        """Returns the rows of an array in the order of the splits, each in its own."""
        n_rows = sum(self.by_split[split][n_sites] for split in SPLITS)
        return np.random.default_rng([self.seed, Stream.GIVEN_ORDER, n_sites]).permutation(n_rows)


def write_trajectories(
    folder: Path | str,
    trajectories: Mapping[int, Any],
    *,
    dt: float,
    hamiltonian: Hamiltonian | None = None,
    validation: float = 0.1,
    test: float = 0.1,
    **options: Any,
) -> Manifest:
    """Writes trajectories of any origin as a folder that training and all that follows it take.

    The trajectories of each n are put into a random order and divided into the splits train,
    validation and test. All are checked before anything is written; stopped or killed, the same
    call goes on.

    Args:
        folder: Folder to fill; empty, new, or left by the same call.
        trajectories: n_sites -> complex (n_trajectories, n_times, 2**n_sites), spin 1 the most
            significant bit; all with the same times `k * dt`. A mapping may read them when asked.
        dt: Time step.
        hamiltonian: What they obey, if it is known: a configuration without `n_sites`, or, where
            all trajectories are of one n, a `PauliSum`. None: evaluations compare with the
            trajectories themselves, and leave out what needs the energy.
        validation: Share of the trajectories of each n that validate; at least one unless 0.
        test: Share that are kept for evaluations; at least one unless 0.
        **options: Fields of `GivenOptions`: normalize, seed, dtype, compression and sizes of files.

    Returns:
        The manifest.

    Raises:
        ValueError: An array has another shape, is not finite or of another norm, there are too few
            trajectories, the Hamiltonian does not fit, or the folder holds something else.
        OSError: The folder cannot be written to or the disk is full; finished files stay.
        MissingExtraError: The extra `data` is not installed.

    Example:
        >>> import tempfile
        >>> from qtf.physics import Chain, evolve, sample_initial_states, xxz
        >>> psi0 = sample_initial_states("haar", 3, 20, seed=0)
        >>> psi = evolve(xxz(Chain(3)), psi0, 0.05 * np.arange(11))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     manifest = write_trajectories(folder, {3: psi}, dt=0.05)
        >>> manifest.n_trajectories("train", 3), manifest.n_times
        (16, 11)
    """
    check_installed("crc32c", "qtf")  # of every record
    check_arguments(POSITIVE, dt=dt)
    check_arguments(FRACTION, validation=validation, test=test)
    how = GivenOptions(**options)
    arrays = _Arrays(trajectories, normalize=how.normalize)
    storage = GivenStorage(
        law=RecordedLaw(_settings_of(hamiltonian, arrays.n_sites), GIVEN, float(dt)),
        n_steps=arrays.n_times - 1,
        by_split=arrays.divided(validation, test),
        digests=arrays.digests,
        **dataclasses.asdict(how),
    )
    return _fill(folder, storage, arrays)


def _fill(folder: Path | str, storage: GivenStorage, arrays: "_Arrays") -> Manifest:
    def write(
        folder: Path, plans: Sequence[ShardPlan], todo: list[ShardPlan]
    ) -> Generator[Written, None, None]:
        with announced("writing trajectories", len(todo)) as activity:
            for plan in todo:
                chunks = arrays.chunks(storage, plan)
                yield write_file(plan, chunks, folder, open_writer=_opener(storage.compression))
                activity.advance()

    def describe(shards: tuple[Shard, ...]) -> Manifest:
        return Manifest(
            **storage.law.as_manifest(arrays.n_sites),
            n_steps=storage.n_steps,
            dtype=storage.dtype,
            compression=storage.compression,
            seed=storage.seed,
            settings=storage.as_record(),
            files=shards,
        )

    return fill_folder(folder, storage, write=write, describe=describe).manifest


def _opener(compression: str) -> Any:
    # `RecordWriter` closes the file.
    return lambda path: RecordWriter(open(path, "wb"), compression)  # noqa: SIM115


class _Arrays:
    """Arrays of trajectories that have been checked.

    Args:
        trajectories: As of `write_trajectories`.
        normalize: Likewise.

    Attributes:
        n_sites: Chain lengths, ascending.
        n_rows: n_sites -> number of trajectories.
        n_times: States of each of them.
        digests: n_sites -> hexadecimal sha256.
    """

    def __init__(self, trajectories: Mapping[int, Any], *, normalize: bool) -> None:
        self._trajectories, self._normalize = trajectories, normalize
        self._held: tuple[int, np.ndarray] | None = None
        self.n_sites = _checked_lengths(trajectories)
        self.n_rows: dict[int, int] = {}
        self.digests: dict[int, str] = {}
        n_times = set()
        with announced("checking trajectories", len(self.n_sites)) as activity:
            for n in self.n_sites:
                psi = self._array(n)
                self.n_rows[n] = len(psi)
                n_times.add(psi.shape[1])
                self.digests[n] = self._check_and_digest(n, psi)
                activity.advance()
        if len(n_times) > 1:
            raise ValueError(
                "Argument `trajectories` must hold arrays of the same number of times, but holds"
                f" some of {sorted(n_times)}."
            )
        (self.n_times,) = n_times

    def divided(self, validation: float, test: float) -> dict[str, dict[int, int]]:
        """Returns how many trajectories of each n each split has.

        Args:
            validation: Share that validates.
            test: Share that tests.

        Raises:
            ValueError: There are too few.
        """
        sizes = {n: _split_sizes(self.n_rows[n], n, validation, test) for n in self.n_sites}
        return {split: {n: size[k] for n, size in sizes.items()} for k, split in enumerate(SPLITS)}

    def chunks(self, storage: GivenStorage, plan: ShardPlan) -> Iterator[tuple[int, np.ndarray]]:
        """Yields the trajectories of a file as they are stored, and the index of the first."""
        before = SPLITS[: SPLITS.index(plan.split)]
        skipped = sum(storage.by_split[split][plan.n_sites] for split in before)
        rows = storage.order(plan.n_sites)[skipped:]
        psi = self._array(plan.n_sites)
        size = _rows_at_once(psi)
        end = plan.first_trajectory + plan.n_trajectories
        stored = np.dtype(storage.dtype).newbyteorder("<")
        for first in range(plan.first_trajectory, end, size):
            states = psi[rows[first : min(first + size, end)]].astype(np.complex128)
            if self._normalize:
                states /= np.linalg.norm(states, axis=-1, keepdims=True)
            yield first, np.stack((states.real, states.imag), axis=2).astype(stored)

    def _array(self, n_sites: int) -> np.ndarray:
        """Returns an array of the right shape; the last one is held."""
        if self._held is None or self._held[0] != n_sites:
            self._held = None
            psi = np.asanyarray(self._trajectories[n_sites])
            _check_shape(n_sites, psi)
            self._held = n_sites, psi
        return self._held[1]

    def _check_and_digest(self, n_sites: int, psi: np.ndarray) -> str:
        digest = hashlib.sha256(f"{psi.dtype.str} {psi.shape}".encode())
        size = _rows_at_once(psi)
        for first in range(0, len(psi), size):
            piece = np.ascontiguousarray(psi[first : first + size])
            digest.update(piece.data)
            _check_states(n_sites, first, piece, normalize=self._normalize)
        return digest.hexdigest()


def _rows_at_once(psi: np.ndarray) -> int:
    return max(1, _PIECE_BYTES // (16 * psi.shape[1] * psi.shape[2]))


def _checked_lengths(trajectories: object) -> tuple[int, ...]:
    is_mapping = isinstance(trajectories, Mapping) and bool(trajectories)
    lengths = list(trajectories) if isinstance(trajectories, Mapping) else []
    for n in lengths:
        is_integer = isinstance(n, int | np.integer) and not isinstance(n, bool)
        is_mapping = is_mapping and is_integer and 1 <= n <= MAX_SITES
    if not is_mapping:
        shown = lengths or type(trajectories).__name__
        raise ValueError(
            "Argument `trajectories` must be a mapping of arrays by their numbers of spins, 1 to"
            f" {MAX_SITES}, but has {shown}."
        )
    return tuple(sorted(int(n) for n in lengths))


def _check_shape(n_sites: int, psi: np.ndarray) -> None:
    is_right = psi.ndim == 3 and psi.shape[2] == 2**n_sites and len(psi) and psi.shape[1] >= 2
    if not is_right or psi.dtype.kind not in "fc":
        raise ValueError(
            f"Argument `trajectories` must hold for n = {n_sites} a complex array (n_trajectories,"
            f" n_times, {2**n_sites}) of at least 2 times, but holds {psi.dtype} {psi.shape}."
        )


def _check_states(n_sites: int, first: int, psi: np.ndarray, *, normalize: bool) -> None:
    norms = np.linalg.norm(psi.astype(np.complex128, copy=False), axis=-1)
    is_right = (norms > 0) & np.isfinite(norms)
    if not normalize:
        is_right &= np.abs(norms - 1) <= GIVEN_TOLERANCE
    if not is_right.all():
        row, time = np.argwhere(~is_right)[0]
        norm = norms[row, time]
        rule = "finite states of norm 1" if np.isfinite(norm) and norm else "finite states"
        hint = ", unless they are to be normalized" if np.isfinite(norm) and norm else ""
        raise ValueError(
            f"Argument `trajectories` must hold {rule}{hint}, but that of n = {n_sites} at"
            f" trajectory {first + row}, time {time}, has norm {norm}."
        )


def _split_sizes(n_rows: int, n_sites: int, validation: float, test: float) -> tuple[int, ...]:
    """Returns how many trajectories train, validate and test."""
    kept = [max(1, round(share * n_rows)) if share else 0 for share in (validation, test)]
    if sum(kept) >= n_rows:
        raise ValueError(
            f"Argument `trajectories` must hold more than {sum(kept)} trajectories of n ="
            f" {n_sites}, as {kept[0]} validate and {kept[1]} test, but holds {n_rows}."
        )
    return n_rows - sum(kept), *kept


def _settings_of(
    hamiltonian: Hamiltonian | None, n_sites: Sequence[int]
) -> HamiltonianSettings | None:
    if hamiltonian is None:
        return None
    if isinstance(hamiltonian, PauliSum):
        if set(n_sites) != {hamiltonian.n_sites}:
            raise ValueError(
                "Argument `hamiltonian` must be a configuration where there are several n, and a"
                f" PauliSum of n = {n_sites[0]} otherwise, but is one of n = {hamiltonian.n_sites}."
            )
        terms = [term.to_dict() for term in hamiltonian.terms]
        return HamiltonianSettings("custom", {"terms": terms})
    if isinstance(hamiltonian, Mapping):
        hamiltonian = HamiltonianSettings.from_mapping(hamiltonian)
    if not isinstance(hamiltonian, HamiltonianSettings) or "n_sites" in hamiltonian.values:
        raise ValueError(
            "Argument `hamiltonian` must be a PauliSum or a configuration without `n_sites`, but is"
            f" {hamiltonian!r:.80}."
        )
    for n in n_sites:
        hamiltonian.with_n_sites(n).build()
    return hamiltonian
