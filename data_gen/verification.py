"""Checks a folder of trajectories: every byte, every norm, and a sample of the physics."""

import functools
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from data_gen.reference_evolution import DrivenReference, ReferenceEvolution
from data_gen.shards import stream_of
from qtf.data.laws import hamiltonian_of, law_of
from qtf.data.schema import (
    GIVEN_TOLERANCE,
    N_SITES,
    TRAJECTORY,
    Manifest,
    Shard,
    amplitudes_of,
    check_shard,
    parse_record,
    read_records,
)
from qtf.physics import DrivenHamiltonian
from qtf.physics.initial_states import sample_initial_states
from qtf.physics.operators import PauliSum

# Allowed errors of a norm, and of an amplitude, by the precision of the stored numbers.
NORM_TOLERANCE = {"float32": 2e-6, "float64": 1e-12}
AMPLITUDE_TOLERANCE = {"float32": 1e-6, "float64": 1e-10}
# Of the progress in a file, the share of reading its records; the rest is exact evolution.
READING = 0.5
BAR: dict[str, Any] = {"bar_format": "{percentage:3.0f}%|{bar}| {desc} [{elapsed}<{remaining}]"}


@dataclass(frozen=True)
class Verification:
    """What was checked and what was found.

    Attributes:
        n_files: Files named by the manifest.
        n_records: Records that could be read.
        n_samples: Records compared with the Schroedinger equation.
        problems: One line for each problem; empty if all is well.
    """

    n_files: int
    n_records: int
    n_samples: int
    problems: tuple[str, ...]


def verify(
    data_dir: Path | str, *, n_samples: int = 2, seed: int = 0, progress: bool = True
) -> Verification:
    """Checks the manifest, all files, all records, and a sample of them in depth.

    Every file: size, sha256. Every record: both checksums, its chain length and index,
    its length, finite numbers, norm 1 at all times. A random sample: its first state is
    the one of the law and seed, and all states obey the Schroedinger equation (hbar = 1), by
    another way than that of the generator, see `ReferenceEvolution` and `DrivenReference`. Of
    given trajectories the first state is not checked, and the equation where there is a
    Hamiltonian.

    Args:
        data_dir: The folder.
        n_samples: Records of every file that are compared with the Schroedinger equation.
        seed: Seed of their choice.
        progress: Whether to show a progress bar.

    Returns:
        The verification; problems do not raise.

    Raises:
        ValueError: There is no readable manifest.
    """
    if n_samples < 0:
        raise ValueError(f"Argument `n_samples` must not be negative, but is {n_samples}.")
    folder = Path(data_dir)
    manifest = Manifest.load(folder, verify="none")
    problems = [*_count_problems(manifest), *_operator_problems(manifest)]
    rng = np.random.default_rng(seed)
    n_records = n_sampled = 0
    evolution_of = functools.cache(functools.partial(_evolution, manifest))
    with tqdm(total=len(manifest.files), disable=not progress, file=sys.stderr, **BAR) as bar:
        for k, shard in enumerate(manifest.files, start=1):
            bar.set_description(shard.file)
            n_chosen = min(n_samples, shard.n_trajectories)
            if not manifest.operators:
                n_chosen = 0
            chosen = set(rng.choice(shard.n_trajectories, n_chosen, replace=False).tolist())
            check = _ShardCheck(folder, manifest, shard, chosen, evolution_of, bar.update)
            problems += check.problems
            n_records, n_sampled = n_records + check.n_records, n_sampled + check.n_sampled
            bar.update(k - bar.n)
    return Verification(len(manifest.files), n_records, n_sampled, tuple(problems))


class _ShardCheck:
    """Everything that is checked in one file."""

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        shard: Shard,
        chosen: set[int],
        evolution_of: Callable[[int], ReferenceEvolution | DrivenReference],
        tell: Callable[[float], object],
    ) -> None:
        self._manifest, self._shard, self._chosen = manifest, shard, chosen
        self._evolution_of, self._tell = evolution_of, tell
        self._path = folder / shard.file
        self.n_records = self.n_sampled = 0
        self.problems = [*self._file_problems(folder), *self._content_problems()]

    def _file_problems(self, folder: Path) -> Iterator[str]:
        try:
            check_shard(folder, self._shard, digest=True)
        except ValueError as error:
            yield str(error)

    def _content_problems(self) -> Iterator[str]:
        if not self._path.is_file():
            return
        try:
            for record in read_records(self._path, self._manifest.compression):
                for problem in self._record_problems(self.n_records, record):
                    yield f"File {self._path}, record {self.n_records}: {problem}"
                self.n_records += 1
                self._tell(READING / self._shard.n_trajectories)
        except ValueError as error:
            yield str(error)
        if self.n_records != self._shard.n_trajectories:
            yield (
                f"File {self._path} must have {self._shard.n_trajectories} records,"
                f" but {self.n_records} can be read."
            )

    def _record_problems(self, position: int, record: bytes) -> Iterator[str]:
        try:
            features = parse_record(record)
            stored = amplitudes_of(record, self._manifest.n_times, self._manifest.dtype)
        except ValueError as error:
            yield str(error)
            return
        expected = {
            N_SITES: self._shard.n_sites,
            TRAJECTORY: self._shard.first_trajectory + position,
        }
        for name, value in expected.items():
            if features[name] != value:
                yield f"`{name}` must be {value}, but is {features[name]!r}."
                return
        yield from self._state_problems(stored)
        if position in self._chosen:
            self.n_sampled += 1
            yield from self._physics_problems(position, stored)

    def _state_problems(self, stored: np.ndarray) -> Iterator[str]:
        norms = np.linalg.norm(stored.reshape(len(stored), -1).astype(np.float64), axis=1)
        manifest = self._manifest
        tolerance = GIVEN_TOLERANCE if manifest.is_given else NORM_TOLERANCE[manifest.dtype]
        # Written so that NaN, which compares false with everything, is a problem.
        wrong = ~(np.abs(norms - 1) <= tolerance)
        if wrong.any():
            k = int(np.argmax(wrong))
            yield f"the norm must be 1 at every time, but is {norms[k]} at step {k}."

    def _physics_problems(self, position: int, stored: np.ndarray) -> Iterator[str]:
        manifest = self._manifest
        tolerance = GIVEN_TOLERANCE if manifest.is_given else AMPLITUDE_TOLERANCE[manifest.dtype]
        states = stored[:, 0].astype(np.float64) + 1j * stored[:, 1]
        if not manifest.is_given:
            first = _initial_state(manifest, self._shard, position)
            error = float(np.abs(states[0] - first).max())
            if not error <= tolerance:
                yield f"its first state is not the one of law and seed; the error is {error:.1e}."
        evolution = self._evolution_of(self._shard.n_sites)
        share = (1.0 - READING) / len(self._chosen)
        exact = evolution.states(states[0], tell=lambda part: self._tell(part * share))
        error = float(np.abs(states - exact).max())
        if not error <= tolerance + evolution.rounding:
            yield f"it does not obey the Schroedinger equation; the error is {error:.1e}."


def _initial_state(manifest: Manifest, shard: Shard, position: int) -> np.ndarray:
    return sample_initial_states(
        manifest.initial_states,
        shard.n_sites,
        1,
        seed=manifest.seed,
        stream=stream_of(shard.split, shard.n_sites),
        start=shard.first_trajectory + position,
    )[0]


def _evolution(manifest: Manifest, n_sites: int) -> ReferenceEvolution | DrivenReference:
    hamiltonian = hamiltonian_of(manifest, n_sites)
    if isinstance(hamiltonian, DrivenHamiltonian):
        return DrivenReference(hamiltonian, dt=manifest.dt, n_steps=manifest.n_steps)
    operator = PauliSum(n_sites, ()) if hamiltonian is None else hamiltonian
    return ReferenceEvolution(operator, dt=manifest.dt, n_steps=manifest.n_steps)


def _operator_problems(manifest: Manifest) -> Iterator[str]:
    lengths = sorted({shard.n_sites for shard in manifest.files})
    built = law_of(manifest).as_manifest(lengths)
    for n_sites in map(str, lengths):
        written = manifest.operators.get(n_sites)
        driven = [entry["operators"].get(n_sites) for entry in manifest.drive]
        rebuilt = [entry["operators"].get(n_sites) for entry in built["drive"]]
        if written != built["operators"].get(n_sites) or driven != rebuilt:
            yield f"The manifest's operators for n = {n_sites} are not those of its settings."


def _count_problems(manifest: Manifest) -> Iterator[str]:
    wanted: dict[str, Any] = manifest.settings.get("n_trajectories", {})
    lengths = manifest.settings.get("n_sites", [])
    for split, counts in wanted.items():
        for n_sites, count in zip(lengths, counts, strict=False):
            shards = [s for s in manifest.files if (s.split, s.n_sites) == (split, n_sites)]
            yield from _gaps(split, n_sites, count, shards)


def _gaps(split: str, n_sites: int, count: int, shards: list[Shard]) -> Iterator[str]:
    following = 0
    for shard in sorted(shards, key=lambda s: s.first_trajectory):
        if shard.first_trajectory != following:
            yield (
                f"File {shard.file} must start with trajectory {following},"
                f" but starts with {shard.first_trajectory}."
            )
        following = shard.first_trajectory + shard.n_trajectories
    if following != count:
        yield (
            f"Split {split} must have {count} trajectories of {n_sites} spins, but has {following}."
        )
