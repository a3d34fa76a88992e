"""Outcomes of measurements on open systems, and exact values of small ones."""

import json
import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Self, cast

import numpy as np

from qtf.physics import (
    MEASUREMENTS,
    HamiltonianSettings,
    JumpSettings,
    Lindbladian,
    PauliSum,
    PauliTerm,
    SeveralSteadyStates,
    point_spins,
)
from qtf.physics.density_matrices import BLOCH_ANGLES
from qtf.typing import Json
from serving.page.hamiltonian_text import hamiltonian_text
from serving.page.request_error import RequestError
from serving.page.served_model import (
    DEFAULT_MAX_SAMPLES,
    geometry,
    hamiltonian_of,
    positive_integer,
    section,
)

# Of 8 spins the evolution takes some ten seconds of one core.
MAX_EXACT_SITES = 8
N_TIMES = 41
# The page's threads must not all wait for one computation.
PATIENCE_SECONDS = 3.0
_MOST_KEPT = 16
DIRECTIONS = ("x", "y", "z")
Angles = tuple[tuple[float, float], ...]
# A string of Pauli matrices: its sites and their letters.
Strings = Sequence[tuple[tuple[int, ...], str]]


@dataclass(frozen=True)
class OpenSystem:
    """What exact values need to know of an open system.

    Attributes:
        physics: The Hamiltonian.
        jumps: The jumps of every spin.
        measurement: Measurement whose outcomes the model draws, one of `MEASUREMENTS`.
        time: Time at which the system has this distribution; None: at rest.
        start: Bloch angles (theta, phi) of every spin at time 0; None: no product is known.
        max_samples: Largest number of samples of one request.
    """

    physics: HamiltonianSettings
    jumps: JumpSettings
    measurement: str
    time: float | None
    start: Angles | None
    max_samples: int

    @classmethod
    def from_config(cls, config: Mapping[str, Json]) -> Self:
        """Reads the configuration of a run.

        Raises:
            ValueError: It lacks what is needed, or says something impossible.
        """
        measurement = config.get("measurement")
        if measurement not in MEASUREMENTS:
            words = ", ".join(MEASUREMENTS)
            raise ValueError(f"Key `measurement` must be one of {words}, but is {measurement!r}.")
        physics = hamiltonian_of(config)
        return cls(
            physics=physics,
            jumps=_jumps(config, physics.lattice.n_sites),
            measurement=measurement,
            time=_time(config),
            start=_start(config, physics.lattice.n_sites),
            max_samples=positive_integer(config, "max_samples", DEFAULT_MAX_SAMPLES),
        )

    @property
    def n_sites(self) -> int:
        """Number of spins."""
        return self.physics.lattice.n_sites

    def description(self) -> dict[str, Json]:
        """Returns what the page shows of the model, as JSON can hold it."""
        povm = MEASUREMENTS[self.measurement]()
        return {
            **geometry(self.physics),
            "hamiltonian_text": hamiltonian_text(self.physics.as_mapping()),
            "jumps_text": self.jumps.describe(),
            "measurement": self.measurement,
            "pauli_values": {d: povm.pauli_values(d.upper()).tolist() for d in DIRECTIONS},
            "time": self.time,
            "max_samples": self.max_samples,
            "has_exact": self.n_sites <= MAX_EXACT_SITES and self._is_determined(),
        }

    def exact(self) -> dict[str, Any]:
        """Returns exact values, of at most 8 spins.

        Returns:
            `times` (n_times,), one of them, 0, at rest; `means`, by "x" .. "zz" the averages over
            sites and over nearest neighbours at these times, (n_times,) each; `sites`, by
            direction <P_i> at the end, (n_sites,) each; `pairs`, by direction <P_i P_j> there,
            (n_sites, n_sites) each, with ones on the diagonal.

        Raises:
            ValueError: Several states are at rest, or none was found.
            RequestError: Those of another model are being computed.
        """
        values = {
            "hamiltonian": self.physics.as_mapping(),
            "jumps": self.jumps.as_mapping(),
            "time": self.time,
            "start": None if self.time is None else self.start,
        }
        return _KEPT.find(json.dumps(values, sort_keys=True))

    def _is_determined(self) -> bool:
        return self.time is None or self.start is not None


class _KeptValues:
    """Exact values by what they depend on; one computation at a time, whoever asks."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str, Any]] = {}
        self._computing = threading.Lock()

    def find(self, text: str) -> dict[str, Any]:
        """Returns the values of a system, kept or computed now."""
        if text in self._found:
            return self._found[text]
        if not self._computing.acquire(timeout=PATIENCE_SECONDS):
            raise RequestError(
                "Exact values of a model are being computed; ask again in a while.",
                HTTPStatus.SERVICE_UNAVAILABLE,
            )
        try:
            if text not in self._found:
                found = _exact(json.loads(text))
                while len(self._found) >= _MOST_KEPT:
                    del self._found[next(iter(self._found))]
                self._found[text] = found
            return self._found[text]
        finally:
            self._computing.release()


_KEPT = _KeptValues()


def _exact(values: Mapping[str, Any]) -> dict[str, Any]:
    physics = HamiltonianSettings.from_mapping(values["hamiltonian"])
    n_sites = physics.lattice.n_sites
    jumps = JumpSettings.from_mapping(values["jumps"]).build(n_sites)
    lindbladian = Lindbladian(physics.build(), jumps)
    if values["time"] is None:
        times = np.zeros(1)
        try:
            rho = lindbladian.steady_state()[None]
        except SeveralSteadyStates as error:
            raise ValueError("More than one state stays as it is.") from error
    else:
        times = np.linspace(0.0, values["time"], N_TIMES if values["time"] else 1)
        rho = lindbladian.evolve(_product(values["start"]), times)
    bonds = physics.lattice.bonds()
    means = {}
    for direction in DIRECTIONS:
        sites: Strings = [((site,), direction) for site in range(n_sites)]
        means[direction] = _mean(n_sites, sites, rho)
        if bonds:
            means[2 * direction] = _mean(n_sites, [(b, 2 * direction) for b in bonds], rho)
    return {"times": times, "means": means, **_by_site(rho[-1], n_sites)}


def _by_site(rho: np.ndarray, n_sites: int) -> dict[str, Any]:
    sites, pairs = {}, {}
    for direction in DIRECTIONS:
        singles = [_mean(n_sites, [((site,), direction)], rho) for site in range(n_sites)]
        sites[direction] = np.array(singles)
        table = np.eye(n_sites)
        for i, j in _pairs(n_sites):
            table[i, j] = table[j, i] = _mean(n_sites, [((i, j), 2 * direction)], rho)
        pairs[direction] = table
    return {"sites": sites, "pairs": pairs}


def _pairs(n_sites: int) -> Iterator[tuple[int, int]]:
    return ((i, j) for i in range(n_sites) for j in range(i + 1, n_sites))


def _mean(n_sites: int, strings: Strings, rho: np.ndarray) -> np.ndarray:
    """Returns the mean over strings of Tr(P rho), of rho (..., 2**n, 2**n)."""
    terms = [PauliTerm(1.0 / len(strings), sites, paulis.upper()) for sites, paulis in strings]
    # `apply` acts on the last axis: on each column of rho.
    columns = np.swapaxes(rho, -1, -2)
    applied = PauliSum(n_sites, terms).apply(columns)
    # A copy, because what is part of complex numbers cannot be written as JSON.
    return np.trace(applied, axis1=-2, axis2=-1).real.copy()


def _product(angles: list[list[float]]) -> np.ndarray:
    psi = np.ones(1, np.complex128)
    for spin in point_spins(angles):
        psi = np.multiply.outer(psi, spin).reshape(-1)
    return np.outer(psi, psi.conj())


def _jumps(config: Mapping[str, Json], n_sites: int) -> JumpSettings:
    physics = section(config, "physics")
    older = physics.get("decay_rate")
    values = section(physics, "jumps") if older is None else {"decay": older}
    try:
        jumps = JumpSettings.from_mapping(values)
        jumps.build(n_sites)
    except (TypeError, ValueError) as error:
        raise ValueError(f"Key `physics.jumps` must be valid, but: {error}") from error
    return jumps


def _time(config: Mapping[str, Json]) -> float | None:
    time = section(config, "serving").get("time")
    if time is None:
        return None
    is_number = isinstance(time, int | float) and not isinstance(time, bool)
    if not is_number or not 0 <= cast(float, time) < math.inf:
        raise ValueError(f"Key `serving.time` must be a time or null, but is {time!r}.")
    return float(cast(float, time))


def _start(config: Mapping[str, Json], n_sites: int) -> Angles | None:
    """Returns the Bloch angles of every spin; None: it began as something else."""
    given = config.get("start_angles")
    if given is None:
        word = config.get("start")
        is_known = isinstance(word, str) and word in BLOCH_ANGLES
        return (BLOCH_ANGLES[cast(str, word)],) * n_sites if is_known else None
    try:
        angles = np.array(given, np.float64).reshape(-1, 2)
        point_spins(angles)
    except (TypeError, ValueError) as error:
        raise ValueError(f"Key `start_angles` must be valid, but: {error}") from error
    if len(angles) not in (1, n_sites):
        raise ValueError(
            f"Key `start_angles` must have a pair for each of {n_sites} spins, but has"
            f" {len(angles)}."
        )
    return tuple((float(theta), float(phi)) for theta, phi in np.broadcast_to(angles, (n_sites, 2)))
