"""What the command is told, and what each of its runs is told."""

from dataclasses import dataclass, field, fields, replace
from typing import Annotated, Any, TypeVar

from qtf.autoregressive.settings import NetworkSettings
from qtf.checks import FINITE, Optional
from qtf.ground_states.settings import (
    MAX_LISTED_SITES,
    GrowthSettings,
    PenaltySettings,
    ReconfigurationSettings,
    RefinementSettings,
    SamplingSettings,
    SymmetrySettings,
    WaveFunctionSettings,
)
from qtf.ground_states.symmetry_groups import symmetry_group
from qtf.physics import HamiltonianSettings
from qtf.settings import Settings
from qtf.training.settings import FULL_PRECISIONS, OptimizerSettings, TrainingSettings

CHAIN = HamiltonianSettings("ising", {"lattice": "chain", "n_sites": 12})
# Images of flipped spins of a sample that are evaluated at once: as fast as more.
MAX_IMAGES = 112


@dataclass(frozen=True)
class PhysicsSettings(Settings, section="physics"):
    """What is searched.

    Attributes:
        hamiltonian: Any real one on a lattice.
    """

    hamiltonian: HamiltonianSettings = CHAIN


def _training() -> TrainingSettings:
    optimizer = OptimizerSettings(
        learning_rate=2e-3,
        schedule="cosine",
        warmup_steps=50,
        floor=1e-5,
        # Gradients shrink with the variance of the local energy.
        beta_2=0.99,
        clip_norm=1.0,
    )
    return TrainingSettings(
        n_epochs=20,
        steps_per_epoch=100,
        monitor="energy",
        stop_metric="v_score",
        figures_every_epochs=5,
        optimizer=optimizer,
    )


@dataclass(frozen=True)
class RunSettings(Settings):
    """What one run of the training loop is told, and what its folder records.

    Attributes:
        physics: What is searched.
        network: The network of the wave function.
        wave_function: What is built into the wave function.
        sampling: Which configurations means are taken over.
        symmetry: Symmetries that the wave function is averaged over.
        penalties: What is lowered beside the energy.
        min_sr: Stochastic reconfiguration.
        reference: Ground energy where it is known; None: the best one that is found for the
            Hamiltonian, if any.
        training: The loop.
    """

    physics: PhysicsSettings = field(default_factory=PhysicsSettings)
    network: NetworkSettings = field(default_factory=NetworkSettings)
    wave_function: WaveFunctionSettings = field(default_factory=WaveFunctionSettings)
    sampling: SamplingSettings = field(default_factory=SamplingSettings)
    symmetry: SymmetrySettings = field(default_factory=SymmetrySettings)
    penalties: PenaltySettings = field(default_factory=PenaltySettings)
    min_sr: ReconfigurationSettings = field(default_factory=ReconfigurationSettings)
    reference: Annotated[float | None, Optional(FINITE)] = None
    training: TrainingSettings = field(default_factory=_training)

    def __post_init__(self) -> None:
        """Checks every rule.

        Raises:
            ValueError: A rule is broken.
        """
        super().__post_init__()
        training, order = self.training, self.network.order
        if training.precision not in FULL_PRECISIONS:
            raise ValueError(
                f"Setting `training.precision` must be one of {', '.join(FULL_PRECISIONS)} for"
                f' ground states, but is "{training.precision}".'
            )
        if order not in (None, self.wave_function.order):
            raise ValueError(
                f'Setting `wave_function.order` must be "{order}" for the network'
                f' {self.network.name}, but is "{self.wave_function.order}".'
            )
        if self.symmetry.in_training and self.sampling.n_prefixes != 1:
            raise ValueError(
                "Setting `sampling.n_prefixes` must be 1 if `symmetry.in_training`, but is"
                f" {self.sampling.n_prefixes}."
            )
        if self.min_sr.diag_shift is not None and training.strategy != "one_device":
            raise ValueError(
                'Setting `training.strategy` must be "one_device" for stochastic reconfiguration,'
                f' but is "{training.strategy}".'
            )
        if self.sampling.every_configuration and self.n_sites > MAX_LISTED_SITES:
            raise ValueError(
                f"Setting `sampling.every_configuration` needs at most {MAX_LISTED_SITES} sites,"
                f" but there are {self.n_sites}."
            )

    @property
    def n_sites(self) -> int:
        """Number of sites of the lattice."""
        return self.physics.hamiltonian.lattice.n_sites


@dataclass(frozen=True)
class SizeStart(Settings, section="growth"):
    """What a size of a growth starts from.

    Attributes:
        start: Name of the run folder with the weights; None: random weights.
    """

    start: str | None = None


@dataclass(frozen=True)
class SizeSettings(RunSettings):
    """What the run of one size of a growth is told.

    Attributes:
        growth: What it starts from.
    """

    growth: SizeStart = field(default_factory=SizeStart)


@dataclass(frozen=True)
class RefinementStart(Settings, section="refinement"):
    """What a refinement starts from.

    Attributes:
        start: Steps of the training before it. Part of the record, so that weights of a longer
            training are not taken for refined already.
    """

    start: int = 0


@dataclass(frozen=True)
class RefinedSettings(RunSettings):
    """What the run of a refinement is told.

    Attributes:
        refinement: What it starts from.
    """

    refinement: RefinementStart = field(default_factory=RefinementStart)


@dataclass(frozen=True)
class GroundStateSettings(RunSettings):
    """What the command is told: a run and what comes after it.

    Attributes:
        refinement: How a small system is refined after the training.
        growth: How the wave function goes on to larger lattices.
    """

    refinement: RefinementSettings = field(default_factory=RefinementSettings)
    growth: GrowthSettings = field(default_factory=GrowthSettings)

    def __post_init__(self) -> None:
        """Checks every rule.

        Raises:
            ValueError: A rule is broken.
        """
        super().__post_init__()
        if self.growth.sizes:
            self._check_growth()
        elif self.refinement.n_epochs:
            self._check_refinement()

    def _check_growth(self) -> None:
        if self.reference is not None:
            raise ValueError(
                "Setting `reference` must be None for a growth, whose sizes have energies of their"
                f" own, but is {self.reference}."
            )
        if self.refinement.n_epochs:
            raise ValueError(
                "Setting `refinement.n_epochs` must be 0 for a growth, but is"
                f" {self.refinement.n_epochs}."
            )

    def _check_refinement(self) -> None:
        if self.n_sites > MAX_LISTED_SITES:
            raise ValueError(
                f"Setting `refinement.n_epochs` must be 0 beyond {MAX_LISTED_SITES} sites, but is"
                f" {self.refinement.n_epochs} for {self.n_sites}."
            )
        if self.min_sr.diag_shift is None:
            raise ValueError(
                "Setting `min_sr.diag_shift` must be a number for a refinement, but is None."
            )


R = TypeVar("R", bound=RunSettings)


def settings_of(kind: type[R], settings: RunSettings, **changes: Any) -> R:
    """Returns the settings of a run with what others say in the sections that all runs have.

    Args:
        kind: Class of the settings.
        settings: The others.
        **changes: Sections with other values.
    """
    shared = {entry.name: getattr(settings, entry.name) for entry in fields(RunSettings)}
    return kind(**{**shared, **changes})


def with_symmetries(settings: R) -> R:
    """Returns settings whose wave function has its symmetries built in, if it has any."""
    symmetry, sampling = settings.symmetry, settings.sampling
    if symmetry.group == "none":
        return settings
    n_images = symmetry_group(symmetry.group, settings.physics.hamiltonian.lattice).size
    chunk = max(1, MAX_IMAGES // n_images)
    return replace(
        settings,
        symmetry=replace(symmetry, in_training=True),
        sampling=replace(sampling, n_prefixes=1, chunk=min(chunk, sampling.chunk or chunk)),
    )
