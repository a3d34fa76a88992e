"""Settings of a run of an open system."""

from dataclasses import dataclass, field
from typing import Annotated

from qtf.autoregressive.settings import NetworkSettings
from qtf.checks import COUNT_OR_0, FLAG, NOT_NEGATIVE, OneOf, require
from qtf.open_systems.settings import (
    STARTS,
    DynamicsSettings,
    NaturalGradientSettings,
    ObjectiveSettings,
    SamplingSettings,
    SteadyStateSettings,
    metric_names,
)
from qtf.physics import JUMP_MATRICES, MEASUREMENTS, HamiltonianSettings
from qtf.settings import Settings
from qtf.training.optimizers import OptimizerSettings
from qtf.training.settings import FULL_PRECISIONS, TrainingSettings

# Up to so many sites all outcomes are listed, and exact values are known in a minute or so.
MAX_LISTED_SITES = 9
NOT_UNIQUE = (
    "Setting `exact` must be False, as the steady state is not unique: more than one state stays as"
    " it is (no decay at all, spins that nothing reaches, conserved quantities). A search without"
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


@dataclass(frozen=True)
class PhysicsSettings(Settings, section="physics"):
    """The system.

    Attributes:
        hamiltonian: Hamiltonian of the spins.
        decay_rate: Rate of the decay of every spin, from up to down. Rates of other kinds of jumps
            are fields of the same form.
    """

    hamiltonian: HamiltonianSettings = field(default_factory=_default_hamiltonian)
    decay_rate: Annotated[float, NOT_NEGATIVE] = 1.0

    @property
    def rates(self) -> dict[str, float]:
        """Rate of each kind of `qtf.physics.JUMP_MATRICES`."""
        return {
            kind: vars(self)[f"{kind}_rate"]
            for kind in JUMP_MATRICES
            if f"{kind}_rate" in vars(self)
        }


@dataclass(frozen=True)
class OpenSystemSettings(Settings):
    """What is solved, and how.

    Attributes:
        physics: The system.
        measurement: Measurement whose outcomes are described, "tetrahedral" or "four_pauli".
        start: Direction of all spins at time 0.
        network: Network of the distribution.
        strings: Orders of the sites that are averaged; 0: the one of their numbers.
        objective: Objective that is minimised.
        natural_gradient: Natural gradient that follows residuals instead.
        dynamics: Steps of time.
        steady_state: Search for the steady state.
        sampling: Numbers of samples.
        exact: Whether exact values stand beside, where they are known.
        training: Training of the distribution, whose epochs are the steps of time.
    """

    physics: PhysicsSettings = field(default_factory=PhysicsSettings)
    measurement: Annotated[str, OneOf(MEASUREMENTS)] = "tetrahedral"
    start: Annotated[str, OneOf(STARTS)] = "+z"
    network: NetworkSettings = field(default_factory=lambda: NetworkSettings(name="transformer"))
    strings: Annotated[int, COUNT_OR_0] = 0
    objective: ObjectiveSettings = field(default_factory=ObjectiveSettings)
    natural_gradient: NaturalGradientSettings = field(default_factory=NaturalGradientSettings)
    dynamics: DynamicsSettings = field(default_factory=DynamicsSettings)
    steady_state: SteadyStateSettings = field(default_factory=SteadyStateSettings)
    sampling: SamplingSettings = field(default_factory=SamplingSettings)
    exact: Annotated[bool, FLAG] = True
    training: TrainingSettings = field(default_factory=_default_training)

    def __post_init__(self) -> None:
        """Checks every rule, also those between sections.

        Raises:
            ValueError: A rule is broken.
        """
        super().__post_init__()
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
        self._check_order()
        self._check_training()
        self._check_exact()

    @property
    def has_exact_values(self) -> bool:
        """Whether exact values are asked for and can be had."""
        return self.exact and self.physics.hamiltonian.lattice.n_sites <= MAX_LISTED_SITES

    def _check_order(self) -> None:
        """Checks that a network on rows meets neighbours where it looks for them."""
        order, words = self.network.order, f"for the network {self.network.name}"
        if order == "snake":
            require(self.strings > 0, "strings", f"be positive {words}", self.strings)
        elif order is not None:
            require(self.strings == 0, "strings", f"be 0 {words}", self.strings)

    def _check_exact(self) -> None:
        jumps = any(self.physics.rates.values())
        # Where spins jump, only the solution tells whether others stay as they are.
        if self.has_exact_values and self.steady_state.n_epochs and not jumps:
            raise ValueError(NOT_UNIQUE)

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
        }
        for key, (holds, words) in rules.items():
            require(holds, f"training.{key}", words, getattr(training, key))
        training.check_metrics(
            metric_names(every_outcome=every_outcome, has_exact_values=self.has_exact_values)
        )
        words = f"be from 0 to `training.n_epochs` = {n_epochs}"
        require(n_steady <= n_epochs, "steady_state.n_epochs", words, n_steady)
