"""What the command is told, and what each of its runs is told."""

from dataclasses import dataclass, field, fields
from typing import Annotated, Any, TypeVar

from qtf.autoregressive.settings import NetworkSettings
from qtf.checks import FINITE, Optional, require
from qtf.ground_states.patches import check_patch
from qtf.ground_states.settings import (
    MAX_LISTED_SITES,
    GrowthSettings,
    PenaltySettings,
    ReconfigurationSettings,
    RefinementSettings,
    SamplingSettings,
    SymmetrySettings,
    WaveFunctionSettings,
    check_magnetization,
)
from qtf.physics import HamiltonianSettings
from qtf.settings import Settings
from qtf.training.optimizers import OptimizerSettings
from qtf.training.settings import FULL_PRECISIONS, TrainingSettings

CHAIN = HamiltonianSettings("ising", {"lattice": "chain", "n_sites": 12})


@dataclass(frozen=True)
class PhysicsSettings(Settings, section="physics"):
    """What is searched.

    Attributes:
        hamiltonian: Hamiltonian, on any lattice.
    """

    hamiltonian: HamiltonianSettings = CHAIN


def _default_training() -> TrainingSettings:
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
        orthogonal_to: Folders of runs of lower states, which the wave function is kept orthogonal
            to; several ones with commas between.
        gap_above: Folder of the run from whose energy the gap is counted; empty: the lowest one of
            `orthogonal_to`, if there are any.
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
    orthogonal_to: tuple[str, ...] = ()
    gap_above: str = ""
    training: TrainingSettings = field(default_factory=_default_training)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_excited()
        magnetization = self.wave_function.magnetization
        if magnetization is not None:
            name = "wave_function.magnetization"
            check_magnetization(name, magnetization, self.n_sites)
        check_patch(self.physics.hamiltonian.lattice, self.wave_function.patch)
        training, order = self.training, self.network.order
        require(
            training.precision in FULL_PRECISIONS,
            "training.precision",
            f"be one of {', '.join(FULL_PRECISIONS)} for ground states",
            training.precision,
        )
        require(
            order in (None, self.wave_function.order),
            "wave_function.order",
            f'be "{order}" for the network {self.network.name}',
            self.wave_function.order,
        )
        require(
            self.sampling.n_prefixes == 1 or not self.symmetry.in_training,
            "sampling.n_prefixes",
            "be 1 if `symmetry.in_training`",
            self.sampling.n_prefixes,
        )
        require(
            self.sampling.every_configuration or not self.symmetry.listed,
            "symmetry.listed",
            "be False unless `sampling.every_configuration`",
            self.symmetry.listed,
        )
        self._check_devices()
        if self.sampling.every_configuration and self.n_sites > MAX_LISTED_SITES:
            raise ValueError(
                f"Setting `sampling.every_configuration` needs at most {MAX_LISTED_SITES} sites,"
                f" but there are {self.n_sites}."
            )

    @property
    def n_sites(self) -> int:
        """Number of sites of the lattice."""
        return self.physics.hamiltonian.lattice.n_sites

    def _check_devices(self) -> None:
        """Checks that there are samples that count alike, where several devices share the work."""
        sampling, strategy = self.sampling, self.training.strategy
        if self.min_sr.diag_shift is None or strategy == "one_device":
            return
        for holds, what in (
            (not sampling.every_configuration, "over every configuration"),
            (not sampling.blur, "with `sampling.blur`"),
        ):
            words = f'be "one_device" for stochastic reconfiguration {what}'
            require(holds, "training.strategy", words, strategy)

    def _check_excited(self) -> None:
        """Checks what is built in of states that need not have it.

        They may change their sign, also under the symmetries of the ground state.
        """
        group, training = self.symmetry.group, self.training
        if self.wave_function.total:
            holds = group in ("none", "lattice")
            words = 'be "none" or "lattice" for a magnetisation other than 0'
            require(holds, "symmetry.group", words, group)
        if not self.orthogonal_to:
            return
        words = "with `orthogonal_to`"
        positive, strategy = self.wave_function.positive, training.strategy
        require(not positive, "wave_function.positive", f"be False {words}", positive)
        require(group == "none", "symmetry.group", f'be "none" {words}', group)
        holds = strategy == "one_device"
        require(holds, "training.strategy", f'be "one_device" {words}', strategy)


@dataclass(frozen=True)
class Start(Settings):
    """What a part of a search starts from, in the section of its kind.

    Attributes:
        start: Of a size of a growth, name of the run folder with the weights; None: random ones.
            Of a refinement, steps of the training before it: weights of a longer training are not
            taken for refined already.
    """

    start: str | int | None = None


@dataclass(frozen=True)
class SizeSettings(RunSettings):
    """What the run of one size of a growth is told.

    Attributes:
        growth: What it starts from.
    """

    growth: Start = field(default_factory=Start)


@dataclass(frozen=True)
class RefinedSettings(RunSettings):
    """What the run of a refinement is told.

    Attributes:
        refinement: What it starts from.
    """

    refinement: Start = field(default_factory=Start)


@dataclass(frozen=True)
class GroundStateSettings(RunSettings):
    """What the command is told: a run and what comes after it.

    Attributes:
        refinement: How the wave function is refined after the training.
        growth: How the wave function goes on to larger lattices.
    """

    refinement: RefinementSettings = field(default_factory=RefinementSettings)
    growth: GrowthSettings = field(default_factory=GrowthSettings)

    def __post_init__(self) -> None:
        super().__post_init__()
        n_epochs, strategy = self.refinement.n_epochs, self.training.strategy
        if self.growth.sizes:
            self._check_growth()
        elif n_epochs:
            if self.n_sites > MAX_LISTED_SITES and not self.refinement.n_samples:
                raise ValueError(
                    "Setting `refinement.n_epochs` must be 0 without `refinement.n_samples` beyond"
                    f" {MAX_LISTED_SITES} sites, but is {n_epochs} for {self.n_sites}."
                )
            words = 'be "one_device" for a refinement, which sums over every configuration'
            require(strategy == "one_device", "training.strategy", words, strategy)
            shift = self.min_sr.diag_shift
            require(shift is not None, "min_sr.diag_shift", "be a number for a refinement", shift)

    def _check_growth(self) -> None:
        n_epochs, growth, symmetry = self.refinement.n_epochs, self.growth, self.symmetry
        words = "be None for a growth, whose sizes have energies of their own"
        require(self.reference is None, "reference", words, self.reference)
        require(not n_epochs, "refinement.n_epochs", "be 0 for a growth", n_epochs)
        below = self.orthogonal_to or self.gap_above
        require(not below, "orthogonal_to", "be empty for a growth", below)
        extend = self.training.extend
        require(not extend, "training.extend", "be 0 for a growth", extend)
        if self.wave_function.patch_size > 1:
            for size in growth.sizes:
                lattice = self.physics.hamiltonian.lattice.resized(size)
                check_patch(lattice, self.wave_function.patch)
        if any(growth.n_symmetric_steps):
            name, words = "symmetry.group", 'not be "none" with `growth.n_symmetric_steps`'
            require(symmetry.group != "none", name, words, symmetry.group)
            name, words = "symmetry.in_training", "be False with `growth.n_symmetric_steps`"
            require(not symmetry.in_training, name, words, symmetry.in_training)
        # The processes of a cluster can be joined only once, before anything is computed.
        strategy, words = self.training.strategy, 'be "one_device" or "mirrored" for a growth'
        require(strategy != "multi_worker", "training.strategy", words, strategy)
        # Which step is which share of the training is not known then.
        shares, words = tuple(self.sampling.grow_at), "be empty with `growth.minutes`"
        require(not (shares and growth.minutes), "sampling.grow_at", words, shares)


R = TypeVar("R", bound=RunSettings)


def make_part(kind: type[R], settings: RunSettings, **changes: Any) -> R:
    """Returns the settings of a run with what others say in the sections that all runs have.

    Args:
        kind: Class of the settings.
        settings: The others.
        **changes: Sections with other values.
    """
    shared = {entry.name: getattr(settings, entry.name) for entry in fields(RunSettings)}
    return kind(**{**shared, **changes})
