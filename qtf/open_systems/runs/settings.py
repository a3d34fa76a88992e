"""Settings of a run of an open system."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from qtf.autoregressive.settings import NetworkSettings
from qtf.checks import COUNT_OR_0, FLAG, NOT_NEGATIVE, OneOf, Optional, require
from qtf.open_systems.settings import (
    STARTS,
    BlochAngles,
    DynamicsSettings,
    GaussNewtonSettings,
    NaturalGradientSettings,
    ObjectiveSettings,
    ReferenceRule,
    SamplingSettings,
    StartRule,
    SteadyStateSettings,
    bloch_pairs,
    metric_names,
)
from qtf.physics import MEASUREMENTS, HamiltonianSettings, JumpSettings
from qtf.physics.lindblad import check_pairs
from qtf.settings import Settings
from qtf.training.optimizers import OptimizerSettings
from qtf.training.settings import FULL_PRECISIONS, TrainingSettings

# Up to so many sites all outcomes are listed, and exact values are known in a minute or so.
MAX_LISTED_SITES = 9
NOT_UNIQUE = (
    "Setting `exact` must be False, as the steady state is not unique: more than one state stays as"
    " it is (no jumps at all, spins that nothing reaches, conserved quantities). A search without"
    " exact values ends in one of them."
)


def _default_hamiltonian() -> HamiltonianSettings:
    return HamiltonianSettings("ising", {"lattice": "chain", "n_sites": 4})


def _default_training() -> TrainingSettings:
    optimizer = OptimizerSettings(
        learning_rate=1e-2, schedule="last_third_lower", decay=0.5, floor=5e-5, beta_2=0.98
    )
    # An epoch is a step of time.
    return TrainingSettings(n_epochs=200, steps_per_epoch=120, optimizer=optimizer)


def _default_jumps() -> JumpSettings:
    return JumpSettings({"decay": 1.0})


@dataclass(frozen=True)
class PhysicsSettings(Settings, section="physics"):
    """The system.

    Attributes:
        hamiltonian: Hamiltonian of the spins.
        jumps: Rate of each kind of jumps of every spin, one number or one for each site.
        decay_rate: Older name of `jumps.decay`, where there are no other jumps.
    """

    hamiltonian: HamiltonianSettings = field(default_factory=_default_hamiltonian)
    jumps: JumpSettings = field(default_factory=_default_jumps)
    decay_rate: Annotated[float | None, Optional(NOT_NEGATIVE)] = None

    def __post_init__(self) -> None:
        """Checks every rule, and turns the older name into the newer.

        Raises:
            ValueError: A rule is broken, or decay is told by both names.
        """
        super().__post_init__()
        if self.decay_rate is not None:
            require(
                self.jumps == _default_jumps(),
                "physics.decay_rate",
                "be left out where `physics.jumps` are told, whose `decay` it is",
                self.decay_rate,
            )
            object.__setattr__(self, "jumps", JumpSettings({"decay": self.decay_rate}))
            object.__setattr__(self, "decay_rate", None)
        self.jumps.build(self.hamiltonian.lattice.n_sites)

    def as_mapping(self) -> dict[str, object]:
        """Returns the values; decay alone by its older name, as older runs have recorded it."""
        jumps = self.jumps.as_mapping()
        decays_only = jumps.keys() == {"decay"} and isinstance(jumps["decay"], float)
        told = {"decay_rate": jumps["decay"]} if decays_only else {"jumps": jumps}
        return {"hamiltonian": self.hamiltonian.as_mapping(), **told}

    def describe(self) -> str:
        """Returns Hamiltonian, lattice, size and jumps in a few words, for titles."""
        jumps = self.jumps.describe()
        return f"{self.hamiltonian.describe()}, {'with ' * self.jumps.has_rates()}{jumps}"


@dataclass(frozen=True)
class OpenSystemSettings(Settings):
    """What is solved, and how.

    Attributes:
        physics: The system.
        measurement: Measurement whose outcomes are described, "tetrahedral" or "four_pauli".
        start: Direction of all spins at time 0; or a run folder, from whose last distribution this
            run continues, or a NumPy file with a density matrix.
        start_angles: Bloch angles (theta, phi) of all spins at time 0 in radians, or a pair for
            each site; None: as `start` says.
        network: Network of the distribution.
        strings: Number of orders of the sites that are averaged; 0: only that of their numbers.
        objective: Objective that is minimised.
        natural_gradient: Natural gradient that follows residuals instead.
        gauss_newton: Steps of Gauss and Newton on all residuals instead.
        dynamics: Steps of time.
        steady_state: Search for the steady state.
        sampling: Numbers of samples.
        exact: Whether results are compared with exact values, where these are known.
        reference: Folder of quantum trajectories whose means stand in for exact values; None: none.
        training: Training of the distribution, whose epochs are the steps of time.
    """

    physics: PhysicsSettings = field(default_factory=PhysicsSettings)
    measurement: Annotated[str, OneOf(MEASUREMENTS)] = "tetrahedral"
    start: Annotated[str, StartRule()] = "+z"
    start_angles: Annotated[tuple[tuple[float, float], ...] | None, Optional(BlochAngles())] = None
    network: NetworkSettings = field(default_factory=lambda: NetworkSettings(name="transformer"))
    strings: Annotated[int, COUNT_OR_0] = 0
    objective: ObjectiveSettings = field(default_factory=ObjectiveSettings)
    natural_gradient: NaturalGradientSettings = field(default_factory=NaturalGradientSettings)
    gauss_newton: GaussNewtonSettings = field(default_factory=GaussNewtonSettings)
    dynamics: DynamicsSettings = field(default_factory=DynamicsSettings)
    steady_state: SteadyStateSettings = field(default_factory=SteadyStateSettings)
    sampling: SamplingSettings = field(default_factory=SamplingSettings)
    exact: Annotated[bool, FLAG] = True
    reference: Annotated[str | None, Optional(ReferenceRule())] = None
    training: TrainingSettings = field(default_factory=_default_training)

    def __post_init__(self) -> None:
        """Checks every rule, also those between sections.

        Raises:
            ValueError: A rule is broken.
        """
        super().__post_init__()
        check_pairs(self.physics.hamiltonian.build())
        lattice = self.physics.hamiltonian.lattice
        n_sites = lattice.n_sites
        if n_sites < 2:
            raise ValueError(f"Open systems need at least 2 sites, but there is {n_sites}.")
        if self.objective.every_outcome and n_sites > MAX_LISTED_SITES:
            raise ValueError(
                f"Setting `objective.every_outcome` needs at most {MAX_LISTED_SITES} sites, but"
                f" there are {n_sites}."
            )
        self.network.check_lattice(lattice)
        lattice.strings(self.strings)
        self._check_start(n_sites)
        if self.reference is not None:
            object.__setattr__(self, "reference", str(Path(self.reference).absolute()))
        self._check_order()
        self._check_training()
        self._check_steps()
        self._check_newton()
        self._check_exact()

    @property
    def has_exact_values(self) -> bool:
        """Whether exact values, or those of trajectories, are asked for and can be had."""
        is_small = self.physics.hamiltonian.lattice.n_sites <= MAX_LISTED_SITES
        return self.exact and (is_small or self.reference is not None)

    def _check_start(self, n_sites: int) -> None:
        """Checks how the system begins; paths become absolute, a pair of angles one of several."""
        if self.start not in STARTS:
            object.__setattr__(self, "start", str(Path(self.start).absolute()))
        if self.start_angles is None:
            return
        pairs, name = bloch_pairs(self.start_angles), "start_angles"
        require(self.start == "+z", name, f"be None where `start` is {self.start}", pairs)
        words = f"hold one pair (theta, phi) or {n_sites}, one for each site"
        require(len(pairs) in (1, n_sites), name, words, pairs)
        object.__setattr__(self, name, pairs)

    def _check_order(self) -> None:
        """Checks that a network on rows meets neighbours where it looks for them."""
        order, words = self.network.order, f"for the network {self.network.name}"
        if order == "snake":
            require(self.strings > 0, "strings", f"be positive {words}", self.strings)
        elif order is not None:
            require(self.strings == 0, "strings", f"be 0 {words}", self.strings)

    def _check_exact(self) -> None:
        jumps = self.physics.jumps.has_rates()
        # Where spins jump, only the solution tells whether others stay as they are.
        if self.has_exact_values and self.steady_state.n_epochs and not jumps:
            raise ValueError(NOT_UNIQUE)

    def _check_steps(self) -> None:
        """Checks how steps are taken: by one means, by sums over all outcomes where those need."""
        damping, shift = self.gauss_newton.damping, self.natural_gradient.diag_shift
        strategy, every_outcome = self.training.strategy, self.objective.every_outcome
        alone = strategy == "one_device" or (shift is None and damping is None)
        words = 'be "one_device" for steps of Gauss and Newton and for natural gradients'
        require(alone, "training.strategy", words, strategy)
        words = "be None with `natural_gradient.diag_shift`"
        require(damping is None or shift is None, "gauss_newton.damping", words, damping)
        words = "be None without `objective.every_outcome`"
        require(damping is None or every_outcome, "gauss_newton.damping", words, damping)
        rule, words = self.dynamics.rule, 'be "trapezoid" without `objective.every_outcome`'
        require(rule == "trapezoid" or every_outcome, "dynamics.rule", words, rule)

    def _check_newton(self) -> None:
        """Checks what goes with steps of Gauss and Newton."""
        damping, tolerance = self.gauss_newton.damping, self.dynamics.tolerance
        n_epochs, n_steady = self.training.n_epochs, self.steady_state.n_epochs
        if tolerance is not None:
            words = "be told with `dynamics.tolerance`, or `natural_gradient.diag_shift`"
            shift = self.natural_gradient.diag_shift
            require((damping, shift) != (None, None), "gauss_newton.damping", words, damping)
            n_steps, words = self.training.steps_per_epoch, "be 1 with `dynamics.tolerance`"
            require(n_steps == 1, "training.steps_per_epoch", words, n_steps)
            words = "be 0 with `dynamics.tolerance`"
            require(n_steady == 0, "steady_state.n_epochs", words, n_steady)
        elif damping is not None:
            words = (
                f"be `training.n_epochs` = {n_epochs} with `gauss_newton.damping`, or"
                " `dynamics.tolerance` be told"
            )
            require(n_steady == n_epochs, "steady_state.n_epochs", words, n_steady)

    def _check_training(self) -> None:
        training, every_outcome = self.training, self.objective.every_outcome
        n_epochs, n_steady = training.n_epochs, self.steady_state.n_epochs
        one_of = f"be one of {', '.join(FULL_PRECISIONS)} for open systems"
        rules = {
            "precision": (training.precision in FULL_PRECISIONS, one_of),
            "validate_every_epochs": (
                training.validate_every_epochs == 1,
                "be 1 for open systems",
            ),
            "strategy": (
                training.strategy == "one_device" or every_outcome,
                'be "one_device" for samples of open systems',
            ),
            "average_last": (
                training.average_last == 0.0 or n_steady == n_epochs,
                "be 0 for steps of time, which have weights of their own",
            ),
        }
        for key, (holds, words) in rules.items():
            require(holds, f"training.{key}", words, getattr(training, key))
        training.check_metrics(
            metric_names(
                every_outcome=every_outcome,
                has_exact_values=self.has_exact_values,
                estimates_error=None not in (self.dynamics.tolerance, self.gauss_newton.damping),
            )
        )
        words = f"be from 0 to `training.n_epochs` = {n_epochs}"
        require(n_steady <= n_epochs, "steady_state.n_epochs", words, n_steady)
