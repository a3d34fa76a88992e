"""The manifest of a folder of trajectories: what was computed, and every file of it."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, get_type_hints

from qtf.files import write_json

SCHEMA_VERSION = 2
# Before it, no trajectory was driven, and all were computed.
_WITHOUT_DRIVE = 1
# The law of trajectories that were computed or measured elsewhere.
GIVEN = "given"
# Their largest error of a norm, and of an amplitude under the Hamiltonian that was given with them:
# what single precision and solvers of other packages leave.
GIVEN_TOLERANCE = 1e-5
MANIFEST_NAME = "manifest.json"
SPLITS = ("train", "validation", "test")
DTYPES = ("float32", "float64")
COMPRESSIONS = ("none", "gzip")

_CONTAINERS = {
    "hamiltonian": dict,
    "operators": dict,
    "settings": dict,
    "drive": list,
    "files": list,
}


@dataclass(frozen=True)
class Shard:
    """One file of trajectories.

    Attributes:
        file: Name within the folder.
        split: `train`, `validation` or `test`.
        n_sites: Number of spins of all its trajectories.
        first_trajectory: Index of its first trajectory within split and chain length.
        n_trajectories: Number of its trajectories; their indices follow one another.
        n_bytes: Size of the file.
        sha256: Hexadecimal digest of the file.
    """

    file: str
    split: str
    n_sites: int
    first_trajectory: int
    n_trajectories: int
    n_bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a folder of trajectories holds.

    Trajectory i of chain length n obeys `i d/dt psi(t) = H(t) psi(t)` (hbar = 1) at the times
    `k * dt`, k = 0 .. n_steps, with H(t) = H + sum_k f_k(t) H_k; without a drive, H(t) = H.

    Attributes:
        hamiltonian: The settings from which the Hamiltonian of each n is built; empty if it is
            not known.
        operators: For each n (as text) the Pauli terms of H, as written by `PauliSum.to_dict`;
            empty if it is not known.
        initial_states: The law that the states at t = 0 were drawn from; "given" if the
            trajectories come from elsewhere.
        dt: Time step.
        n_steps: Number of steps; a trajectory has `n_steps + 1` states.
        dtype: `float32` or `float64`, the precision of the stored amplitudes.
        compression: `none` or `gzip`.
        seed: Seed of the initial states; of given trajectories, of their order.
        settings: All settings of the generator, as given.
        files: The shards, ordered by split, chain length and first trajectory.
        drive: For each f_k H_k the settings, see `qtf.physics.build_driven`, and beside them
            `operators`, H_k for each n as above.
        schema_version: Version of the format.

    Example:
        >>> Manifest(hamiltonian={}, operators={}, initial_states="haar", dt=0.1, n_steps=4,
        ...          dtype="float32", compression="none", seed=0, settings={}, files=()).n_times
        5
    """

    hamiltonian: dict[str, Any]
    operators: dict[str, Any]
    initial_states: str
    dt: float
    n_steps: int
    dtype: str
    compression: str
    seed: int
    settings: dict[str, Any]
    files: tuple[Shard, ...] = field(repr=False)
    drive: list[dict[str, Any]] = field(default_factory=list)
    schema_version: int = SCHEMA_VERSION

    @property
    def is_given(self) -> bool:
        """Whether the trajectories come from elsewhere."""
        return self.initial_states == GIVEN

    @property
    def n_times(self) -> int:
        """Number of states of a trajectory, the one at t = 0 included."""
        return self.n_steps + 1

    def n_sites(self, split: str) -> tuple[int, ...]:
        """Returns the chain lengths of which a split has trajectories, ascending.

        Args:
            split: `train`, `validation` or `test`.

        Raises:
            ValueError: There is no such split, or it has no trajectories.
        """
        if split not in SPLITS:
            raise ValueError(f"Argument `split` must be one of {SPLITS}, but is {split!r}.")
        lengths = tuple(sorted({shard.n_sites for shard in self.files if shard.split == split}))
        if not lengths:
            raise ValueError(f"Split {split!r} has no trajectories.")
        return lengths

    def shards(self, split: str, n_sites: int) -> tuple[Shard, ...]:
        """Returns the files of one split and chain length in the order of trajectories.

        Args:
            split: `train`, `validation` or `test`.
            n_sites: Number of spins.

        Raises:
            ValueError: There is no such split, or it has no trajectory of `n_sites` spins.
        """
        allowed = self.n_sites(split)
        shards = tuple(s for s in self.files if (s.split, s.n_sites) == (split, n_sites))
        if not shards:
            raise ValueError(
                f"Argument `n_sites` must be one of {allowed}, the chain lengths of"
                f" split {split!r}, but is {n_sites}."
            )
        return shards

    def n_trajectories(self, split: str, n_sites: int) -> int:
        """Returns how many trajectories of `n_sites` spins `split` has."""
        return sum(shard.n_trajectories for shard in self.shards(split, n_sites))

    def save(self, data_dir: Path | str) -> None:
        """Writes the manifest into `data_dir`, whole or not at all."""
        write_json(Path(data_dir) / MANIFEST_NAME, asdict(self))

    @classmethod
    def load(cls, data_dir: Path | str, *, verify: str = "size") -> "Manifest":
        """Returns the manifest of a folder after checking it and the files it names.

        Args:
            data_dir: The folder.
            verify: `none` does not look at the shards; `size` checks that each is there
                and has its size; `sha256` also reads each and compares its digest.

        Raises:
            ValueError: The folder, the manifest or a shard is missing or not what the
                manifest says, or its schema version is another one.
        """
        if verify not in ("none", "size", "sha256"):
            raise ValueError(f"Argument `verify` must be none, size or sha256, but is {verify!r}.")
        folder = Path(data_dir)
        manifest = _manifest_from(_read_json(folder), folder / MANIFEST_NAME)
        for shard in manifest.files if verify != "none" else ():
            check_shard(folder, shard, digest=verify == "sha256")
        return manifest


def check_shard(folder: Path, shard: Shard, *, digest: bool) -> None:
    """Checks that a shard is there with the size, and if asked the digest, of the manifest.

    Args:
        folder: The folder of trajectories.
        shard: The entry of the manifest.
        digest: Whether to read the file and compare its sha256.

    Raises:
        ValueError: The file is missing or differs; the message names it.
    """
    path = folder / shard.file
    if not path.is_file():
        raise ValueError(f"File {path} is missing, but the manifest names it.")
    n_bytes = path.stat().st_size
    if n_bytes != shard.n_bytes:
        raise ValueError(f"File {path} must have {shard.n_bytes} bytes, but has {n_bytes}.")
    if digest and file_sha256(path) != shard.sha256:
        raise ValueError(f"File {path} does not have the sha256 {shard.sha256} of the manifest.")


def file_sha256(path: Path | str) -> str:
    """Returns the hexadecimal sha256 of a file.

    Args:
        path: The file.
    """
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def shard_from(content: dict[str, Any], path: Path) -> Shard:
    """Returns the shard that a file describes.

    Args:
        content: Its attributes.
        path: The file, for messages.

    Raises:
        ValueError: An attribute is missing, unknown or of another type.
    """
    _check_types(content, Shard, path)
    return Shard(**content)


def _read_json(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST_NAME
    if not folder.is_dir():
        raise ValueError(f"Folder {folder} does not exist.")
    if not path.is_file():
        raise ValueError(f"Folder {folder} holds no trajectories: {MANIFEST_NAME} is missing.")
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"File {path} is no JSON: {error}.") from error
    if not isinstance(content, dict):
        raise ValueError(f"File {path} must hold a JSON object, but holds {content!r:.40}.")
    return content


def _manifest_from(content: dict[str, Any], path: Path) -> Manifest:
    version = content.get("schema_version")
    if version == _WITHOUT_DRIVE:
        content = {"drive": [], **content, "schema_version": SCHEMA_VERSION}
        version = SCHEMA_VERSION
    if version != SCHEMA_VERSION:
        raise ValueError(
            f"File {path} must have schema version {SCHEMA_VERSION} or an earlier one, but has"
            f" {version}."
        )
    _check_types(content, Manifest, path)
    shards = tuple(shard_from(entry, path) for entry in content["files"])
    if not shards:
        raise ValueError(f"File {path} names no shard.")
    _check_choice(path, "dtype", content["dtype"], DTYPES)
    _check_choice(path, "compression", content["compression"], COMPRESSIONS)
    for shard in shards:
        _check_choice(path, "split", shard.split, SPLITS)
    return Manifest(**{**content, "files": shards})


def _check_choice(path: Path, name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"File {path}: `{name}` must be one of {allowed}, but is {value!r}.")


def _check_types(content: dict[str, Any], cls: type, path: Path) -> None:
    if not isinstance(content, dict):
        raise ValueError(f"File {path} must describe a shard by an object, not by {content!r}.")
    hints = get_type_hints(cls)
    if content.keys() != hints.keys():
        names = sorted(content.keys() ^ hints.keys())
        raise ValueError(f"File {path} has missing or unknown keys in {cls.__name__}: {names}.")
    for name, expected in hints.items():
        kind = _CONTAINERS.get(name, expected)
        value = content[name]
        if not isinstance(value, (int, float) if kind is float else kind):
            raise ValueError(
                f"File {path}: `{name}` must be of type {kind.__name__}, but is {value!r:.40}."
            )
