"""What the loop trains."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import keras

from qtf.training.damping import Damping
from qtf.typing import Array, InputContext, Tensor


class Source(Protocol):
    """Batches of the data, the same for a step wherever the stream starts."""

    def dataset(
        self, start_step: int = 0, *, input_context: InputContext | None = None
    ) -> Iterable[Any]:
        """Returns a `tf.data.Dataset`: the endless stream from batch `start_step` on."""

    def batch(self, step: int) -> Mapping[str, Array]:
        """Returns the batch of a step in NumPy, where there is no `tf.data`."""

    def explain_data_loss(self, error: Exception) -> None:
        """Raises a `ValueError` naming the file and record behind a data error."""


class Training(ABC):
    """A model with its loss, its data and its measurements: complete as soon as it exists.

    The loop has it made in the strategy's scope, once the seeds are set.

    Attributes:
        model: The model with all its weights.
        source: Its data.
        batch_size: Samples in one batch of one replica; only for the rate in the progress line.
        metric_names: Keys that `validate` returns.
        state: Variables that a checkpoint needs beside model and optimiser.
        damping: What holds back steps, which then can be taken back; None: every step stands.
        remedy: What to try if the loss becomes infinite, after "try"; "": a lower learning rate.
        compiles_itself: Whether the parts of `loss` are compiled by themselves, so that XLA must
            not compile it as a whole.
        takes_steps: Whether it takes its steps itself, by `take_step`, on one device.
    """

    model: keras.Model
    source: Source
    batch_size: int
    metric_names: tuple[str, ...]
    state: Sequence[keras.Variable] = ()
    damping: Damping | None = None
    remedy: str = ""
    compiles_itself: bool = False
    takes_steps: bool = False

    @property
    def has_new_goal(self) -> bool:
        """Whether the epoch in work seeks something else than the one before.

        Metrics of the two cannot be compared then.
        """
        return False

    @abstractmethod
    def loss(self, batch: Any) -> Tensor:
        """Returns the mean loss over one replica's batch, a scalar tensor."""

    @abstractmethod
    def validate(self) -> dict[str, float]:
        """Returns validation metrics; the one named `monitor` marks the best weights.

        Metrics of samples have their standard error beside them, that of `loss` as `loss_error`.
        """

    def accepts(self, loss: float, rate: float) -> bool:
        """Tells whether the step that has just been taken may stand; see `DampedStep`."""
        return True

    def take_step(self) -> float:
        """Changes the weights without a gradient or an optimiser, and returns a loss."""
        raise NotImplementedError

    def end_epoch(self) -> None:  # noqa: B027
        """Gets ready for the next epoch, after a validation and before its checkpoint."""

    def figures(self) -> dict[str, Array]:
        """Returns pictures for TensorBoard, uint8 (height, width, 3), by name."""
        return {}


class Step(ABC):
    """How a training takes its steps; attributes as those of `Training`."""

    state: Sequence[keras.Variable] = ()
    damping: Damping | None = None
    remedy: str = ""
    compiles_itself: bool = False
    takes_steps: bool = False

    @abstractmethod
    def loss(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Returns a scalar; differentiated, the direction of the step."""

    @abstractmethod
    def bytes(self) -> int:
        """Returns the memory of a step that cannot be done in pieces, roughly."""

    def take(self) -> float:
        """Takes a whole step, where `takes_steps`, and returns its loss."""
        raise NotImplementedError

    def accepts(self, loss: float, rate: float) -> bool:
        """Tells whether the step that has just been taken may stand."""
        return True


class SampledTraining(Training):
    """A training on samples that the model draws itself from random numbers.

    Args:
        model: The model.
        source: Random numbers of the steps.
        step: How steps are taken.
        state: Variables that a checkpoint needs beside those of the step, before them.
    """

    def __init__(
        self,
        model: keras.Model,
        source: Source,
        step: Step,
        state: Sequence[keras.Variable] = (),
    ) -> None:
        self.model = model
        self.source = source
        self.step = step
        self.state = [*state, *step.state]
        self.damping = step.damping
        self.remedy = step.remedy
        self.compiles_itself = step.compiles_itself
        self.takes_steps = step.takes_steps

    def step_bytes(self) -> int:
        """Returns the memory of a training step that cannot be done in pieces, roughly."""
        return self.step.bytes()

    def loss(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Returns what the step makes of the model's samples."""
        return self.step.loss(batch)

    def take_step(self) -> float:
        """Has the step taken whole."""
        return self.step.take()

    def accepts(self, loss: float, rate: float) -> bool:
        """Tells whether the last step may stand."""
        return self.step.accepts(loss, rate)
