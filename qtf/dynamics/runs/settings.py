"""Settings of a run of dynamics, each with its default and its rule."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from qtf.checks import COUNT, FLAG, OneOf, Optional
from qtf.data.settings import ARRAYS, EXACT, FILES, DataSettings, ExactSettings
from qtf.dynamics.settings import LOCAL_GENERATOR, LOSSES, FitSettings, ModelSettings, metric_names
from qtf.settings import Settings
from qtf.training.optimizers import OptimizerSettings
from qtf.training.settings import TrainingSettings

LOOP, LBFGS = "loop", "lbfgs"


@dataclass(frozen=True)
class TransferSettings(Settings, section="transfer"):
    """How a network starts that has the flag --init_from.

    Attributes:
        grow: Whether chains longer than those of the initial run start as its longest one beside
            idle spins; otherwise their rows of the tables start from their initial values.
    """

    grow: Annotated[bool, FLAG] = True


@dataclass(frozen=True)
class DynamicsTrainingSettings(TrainingSettings, section="training"):
    """The training, by the common loop or by a fit.

    Attributes:
        method: Method of the training: `loop`; or `lbfgs`, the fit of a local generator, whose
            default it is.
    """

    method: Annotated[str | None, Optional(OneOf((LOOP, LBFGS)))] = None
    n_epochs: Annotated[int, COUNT] = 100
    optimizer: OptimizerSettings = field(
        default_factory=lambda: OptimizerSettings(schedule="exponential", floor=5e-5)
    )


@dataclass(frozen=True)
class DynamicsSettings(Settings):
    """A training of a model of dynamics.

    Attributes:
        model: Network or local generator.
        loss: Loss of the common loop: `mean_squared_error`, or `squared_distance` of whole states.
        data: Trajectories.
        exact: Physics of the source `exact`.
        transfer: Start from another run.
        training: Training.
        fit: Fit of a local generator.
    """

    model: ModelSettings = field(default_factory=ModelSettings)
    loss: Annotated[str, OneOf(LOSSES)] = "mean_squared_error"
    data: DataSettings = field(default_factory=DataSettings)
    exact: ExactSettings = field(default_factory=ExactSettings)
    transfer: TransferSettings = field(default_factory=TransferSettings)
    training: DynamicsTrainingSettings = field(default_factory=DynamicsTrainingSettings)
    fit: FitSettings = field(default_factory=FitSettings)

    def __post_init__(self) -> None:
        """Checks every rule."""
        super().__post_init__()
        self._check_chains()
        self._check_training()

    @property
    def method(self) -> str:
        """Method of the training, as asked or by default of the model."""
        return self.training.method or (LBFGS if self.model.is_generator else LOOP)

    def check_data_dir(self, data_dir: Path | str | None) -> None:
        """Checks that there are files if files are asked for.

        Raises:
            ValueError: There are none.
        """
        if self.data.source == ARRAYS:
            raise ValueError(
                f'Setting `data.source` must be "{FILES}" or "{EXACT}" here: only Python has'
                " arrays, see `qtf.train_dynamics`."
            )
        if self.data.source == FILES and data_dir is None:
            raise ValueError(f'Flag --data_dir is needed when `data.source` is "{FILES}".')

    def _check_chains(self) -> None:
        for n_sites in self.data.n_sites:
            if n_sites > self.model.n_max:
                raise ValueError(
                    f"Setting `data.n_sites` must be within 1..{self.model.n_max} (model.n_max),"
                    f" but holds {n_sites}."
                )
        if self.model.belongs_to_one_chain and len(self.data.n_sites) != 1:
            raise ValueError(
                "Setting `data.n_sites` must name the one chain whose fields differ from site"
                f" to site, but is {self.data.n_sites}."
            )
        if self.data.source == EXACT and self.data.window > self.exact.n_steps + 1:
            raise ValueError(
                f"Setting `data.window` must be at most `exact.n_steps` + 1 ="
                f" {self.exact.n_steps + 1}, but is {self.data.window}."
            )

    def _check_training(self) -> None:
        if self.method == LBFGS and not self.model.is_generator:
            raise ValueError(
                f'Setting `training.method` = "{LBFGS}" needs the preset "{LOCAL_GENERATOR}", but'
                f' `model.preset` is "{self.model.preset}".'
            )
        if self.method == LBFGS and self.training.extend:
            raise ValueError(
                "Setting `training.extend` must be 0 for a fit, which ends by itself, but is"
                f" {self.training.extend}."
            )
        self.training.check_metrics(metric_names(self.data.n_sites))
