"""References from quantum trajectories: what is followed, their pieces, and the folder of them.

Trajectories are cut into pieces that depend on the number of sites alone. Of each piece the means
and the sums of products of deviations are kept, so that neither the number of processes nor how
often the work was interrupted changes a result, and more trajectories can be added.
"""

import functools
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qtf.files import read_object, write_json
from qtf.open_systems.runs.settings import OpenSystemSettings, PhysicsSettings
from qtf.open_systems.settings import DIRECTIONS, STARTS
from qtf.physics import Lindbladian, PauliSum, point_spins, trajectory_values
from qtf.physics.control_variates import control_variates, with_controls
from qtf.physics.monte_carlo_wave_functions import MAX_TRAJECTORY_SITES, steady_times
from qtf.physics.observables import mean_over_sites
from qtf.settings import differences
from qtf.typing import Array

RESULT = "trajectories.json"
# Amplitudes of a piece, one state of 16 spins, and the most trajectories of one.
PIECE_AMPLITUDES, MAX_PIECE = 1 << 16, 64


@dataclass(frozen=True)
class AtRest:
    """When trajectories are averaged over for a steady state.

    Attributes:
        burn_in: Time before the average begins.
        duration: Time that it lasts.
        interval: Time between measurements.
        controls: Whether operators whose mean at rest is zero are measured, too, which take most
            of the noise from the averages.
    """

    burn_in: float = 10.0
    duration: float = 50.0
    interval: float = 0.25
    controls: bool = True

    def as_mapping(self) -> dict[str, Any]:
        """Returns all of it as JSON values, as long ago where there are no controls."""
        values = dict(vars(self))
        if not self.controls:
            del values["controls"]
        return values

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "AtRest":
        """Returns what `as_mapping` wrote."""
        return cls(**{"controls": False, **values})


@dataclass(frozen=True)
class TrajectorySettings:
    """What trajectories follow, apart from their number.

    Attributes:
        physics: JSON values of the system.
        start: Direction of all spins at time 0.
        start_angles: Bloch angles instead, a pair for all spins or for each.
        times: Times of the means; None: those of the steady state.
        at_rest: When steady states are averaged.
        seed: Seed of the trajectories.
        tolerance: Bound of the estimated error of a state in a unit of time.

    Raises:
        ValueError: The start is no product state, or there are too many sites.
    """

    physics: Mapping[str, Any]
    start: str
    start_angles: Sequence[Sequence[float]] | None
    times: Sequence[float] | None
    at_rest: AtRest = AtRest()
    seed: int = 0
    tolerance: float = 1e-5

    def __post_init__(self) -> None:
        if self.start_angles is None and self.start not in STARTS:
            raise ValueError(
                f"Setting `start` must be one of {', '.join(STARTS)} for trajectories, but is"
                f" {self.start!r}."
            )
        if self.n_sites > MAX_TRAJECTORY_SITES:
            raise ValueError(
                f"Trajectories need at most {MAX_TRAJECTORY_SITES} sites, but there are"
                f" {self.n_sites}."
            )
        rest = self.at_rest
        steady_times(rest.burn_in, rest.duration, rest.interval)

    @classmethod
    def of_run(
        cls,
        settings: OpenSystemSettings,
        *,
        times: Sequence[float] | None = None,
        at_rest: AtRest | None = None,
        seed: int = 0,
    ) -> "TrajectorySettings":
        """Returns what the run of an open system can be held against.

        Args:
            settings: Settings of the run.
            times: Other times than those after its steps.
            at_rest: When steady states are averaged; None: as usual.
            seed: Seed of the trajectories.

        Raises:
            ValueError: As above.
        """
        if times is None and not settings.steady_state.n_epochs:
            n_epochs, tau = settings.training.last_epoch, settings.dynamics.tau
            times = (2.0 * tau * np.arange(n_epochs + 1)).tolist()
        angles = settings.start_angles
        return cls(
            physics=settings.physics.as_mapping(),
            start=settings.start,
            start_angles=None if angles is None else [list(pair) for pair in angles],
            times=times,
            at_rest=at_rest or AtRest(),
            seed=seed,
        )

    def as_mapping(self) -> dict[str, Any]:
        """Returns all of it as JSON values; only those that matter."""
        values: dict[str, Any] = {**vars(self), "at_rest": self.at_rest.as_mapping()}
        del values["at_rest" if self.times is not None else "times"]
        return json.loads(json.dumps(values))

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "TrajectorySettings":
        """Returns the settings that `as_mapping` wrote."""
        at_rest = AtRest.from_mapping(values.get("at_rest", {}))
        return cls(**{"times": None, **values, "at_rest": at_rest})

    @property
    def n_sites(self) -> int:
        """Number of sites."""
        return PhysicsSettings.from_mapping(self.physics).hamiltonian.lattice.n_sites

    @property
    def piece_size(self) -> int:
        """Trajectories of a piece."""
        return min(MAX_PIECE, max(1, PIECE_AMPLITUDES >> self.n_sites))

    def values(self, numbers: range) -> Array:
        """Returns <X>, <Y>, <Z> over sites of some trajectories, (n_trajectories, n_rows, 3).

        A row is a time; at rest there are two, the average over time, and that of its second half
        less that of the first, and what controls are asked for follow the three.
        """
        rest = self.at_rest
        has_controls = self.times is None and rest.controls
        lindbladian, measured = _equation(json.dumps(self.physics), has_controls=has_controls)
        values = trajectory_values(
            lindbladian,
            self._psi0(lindbladian.n_sites),
            steady_times(rest.burn_in, rest.duration, rest.interval)
            if self.times is None
            else np.array(self.times),
            measured,
            numbers,
            seed=self.seed,
            tolerance=self.tolerance,
        )
        if self.times is not None:
            return values
        half = values.shape[1] // 2
        drift = values[:, -half:].mean(axis=1) - values[:, :half].mean(axis=1)
        return np.stack([values.mean(axis=1), drift], axis=1)

    def _psi0(self, n_sites: int) -> Array:
        spins = np.array([STARTS.get(self.start, (1.0, 0.0))])
        if self.start_angles is not None:
            spins = point_spins(self.start_angles)
        psi = np.ones(1)
        for spin in np.broadcast_to(spins, (n_sites, 2)):
            psi = np.kron(psi, spin)
        return psi


@functools.cache
def _equation(physics: str, *, has_controls: bool) -> tuple[Lindbladian, list[PauliSum]]:
    """Returns the equation of a system in JSON, and what is measured: once for all its pieces."""
    settings = PhysicsSettings.from_mapping(json.loads(physics))
    hamiltonian = settings.hamiltonian.build()
    lindbladian = Lindbladian(hamiltonian, settings.jumps.build(hamiltonian.n_sites))
    measured = [mean_over_sites(hamiltonian.n_sites, name.upper()) for name in DIRECTIONS]
    return lindbladian, [*measured, *(control_variates(lindbladian) if has_controls else ())]


@dataclass(frozen=True)
class Piece:
    """Means over some trajectories.

    Attributes:
        first: Number of the first trajectory.
        n: How many there are.
        means: Their means, (n_rows, n_means).
        products: Sums of products of their deviations from the means, (n_rows, n_means, n_means).
        seconds: Seconds of a processor that they took.
    """

    first: int
    n: int
    means: Array
    products: Array
    seconds: float

    def as_mapping(self) -> dict[str, Any]:
        """Returns all of it as JSON values."""
        return {**vars(self), "means": self.means.tolist(), "products": self.products.tolist()}

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "Piece":
        """Returns the piece that `as_mapping` wrote."""
        values = dict(values)
        if "squares" in values:
            # Without controls there were once the diagonals alone, which is all that they need.
            values["products"] = [np.diag(row) for row in values.pop("squares")]
        arrays = {name: np.array(values[name], float) for name in ("means", "products")}
        return cls(**{**values, **arrays})


def planned_pieces(settings: TrajectorySettings, n_trajectories: int) -> Iterator[range]:
    """Yields the trajectories of each piece.

    Example:
        >>> settings = TrajectorySettings.of_run(OpenSystemSettings(), times=[1.0])
        >>> [len(numbers) for numbers in planned_pieces(settings, 150)]
        [64, 64, 22]
    """
    for first in range(0, n_trajectories, settings.piece_size):
        yield range(first, min(first + settings.piece_size, n_trajectories))


def compute_piece(mapping: Mapping[str, Any], numbers: range) -> Piece:
    """Follows some trajectories.

    Args:
        mapping: JSON values of the settings.
        numbers: Numbers of the trajectories.
    """
    started = time.process_time()
    values = TrajectorySettings.from_mapping(mapping).values(numbers)
    means = values.mean(axis=0)
    products = _products(values - means)
    seconds = time.process_time() - started
    return Piece(numbers.start, len(numbers), means, products, seconds)


def _products(deviations: Array, counts: Array | float = 1.0) -> Array:
    """Returns sums over the first axis of products of deviations, row by row."""
    rows = deviations.swapaxes(0, 1)
    return (counts * deviations).swapaxes(0, 1).swapaxes(1, 2) @ rows


@dataclass(frozen=True)
class Trajectories:
    """Means over trajectories, and what they were computed for.

    Attributes:
        settings: JSON values of the settings.
        n_trajectories: Number of trajectories.
        means: <X>, <Y>, <Z> averaged over sites, (n_times, 3); at rest (1, 3).
        errors: Their standard errors.
        drift: At rest, means of the second half of the time less those of the first, with their
            errors, (2, 3): what the burn-in has left.
        minutes: Minutes of a processor that they took.
    """

    settings: Mapping[str, Any]
    n_trajectories: int
    means: Array
    errors: Array
    drift: Array | None
    minutes: float

    @classmethod
    def of_pieces(cls, settings: Mapping[str, Any], pieces: Sequence[Piece]) -> "Trajectories":
        """Returns the means over all pieces, of at least two trajectories, in their order."""
        counts = np.array([piece.n for piece in pieces])[:, None, None]
        means = np.stack([piece.means for piece in pieces])
        n = int(counts.sum())
        total = (counts * means).sum(axis=0) / n
        products = sum(piece.products for piece in pieces) + _products(means - total, counts)
        rows = zip(total, products, strict=True)
        total, errors = map(
            np.array, zip(*(with_controls(*row, n, len(DIRECTIONS)) for row in rows), strict=True)
        )
        minutes = sum(piece.seconds for piece in pieces) / 60.0
        if "times" in settings:
            return cls(settings, n, total, errors, None, minutes)
        drift = np.stack([total[1], errors[1]])
        return cls(settings, n, total[:1], errors[:1], drift, minutes)

    @property
    def times(self) -> list[float] | None:
        """Times of the rows; None: they are the steady state."""
        return self.settings.get("times")

    def save(self, folder: Path) -> None:
        """Writes `trajectories.json`."""
        arrays = {"means": self.means.tolist(), "errors": self.errors.tolist()}
        drift = None if self.drift is None else self.drift.tolist()
        write_json(folder / RESULT, {**vars(self), **arrays, "drift": drift})

    @classmethod
    def load(cls, folder: Path) -> "Trajectories":
        """Reads `trajectories.json`.

        Raises:
            FileNotFoundError: There is none.
            ValueError: It is damaged.
        """
        path = folder / RESULT
        if not path.exists():
            raise FileNotFoundError(
                f"Folder {folder} has no {RESULT}, which `qtf trajectories` writes at its end."
            )
        keys = ("settings", "n_trajectories", "means", "errors", "drift", "minutes")
        values = read_object(path, keys=keys)
        arrays = {name: np.array(values[name]) for name in ("means", "errors")}
        drift = None if values["drift"] is None else np.array(values["drift"])
        return cls(**{**{key: values[key] for key in keys}, **arrays, "drift": drift})


def reference_means(
    folder: Path, settings: OpenSystemSettings, times: Array, *, at_rest: bool
) -> tuple[Array, float]:
    """Returns what trajectories say of a run before the first and after each epoch.

    Args:
        folder: Folder of the trajectories.
        settings: Settings of the run.
        times: Time of each row.
        at_rest: Whether the run looks for the steady state, of which all rows then are.

    Returns:
        <X>, <Y>, <Z> averaged over sites, (n_epochs + 1, 3), and the largest standard error.

    Raises:
        FileNotFoundError: There are no trajectories.
        ValueError: They are of something else.
    """
    held = Trajectories.load(folder)
    wanted = TrajectorySettings.of_run(settings).as_mapping()
    alike = ["physics"] if at_rest else ["physics", "start", "start_angles"]
    check_alike(folder, held.settings, {key: wanted[key] for key in alike})
    if at_rest != (held.times is None):
        asked, found = ("steady state", "times") if at_rest else ("times", "steady state")
        raise ValueError(
            f"Setting `reference` must name trajectories of the {asked}, but {folder} has those of"
            f" the {found}."
        )
    if held.times is None:
        return np.repeat(held.means, len(times), axis=0), float(held.errors.max())
    apart = np.abs(np.subtract.outer(times, held.times))
    missing = times[apart.min(axis=1) > 1e-9 * max(1.0, float(times[-1]))]
    if len(missing):
        raise ValueError(
            "Setting `reference` must name trajectories with all times of the run, but"
            f" {folder} has none at {missing[0]:.6g}."
        )
    rows = apart.argmin(axis=1)
    return held.means[rows], float(held.errors[rows].max())


def check_alike(folder: Path, held: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Checks that trajectories are those of some settings.

    Raises:
        ValueError: A value differs; the message names it.
    """
    for key, old, new in differences({key: held.get(key) for key in wanted}, wanted):
        raise ValueError(
            f"Folder {folder} holds trajectories of other settings: `{key}` is {old!r:.80} there,"
            f" but {new!r:.80} now."
        )
