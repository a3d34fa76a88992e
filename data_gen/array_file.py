"""Files of arrays as trajectories of any origin come in."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

TIMES, STEP = "times", "dt"
# Of two differences of times, relative to the first: those of single precision pass.
UNEVEN = 1e-4


class ArrayFile(Mapping[int, np.ndarray]):
    """The trajectories of a file by their numbers of spins, read when they are asked for.

    Args:
        path: The file.

    Attributes:
        dt: Time step of its `times` or `dt`, or None.

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
            if name in (TIMES, STEP):
                self._set_dt(_time_step(path, array) if name == TIMES else _number(path, array))
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

    def _set_dt(self, dt: float) -> None:
        if self.dt is not None and abs(dt - self.dt) > UNEVEN * self.dt:
            raise ValueError(
                f"File {self._path}: `{TIMES}` and `{STEP}` must agree, but say {self.dt:.6g} and"
                f" {dt:.6g}."
            )
        self.dt = dt

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
    uneven = np.abs(steps - steps[0]) > UNEVEN * steps[0]
    if uneven.any():
        k = int(uneven.argmax())
        raise ValueError(
            f"File {path}: `{TIMES}` must be uniform, but the steps are {steps[0]:.6g} at first and"
            f" {steps[k]:.6g} after time {k}."
        )
    return float((times[-1] - times[0]) / (len(times) - 1))


def _number(path: Path, step: np.ndarray) -> float:
    if step.shape != () or step.dtype.kind not in "iuf" or not 0.0 < step < np.inf:
        raise ValueError(f"File {path}: `{STEP}` must be a positive number, but is {step}.")
    return float(step)
