"""Which trajectories a model learns from, and what they obey."""

from dataclasses import dataclass, field
from typing import Annotated

from qtf.checks import COUNT, FLAG, POSITIVE, Number, OneOf, Several
from qtf.data.laws import RecordedLaw
from qtf.physics import HamiltonianSettings
from qtf.physics.initial_states import INITIAL_STATE_LAWS
from qtf.settings import Settings

FILES, EXACT, ARRAYS = "files", "exact", "arrays"


ISING_CHAIN = {
    "name": "ising",
    "lattice": "chain",
    "periodic": False,
    "coupling": 1.0,
    "transverse_field": -1.05,
    "longitudinal_field": 0.5,
}


@dataclass(frozen=True)
class TrajectoryLaw(Settings, section="physics"):
    """What trajectories obey: psi(t) = exp(-i H t) psi(0) with hbar = 1.

    Attributes:
        hamiltonian: Hamiltonian of chains of any length, without `n_sites`.
        initial_states: Law of the states at t = 0.
        dt: Time step, in units of the inverse energy.
    """

    hamiltonian: HamiltonianSettings = field(
        default_factory=lambda: HamiltonianSettings.from_mapping(ISING_CHAIN)
    )
    initial_states: Annotated[str, OneOf(INITIAL_STATE_LAWS)] = "paper"
    dt: Annotated[float, POSITIVE] = 0.002


@dataclass(frozen=True)
class ExactSettings(TrajectoryLaw, section="exact"):
    """The trajectories of the source `exact`, which are computed during the training.

    Attributes:
        hamiltonian: Hamiltonian of chains of any length, without `n_sites`.
        initial_states: Law of the states at t = 0.
        dt: Time step, in units of the inverse energy.
        n_steps: Steps after which no window continues.
    """

    n_steps: Annotated[int, COUNT] = 500

    @property
    def law(self) -> RecordedLaw:
        """What the trajectories obey, whatever their length."""
        return RecordedLaw(self.hamiltonian, self.initial_states, self.dt)


@dataclass(frozen=True)
class DataSettings(Settings, section="data"):
    """Where trajectories come from, and how many of them train and validate a model.

    Attributes:
        source: Source of the trajectories: `files`, those of `--data_dir`; `exact`, computed
            during the training; or `arrays`, in Python only.
        n_sites: Chain lengths.
        weights: How often each chain length is drawn; empty: equally often.
        batch_size: Trajectories of a batch, for each replica.
        window: States of a training window.
        n_validation: Validation trajectories for each n; no more than the files have.
        n_rollouts: Validation trajectories for each n that are rolled out at each validation.
        rollout_steps: Steps of these rollouts.
        cache: Whether the raw records stay in memory.
    """

    source: Annotated[str, OneOf((FILES, EXACT, ARRAYS))] = FILES
    n_sites: Annotated[tuple[int, ...], Several(COUNT, at_least=1)] = (2, 3, 4, 5, 6, 7)
    weights: Annotated[tuple[float, ...], Several(POSITIVE)] = ()
    batch_size: Annotated[int, COUNT] = 16
    window: Annotated[int, Number(least=2, integer=True)] = 100
    n_validation: Annotated[int, COUNT] = 256
    n_rollouts: Annotated[int, COUNT] = 64
    rollout_steps: Annotated[int, COUNT] = 100
    cache: Annotated[bool, FLAG] = False

    def __post_init__(self) -> None:
        """Checks every rule."""
        super().__post_init__()
        if self.weights and len(self.weights) != len(self.n_sites):
            raise ValueError(
                "Setting `data.weights` must be empty or hold one number for each entry of"
                f" `data.n_sites` = {self.n_sites}, but is {self.weights}."
            )

    @property
    def n_states(self) -> int:
        """States of a trajectory that training and validation take."""
        return max(self.rollout_steps + 1, self.window)
