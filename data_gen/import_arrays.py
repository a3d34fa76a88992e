"""Takes trajectories of any origin: a file of arrays becomes a folder for all commands.

    python -m data_gen.import_arrays FILE.npz --out_dir=DATA --dt=0.05

FILE.npz holds `psi_4` and the like, complex (n_trajectories, n_times, 2**4), or arrays of any name
whose last axis tells the number of spins; and perhaps `times` (n_times,), from which the time step
follows. FILE.npy holds one array. The same command continues a run that was interrupted or killed.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from absl import flags

from qtf.command_line import run_command, value_of

_FILE = flags.DEFINE_string("file", None, "File of arrays, npz or npy; --file= may be left out.")
_OUT_DIR = flags.DEFINE_string("out_dir", None, "Folder that the shards are written to.")
_DT = flags.DEFINE_float("dt", None, "Time step; not needed where the file holds `times`.")
_HAMILTONIAN = flags.DEFINE_string(
    "hamiltonian",
    None,
    'What they obey, if known: JSON such as {"name": "ising"} or a file of it, without `n_sites`.',
)
_VALIDATION = flags.DEFINE_float("validation", 0.1, "Share of the trajectories that validate.")
_TEST = flags.DEFINE_float("test", 0.1, "Share of the trajectories kept for evaluations.")
_NORMALIZE = flags.DEFINE_bool("normalize", False, "Divide every state by its norm.")
_SEED = flags.DEFINE_integer("seed", 0, "Seed of the order of the trajectories.")
_DTYPE = flags.DEFINE_string("dtype", "float32", "Stored precision, float32 or float64.")
_COMPRESSION = flags.DEFINE_string("compression", "none", "Compression, none or gzip.")

TIMES = "times"
# Of two differences of times, relative to the first: those of single precision pass.
_UNEVEN = 1e-4


class ArrayFile(Mapping[int, np.ndarray]):
    """The trajectories of a file by their numbers of spins, read when they are asked for.

    Args:
        path: The file.

    Attributes:
        dt: Time step of its `times`, or None.

    Raises:
        ValueError: It holds something else.
        OSError: It cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._arrays = _opened(path)
        self.dt: float | None = None
        self._names: dict[int, str] = {}
        for name in self._arrays:
            array = self._read(name)
            if name == TIMES:
                self.dt = _time_step(path, array)
                continue
            n_sites = _n_sites(path, name, array)
            if n_sites in self._names:
                raise ValueError(
                    f"File {path} must hold one array for each number of spins, but `{name}` and"
                    f" `{self._names[n_sites]}` are both of {n_sites}."
                )
            self._names[n_sites] = name

    def __getitem__(self, n_sites: int) -> np.ndarray:
        """Returns the trajectories of so many spins."""
        return self._read(self._names[n_sites])

    def __iter__(self) -> Iterator[int]:
        """Yields the numbers of spins."""
        return iter(self._names)

    def __len__(self) -> int:
        """Returns how many numbers of spins there are."""
        return len(self._names)

    def _read(self, name: str) -> np.ndarray:
        try:
            return np.asanyarray(self._arrays[name])
        except ValueError as error:
            raise ValueError(f"File {self._path}: `{name}` is no array of numbers.") from error


def _opened(path: Path) -> Mapping[str, np.ndarray]:
    try:
        content = np.load(path, mmap_mode="r")
    except (ValueError, EOFError) as error:
        raise ValueError(f"File {path} must be an npz or npy file of numbers.") from error
    return {"psi": content} if isinstance(content, np.ndarray) else content


def _n_sites(path: Path, name: str, array: np.ndarray) -> int:
    width = array.shape[-1] if array.ndim == 3 else 0
    n_sites = width.bit_length() - 1
    named = re.fullmatch(r"psi_(\d+)", name)
    if width < 2 or width != 2**n_sites or (named and int(named[1]) != n_sites):
        wanted = f"2**{named[1]} = {2 ** int(named[1])}" if named else "2**n"
        raise ValueError(
            f"File {path}: `{name}` must have the shape (n_trajectories, n_times, {wanted}),"
            f" but has {array.shape}."
        )
    return n_sites


def _time_step(path: Path, times: np.ndarray) -> float:
    steps = np.diff(times) if times.ndim == 1 and times.dtype.kind in "iuf" else np.zeros(0)
    if not steps.size or not np.isfinite(steps).all() or steps[0] <= 0:
        raise ValueError(f"File {path}: `{TIMES}` must be ascending times (n_times,).")
    uneven = np.abs(steps - steps[0]) > _UNEVEN * steps[0]
    if uneven.any():
        k = int(uneven.argmax())
        raise ValueError(
            f"File {path}: `{TIMES}` must be uniform, but the steps are {steps[0]:.6g} at first and"
            f" {steps[k]:.6g} after time {k}."
        )
    return float((times[-1] - times[0]) / (len(times) - 1))


def _hamiltonian(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    is_json = text.lstrip().startswith("{")
    try:
        content = json.loads(text if is_json else Path(text).read_text())
    except ValueError as error:
        raise ValueError(
            f"Flag --hamiltonian must hold JSON or name a file of it: {error}."
        ) from error
    if not isinstance(content, dict):
        raise ValueError(f"Flag --hamiltonian must hold a JSON object, but holds {content!r:.40}.")
    return content


def main() -> None:
    """Runs the command `qtf-import`."""
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        sys.argv[1] = f"--file={sys.argv[1]}"
    flags.mark_flags_as_required(["file", "out_dir"])
    run_command("qtf-import", _import)


def _import() -> None:
    # Imported here so that --help and mistakes in the flags answer at once.
    from qtf.data.given import write_trajectories

    arrays = ArrayFile(Path(value_of(_FILE)))
    out_dir = value_of(_OUT_DIR)
    manifest = write_trajectories(
        out_dir,
        arrays,
        dt=_dt(arrays),
        hamiltonian=_hamiltonian(_HAMILTONIAN.value),
        validation=_VALIDATION.value,
        test=_TEST.value,
        normalize=_NORMALIZE.value,
        seed=_SEED.value,
        dtype=_DTYPE.value,
        compression=_COMPRESSION.value,
    )
    size = sum(shard.n_bytes for shard in manifest.files) / 1e6
    print(f"Folder {out_dir} is complete: {len(manifest.files)} shards, {size:.1f} MB.")
    for split in sorted({shard.split for shard in manifest.files}):
        counts = [
            f"{manifest.n_trajectories(split, n)} of n = {n}" for n in manifest.n_sites(split)
        ]
        print(f"  {split}: {', '.join(counts)}")


def _dt(arrays: ArrayFile) -> float:
    dt, told = _DT.value, arrays.dt
    if dt is None and told is None:
        raise ValueError(f"Flag --dt is needed, as the file holds no `{TIMES}`.")
    if dt is not None and told is not None and abs(dt - told) > _UNEVEN * told:
        raise ValueError(f"Flag --dt must be {told:.6g}, as `{TIMES}` says, but is {dt}.")
    return float(told if dt is None else dt)


if __name__ == "__main__":
    main()
