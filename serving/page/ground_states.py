"""Wave functions of ground states, and exact values of small ones."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from qtf.physics import HamiltonianSettings, PauliSum, all_spins
from qtf.typing import Json
from serving.page.hamiltonian_text import hamiltonian_text
from serving.page.served_model import (
    DEFAULT_MAX_SAMPLES,
    geometry,
    hamiltonian_of,
    positive_integer,
    section,
)

# The lowest levels of 4096 states take a fraction of a second.
MAX_EXACT_SITES = 12
# Fewer states than this are diagonalised as a whole.
_FEW = 64
# Levels that differ by less, relative to the largest entry of H, are one.
_SAME_LEVEL = 1e-9


@dataclass(frozen=True)
class GroundState:
    """What exact values need to know of a wave function.

    Attributes:
        physics: The Hamiltonian.
        total: Number of up spins minus that of down spins, where psi is other than zero; None: any.
        level: Number of the states below that it was kept orthogonal to.
        max_samples: Largest number of samples of one request.
    """

    physics: HamiltonianSettings
    total: int | None
    level: int
    max_samples: int

    @classmethod
    def from_config(cls, config: Mapping[str, Json]) -> Self:
        """Reads the configuration of a run.

        Raises:
            ValueError: It lacks what is needed, or says something impossible.
        """
        wave_function = section(config, "wave_function")
        total = wave_function.get("magnetization")
        if total is None and wave_function.get("zero_magnetization"):
            total = 0
        if total is not None and type(total) is not int:
            raise ValueError(
                f"Key `wave_function.magnetization` must be an integer, but is {total!r}."
            )
        below = config.get("orthogonal_to") or ()
        if not isinstance(below, list | tuple):
            raise ValueError(f"Key `orthogonal_to` must be a list, but is {below!r}.")
        max_samples = positive_integer(config, "max_samples", DEFAULT_MAX_SAMPLES)
        return cls(hamiltonian_of(config), total, len(below), max_samples)

    @property
    def n_sites(self) -> int:
        """Number of spins."""
        return self.physics.lattice.n_sites

    def description(self) -> dict[str, Json]:
        """Returns what the page shows of the model, as JSON can hold it."""
        return {
            **geometry(self.physics),
            "hamiltonian_text": hamiltonian_text(self.physics.as_mapping()),
            "level": self.level,
            "magnetization": self.total,
            "max_samples": self.max_samples,
            "has_exact": self.n_sites <= MAX_EXACT_SITES,
        }

    def exact(self) -> dict[str, Any]:
        """Returns the exact level that the wave function is to have, of at most 12 spins.

        Returns:
            `energy` and `gap` to the next level, both within the sector of the wave function;
            `z` (n_sites,) and `zz` (n_sites, n_sites), None where the level has several states.
            All of it None where there is no such level.
        """
        return _exact_level(self.physics.build(), self.total, self.level)


@functools.lru_cache(maxsize=16)
def _exact_level(hamiltonian: PauliSum, total: int | None, level: int) -> dict[str, Any]:
    spins = all_spins(hamiltonian.n_sites).astype(np.float64)
    if total is not None:
        spins = spins[spins.sum(axis=1) == total]
    allowed = _numbers_of(spins)
    if level >= len(allowed):
        return dict.fromkeys(("energy", "gap", "z", "zz"))
    energies, states = _lowest_levels(hamiltonian, allowed, level + 2)
    energy, others = energies[level], np.delete(energies, level)
    nearest = min(abs(others - energy), default=np.inf)
    above = energies[level + 1 :]
    found = {
        "energy": float(energy),
        "gap": float(above[0] - energy) if len(above) else None,
        "z": None,
        "zz": None,
    }
    scale = max(abs(energies).max(), 1.0)
    if nearest > _SAME_LEVEL * scale:
        weights = np.abs(states[:, level]) ** 2
        found["z"] = weights @ spins
        found["zz"] = (spins * weights[:, None]).T @ spins
    return found


def _numbers_of(spins: np.ndarray) -> np.ndarray:
    """Returns the numbers of basis states, (n_states,)."""
    bits = (spins < 0).astype(np.int64)
    return bits @ (1 << np.arange(spins.shape[1])[::-1])


def _lowest_levels(
    hamiltonian: PauliSum, allowed: np.ndarray, n_levels: int
) -> tuple[np.ndarray, np.ndarray]:
    """Returns energies, ascending, and states (n_allowed, n_levels) among some basis states."""
    matrix = hamiltonian.to_sparse()[allowed][:, allowed]
    if len(allowed) <= max(_FEW, 4 * n_levels):
        energies, states = np.linalg.eigh(matrix.toarray())
        return energies[:n_levels], states[:, :n_levels]
    # Imported where it is needed: evolution does without.
    from scipy.sparse.linalg import eigsh

    # ARPACK takes energies far below 1 for zero, and has no answer for H = 0.
    scale = float(abs(matrix).max())
    if scale == 0.0:
        return np.zeros(n_levels), np.eye(len(allowed), n_levels)
    start = np.random.default_rng(0).standard_normal(len(allowed))
    energies, states = eigsh(matrix / scale, k=n_levels, which="SA", v0=start)
    order = np.argsort(energies)
    return scale * energies[order], states[:, order]
