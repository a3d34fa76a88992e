"""The settings of simulated shots, checked before anything is computed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, cast

import numpy as np

from qtf.checks import COUNT, NOT_NEGATIVE, SEED, Number, Several, require
from qtf.measurements.drawn_settings import RANDOM, random_setting
from qtf.measurements.experiments import Setting
from qtf.measurements.model import MAX_OPEN_SITES, ShotModel
from qtf.measurements.trajectories import TrajectoryModel
from qtf.physics import (
    HamiltonianSettings,
    JumpSettings,
    PauliSum,
    SampledFunction,
    build_driven,
)
from qtf.physics.driven import Coefficient
from qtf.settings import Settings

# At one half 0 and 1 are told apart no more.
ERROR = Number(least=0, below=0.5)
SHARE = Number(least=0, most=1)


@dataclass(frozen=True)
class ShotSettings(Settings):
    """What is measured, and of what.

    Attributes:
        hamiltonian: Hamiltonian with its size; at most 16 spins. With jumps, beyond 7 spins each
            shot is that of a quantum trajectory.
        drive: Terms of the Hamiltonian that depend on the time: mappings with `term` (a
            Hamiltonian, or the name of a coefficient), `times`, `values` and `law`
            (`piecewise_constant`, `linear` or `cubic`).
        jumps: Rates of jumps by their kinds.
        depolarised: Share with which the state that a site is prepared in is replaced by the
            maximally mixed one: one number, or one for each site; empty: 0. Beyond 7 spins each
            shot is that of a quantum trajectory, then, too.
        e01: Probability that 0 is read as 1.
        e10: Probability that 1 is read as 0.
        times: Times of the measurements.
        n_settings: Settings at each time.
        shots: Shots of each setting.
        preparation: Direction of each site at time 0, one word for all, such as "+z", or words with
            spaces between; `random`: uniform on the Bloch spheres of all sites; `axes`: one of six
            directions for each site.
        basis: A letter X, Y or Z for each site; `random`: another basis for each setting.
        seed: Seed of settings and shots.
    """

    hamiltonian: HamiltonianSettings = field(
        default_factory=lambda: HamiltonianSettings.from_mapping({"name": "ising", "n_sites": 4})
    )
    drive: tuple[Mapping[str, Any], ...] = ()
    jumps: JumpSettings = field(default_factory=JumpSettings)
    depolarised: Annotated[tuple[float, ...], Several(SHARE)] = ()
    e01: Annotated[float, ERROR] = 0.0
    e10: Annotated[float, ERROR] = 0.0
    times: Annotated[tuple[float, ...], Several(NOT_NEGATIVE, at_least=1)] = (
        0.2,
        0.4,
        0.6,
        0.8,
        1.0,
    )
    n_settings: Annotated[int, COUNT] = 40
    shots: Annotated[int, COUNT] = 100
    preparation: str = "+z"
    basis: str = RANDOM
    seed: Annotated[int, SEED] = 0

    def __post_init__(self) -> None:
        """Checks every rule."""
        super().__post_init__()
        n_sites = self.n_sites
        require(
            self.basis == RANDOM or len(self.basis) == n_sites,
            "basis",
            f"be `{RANDOM}` or have {n_sites} letters",
            self.basis,
        )
        require(
            len(self.depolarised) in (0, 1, n_sites),
            "depolarised",
            f"hold one number or {n_sites}",
            self.depolarised,
        )
        # A preparation or a letter that there is not.
        self.setting(0)
        self._check_reached(max(self.times))

    @property
    def n_sites(self) -> int:
        """Number of spins."""
        return self.hamiltonian.lattice.n_sites

    @property
    def size(self) -> int:
        """Number of settings."""
        return len(self.times) * self.n_settings

    @property
    def model(self) -> ShotModel:
        """The model, whose coefficients and rates are in its operators."""
        terms, shapes = self._terms()
        jumps = self.jumps.build(self.n_sites) if self.jumps.has_rates() else ()
        sites = range(self.n_sites)
        each = [range(site, site + 1) for site in sites]
        shares = zip(
            [sites] if len(self.depolarised) == 1 else each, self.depolarised, strict=False
        )
        is_mixed = bool(jumps or any(self.depolarised))
        kind = TrajectoryModel if is_mixed and self.n_sites > MAX_OPEN_SITES else ShotModel
        return kind(
            self.n_sites,
            terms,
            {"jumps": jumps} if jumps else {},
            {"e01": ("e01", sites), "e10": ("e10", sites)} if self.e01 or self.e10 else {},
            shapes=shapes,
            preparation_errors={f"depolarised@{of.start + 1}": of for of, share in shares if share},
        )

    @property
    def parameters(self) -> np.ndarray:
        """The parameters of the model."""
        scales = [1.0] * (1 + len(self.drive) + self.jumps.has_rates())
        errors = [self.e01, self.e10] if self.e01 or self.e10 else []
        return np.array([*scales, *filter(None, self.depolarised), *errors])

    def _terms(self) -> tuple[dict[str, PauliSum], dict[str, Coefficient]]:
        """Returns the terms of the Hamiltonian, and what the driven ones are multiplied by."""
        if not self.drive:
            return {"hamiltonian": self.hamiltonian.build()}, {}
        (_, constant), *driven = build_driven(self.hamiltonian, self.drive).terms
        names = [f"drive{number}" for number, _ in enumerate(driven, 1)]
        terms = {f"{name}*term": term for name, (_, term) in zip(names, driven, strict=True)}
        shapes = {name: shape for name, (shape, _) in zip(names, driven, strict=True)}
        return {"hamiltonian": constant, **terms}, shapes

    def setting(self, number: int) -> Setting:
        """Returns one setting, with random numbers of its own.

        Args:
            number: Number of the setting.
        """
        return random_setting(
            self.n_sites,
            self.times[number // self.n_settings],
            self.shots,
            preparation=self.preparation,
            basis=self.basis,
            seed=self.seed,
            number=number,
        )

    def check_measured(self, measured: Sequence[Setting]) -> None:
        """Checks that settings can be measured of this system.

        Args:
            measured: At least one setting.

        Raises:
            ValueError: One has another number of sites, or is later than what is known of the
                drive.
        """
        for setting in measured:
            if setting.n_sites != self.n_sites:
                raise ValueError(
                    f"Setting `hamiltonian` must have {setting.n_sites} sites as the settings that"
                    f" are measured have, but has {self.n_sites}."
                )
        self._check_reached(max(setting.time for setting in measured))

    def _check_reached(self, time: float) -> None:
        """Checks that the samples of the drive reach as far as a measurement."""
        for shape in self.model.shapes.values():
            for moment in (0.0, time):
                cast(SampledFunction, shape)(moment)
