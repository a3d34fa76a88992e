"""What the client returns about models that are sampled: wave functions and open systems."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import ArrayLike

from serving.client.errors import unusable_answer
from serving.client.states import checked_output, named_output
from serving.client.transport import UNNAMED

# Seeds of one call follow one another; those of different ones lie this far apart.
_APART = 2**32
_LARGEST_SEED = 2**31 - 1


@dataclass(frozen=True)
class Mean:
    """A mean over samples.

    Attributes:
        value: The mean.
        error: Its standard error.
    """

    value: float
    error: float

    @classmethod
    def of(cls, values: np.ndarray) -> "Mean":
        """Returns the mean of independent values, at least two."""
        error = float(values.std(ddof=1)) / float(np.sqrt(len(values)))
        return cls(float(values.mean()), error)

    def __str__(self) -> str:
        return f"{self.value:.6f} +- {self.error:.1g}"


@dataclass(frozen=True)
class Samples:
    """Independent samples.

    Attributes:
        values: int32 (n_samples, n_sites): bits of a wave function, 0 is up, or outcomes of the
            measurement of an open system, 0 to 3.
        log_prob: Logarithms of their probabilities, float64 (n_samples,).
        phase: Phases of psi; None for open systems.
        version: Version of the model that answered; None over REST unless it was chosen.
    """

    values: np.ndarray
    log_prob: np.ndarray
    phase: np.ndarray | None
    version: int | None


@dataclass(frozen=True)
class GroundState:
    """What samples tell of a wave function.

    Attributes:
        energy: Mean of the local energy.
        variance: Of the local energy; 0 for an exact eigenstate.
        v_score: n_sites variance / energy^2.
        magnetization: <Z>, averaged over sites.
        abs_magnetization: Mean of |mean of Z over sites|.
        n_samples: Number of samples.
        version: Version of the model that answered; None as in `Samples`.
    """

    energy: Mean
    variance: float
    v_score: float
    magnetization: Mean
    abs_magnetization: Mean
    n_samples: int
    version: int | None

    @classmethod
    def of(
        cls, values: Mapping[str, np.ndarray], n_sites: int, version: int | None
    ) -> "GroundState":
        """Returns it from the values of single samples."""
        real, imaginary = (
            values[f"local_energy_{part}"].astype(np.float64) for part in ("re", "im")
        )
        energy = Mean.of(real)
        variance = float(real.var() + imaginary.var())
        # The energy of an empty Hamiltonian is 0.
        score = n_sites * variance / energy.value**2 if energy.value else float("nan")
        return cls(
            energy=energy,
            variance=variance,
            v_score=score,
            magnetization=Mean.of(values["magnetization"].astype(np.float64)),
            abs_magnetization=Mean.of(values["abs_magnetization"].astype(np.float64)),
            n_samples=len(real),
            version=version,
        )


@dataclass(frozen=True)
class OpenSystem:
    """What samples tell of an open system.

    Attributes:
        x: <X>, averaged over sites; y and z likewise.
        xx: <XX>, averaged over nearest neighbours; yy and zz likewise. None of one spin.
        n_samples: Number of samples.
        version: Version of the model that answered; None as in `Samples`.
    """

    x: Mean
    y: Mean
    z: Mean
    xx: Mean | None
    yy: Mean | None
    zz: Mean | None
    n_samples: int
    version: int | None

    @classmethod
    def of(cls, values: Mapping[str, np.ndarray], version: int | None) -> "OpenSystem":
        """Returns it from the values of single samples."""
        means = {name: Mean.of(column.astype(np.float64)) for name, column in values.items()}
        return cls(
            x=means["x"],
            y=means["y"],
            z=means["z"],
            xx=means.get("xx"),
            yy=means.get("yy"),
            zz=means.get("zz"),
            n_samples=len(values["x"]),
            version=version,
        )


def checked_n_samples(n_samples: object) -> int:
    """Returns a number of samples, at least two.

    Raises:
        ValueError: It is no integer, or smaller.
    """
    is_integer = isinstance(n_samples, int | np.integer) and not isinstance(n_samples, bool)
    if not is_integer or cast(int, n_samples) < 2:
        raise ValueError(
            f"Argument `n_samples` must be an integer of at least 2, but is {n_samples!r}."
        )
    return int(cast(int, n_samples))


def seeds_of(seed: object, n_samples: int) -> np.ndarray:
    """Returns the seeds of all samples of a call, int64 (n_samples,).

    Raises:
        ValueError: `seed` is no integer from 0 to 2**31 - 1.
    """
    is_integer = isinstance(seed, int | np.integer) and not isinstance(seed, bool)
    if not is_integer or not 0 <= cast(int, seed) <= _LARGEST_SEED:
        raise ValueError(
            f"Argument `seed` must be an integer from 0 to {_LARGEST_SEED}, but is {seed!r}."
        )
    return _APART * np.int64(cast(int, seed)) + np.arange(n_samples, dtype=np.int64)


def checked_rows(name: str, rows: ArrayLike) -> np.ndarray:
    """Returns configurations or outcomes as int32 (n, n_sites).

    Raises:
        ValueError: They are no integers, have another rank or are empty.
    """
    array = np.asarray(rows)
    if array.dtype.kind not in "iub" or array.ndim != 2 or not array.size:
        raise ValueError(
            f"Argument `{name}` must hold integers of shape (n, n_sites), but has dtype"
            f" {array.dtype} and shape {array.shape}."
        )
    return array.astype(np.int32)


def column(outputs: Mapping[str, np.ndarray], name: str, n_rows: int) -> np.ndarray:
    """Returns an output with a number for each row.

    Raises:
        ServingError: It is missing or has another shape.
    """
    is_unnamed = set(outputs) == {UNNAMED}
    return checked_output({name: outputs[UNNAMED]} if is_unnamed else outputs, name, (n_rows,))


def checked_output_rows(outputs: Mapping[str, np.ndarray], name: str, n_rows: int) -> np.ndarray:
    """Returns an output with a row of integers for each sample, int32.

    Raises:
        ServingError: It is missing or has another shape.
    """
    rows = named_output(outputs, name)
    if rows.ndim != 2 or len(rows) != n_rows:
        raise unusable_answer(f"output `{name}` has shape {rows.shape}, not ({n_rows}, n_sites).")
    return rows.astype(np.int32)
