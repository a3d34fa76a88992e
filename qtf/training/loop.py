"""The training loop of the whole project."""

import contextlib
import dataclasses
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import keras
import numpy as np

from qtf.interruption import finishing
from qtf.progress import EVERY, announced
from qtf.training.changes import (
    CHANGEABLE_KEYS,
    N_EPOCHS,
    USUAL_RULES,
    Change,
    ChangeRules,
    find_course,
)
from qtf.training.checkpoint_files import last_step
from qtf.training.checkpoints import optimizer_steps
from qtf.training.damped_step import DampedStep
from qtf.training.engine import Engine, Step
from qtf.training.engines import make_engine
from qtf.training.initial_weights import take_weights
from qtf.training.logbook import Logbook
from qtf.training.optimization import fixed_rate, make_optimizer, rate_after
from qtf.training.pace import Pace
from qtf.training.progress import Progress
from qtf.training.run_folder import RunFolder
from qtf.training.settings import TrainingSettings
from qtf.training.training import Training
from qtf.training.weight_average import WeightAverage
from qtf.training.weight_files import load_weights
from qtf.training.whole_step import WholeStep

T = TypeVar("T", bound=Training)
# Error bars on either side of a metric that noise alone does not leave.
N_ERRORS = 2.0


def train(
    build: Callable[[], T],
    settings: TrainingSettings,
    config: Mapping[str, Any],
    workdir: Path | str,
    *,
    kind: str = "",
    start_from: Path | str | None = None,
    profile: bool = False,
    kept: bool = False,
    rules: ChangeRules = USUAL_RULES,
    pace: Pace | None = None,
) -> T:
    """Trains a model in the run folder `workdir`, from its last checkpoint if it has one.

    Started again after an interruption of any kind with the same arguments, the run
    ends with the weights it would have had without it; on a CPU bit for bit.

    Args:
        build: Makes model, loss and data.
        settings: How to train.
        config: The resolved configuration, recorded in the run folder.
        workdir: The run folder.
        kind: Kind of the run, of `qtf.run_kinds`, recorded in the run folder.
        start_from: Folder of a run with the same weights and optimiser to start from, validated.
        profile: Whether ten of the first steps are traced for TensorBoard.
        kept: Whether the chief ends with the weights that the run folder keeps.
        rules: Which settings may differ from those that the run had, beside those of the loop.
        pace: Counts the time; may limit it, in one process, instead of the number of steps.

    Returns:
        What was trained; its model has its last weights or those that are kept, see `_Run._keep`.

    Raises:
        ValueError: The run folder belongs to another configuration, or the data are
            corrupt, or the weights of `start_from` do not fit, or Keras has no backend for it.
        FileNotFoundError: `start_from` has no checkpoint.
        FloatingPointError: Loss or gradient is not finite; the batch is saved.
        KeyboardInterrupt: Ctrl-C or SIGTERM, after a checkpoint; a second one does not wait.
    """
    engine = make_engine(settings)
    earlier = None if start_from is None else RunFolder(start_from).checkpoints
    first_step = 0 if earlier is None else optimizer_steps(earlier)
    with contextlib.ExitStack() as cleanup:
        cleanup.enter_context(_layers_in(settings.precision))
        # The model first: a mistake in it must not leave a run folder behind.
        training = _make(build, settings, engine)
        model, folder = training.model, RunFolder(workdir)
        cleanup.callback(folder.close)
        pace = pace if pace is not None and engine.is_chief else Pace()
        changes = _open(folder, engine, config, settings, kind=kind, rules=rules)
        if engine.is_chief:
            folder.save_model(model)
        optimizer = _make_optimizer(model, settings, engine, changes, first_step, pace)
        run = _Run(training, settings, folder, engine, optimizer, changes, pace)
        run.train(config, earlier=earlier, profile=profile)
        run.average.take_place()
        if kept and engine.is_chief and folder.best_weights.exists():
            load_weights(model, folder.trained_weights())
        return training


@contextlib.contextmanager
def _layers_in(precision: str) -> Iterator[None]:
    """Layers that are made within compute in `precision`, those of the caller as before."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _open(
    folder: RunFolder,
    engine: Engine,
    config: Mapping[str, Any],
    settings: TrainingSettings,
    *,
    kind: str,
    rules: ChangeRules,
) -> Sequence[Change]:
    """Opens the run folder, where this process writes, and returns the changes of the run."""
    rules, n_steps = rules_of_loop(rules, settings), settings.n_steps
    if not engine.is_chief:
        return folder.plan_changes(config, rules, n_steps=n_steps)
    return folder.open(config, kind=kind, rules=rules, n_steps=n_steps, devices=engine.devices)


def _make(build: Callable[[], T], settings: TrainingSettings, engine: Engine) -> T:
    keras.utils.set_random_seed(settings.seed)
    with engine.scope(), announced("making the model", enabled=engine.is_chief):
        training = build()
    settings.check_metrics(training.metric_names)
    return training


def _make_optimizer(
    model: keras.Model,
    settings: TrainingSettings,
    engine: Engine,
    changes: Sequence[Change],
    first_step: int,
    pace: Pace,
) -> keras.optimizers.Optimizer:
    """Makes the optimiser, which has taken `first_step` steps in an earlier run."""
    if pace.is_limited:
        # The loop lowers the rate itself.
        constant = dataclasses.replace(settings.optimizer, schedule="constant")
        settings = dataclasses.replace(settings, optimizer=constant)
    course = find_course(
        changes, n_scheduled=settings.n_scheduled, schedule=settings.optimizer.schedule
    )
    with engine.scope():
        optimizer = make_optimizer(settings, first_step=first_step, course=course)
        optimizer.build(model.trainable_variables)
    return optimizer


def rules_of_loop(rules: ChangeRules, settings: TrainingSettings) -> ChangeRules:
    """Returns the rules of a run of the loop, whose own settings may change, too."""
    # The length of the run is the length of the cosine.
    fixed = {N_EPOCHS} if settings.optimizer.schedule == "cosine" else set()
    return dataclasses.replace(
        rules,
        mutable=set(rules.mutable) - fixed,
        changeable={*CHANGEABLE_KEYS, *rules.changeable},
    )


class _Run:
    """One start of a run: the objects that its steps share."""

    def __init__(
        self,
        training: Training,
        settings: TrainingSettings,
        folder: RunFolder,
        engine: Engine,
        optimizer: keras.optimizers.Optimizer,
        changes: Sequence[Change] = (),
        pace: Pace | None = None,
    ) -> None:
        self.training = training
        self.pace = pace or Pace()
        self.settings = settings
        self.folder = folder
        self.engine = engine
        self.model = training.model
        self.optimizer = optimizer
        self.changes = changes
        self.progress = Progress()
        with engine.scope():
            self.average = WeightAverage(self.model.trainable_variables, settings.average_last)
        self.checkpoints = engine.make_checkpoints(
            folder.checkpoints, training, optimizer, self.progress, average=self.average.state
        )
        self.logbook = Logbook(
            folder,
            n_steps=settings.n_steps,
            batch_size=training.batch_size * engine.n_replicas,
            device_types=engine.device_types,
            around=self.pace.tell,
            make_board=engine.make_board if engine.is_chief else None,
        )
        self.step = self._make_step()

    def _make_step(self) -> Step:
        model, optimizer, training = self.model, self.optimizer, self.training
        if training.takes_steps:
            return WholeStep(training)
        xla = self.settings.xla and not training.compiles_itself
        settings = dataclasses.replace(self.settings, xla=xla)
        step = self.engine.make_step(training, optimizer, settings)
        if training.damping is None:
            return step
        changed = [*model.variables, *training.state]
        return DampedStep(step, training, training.damping, optimizer, changed)

    def train(self, config: Mapping[str, Any], *, earlier: Path | None, profile: bool) -> None:
        restored = self.checkpoints.restore()
        if earlier is not None and not restored:
            self._start_from(earlier)
        if self.folder.kept_step() is None:
            # Weights that an older version kept by another rule compete with none.
            self.progress.best = math.inf
        if any(change.step == self.at and change.is_another_goal for change in self.changes):
            self.progress.best, self.progress.epochs_since_best = math.inf, 0
        traced = profile and self.logbook.chief
        self.profiler = self.engine.make_profiler(self.folder.tensorboard, self.at, enabled=traced)
        # Without a checkpoint not even the rows before the first step are kept.
        self.logbook.start(self.at, config, keep_first=restored)
        self._saved_at, self._saved_step = time.monotonic(), self.at
        self._is_compiled = False
        if not self._is_done() and self._is_over():
            text = "ended early; another `training.patience` or `training.stop_below` goes on"
            self.logbook.say(self.at, text)
        try:
            if earlier is not None and not restored:
                self._validate()
            with finishing("finishing this step and saving it") as is_asked:
                self._advance_to_the_end(is_asked)
            self.pace.finish()
        finally:
            self.profiler.close()
            self.logbook.close()

    def _start_from(self, earlier: Path) -> None:
        """Takes the end of another run, but the weights that it keeps."""
        self.checkpoints.start_from(earlier)
        folder = RunFolder(earlier.parent)
        is_averaged = folder.load_config().get("training", {}).get("average_last")
        if folder.kept_step() in (None, *(() if is_averaged else (last_step(earlier),))):
            return
        take_weights(self.model, folder)

    @property
    def at(self) -> int:
        """Optimiser steps taken."""
        return self.progress.step

    def _advance_to_the_end(self, is_asked: Callable[[], bool]) -> None:
        for batch in self._batches():
            if self.engine.is_alone and is_asked():
                # Where there are others, all of them stop after the same step.
                self._save_if_new()
                break
            self._advance(batch, is_asked())
        if is_asked():
            raise KeyboardInterrupt

    def _batches(self) -> Iterator[Any]:
        iterator = self.engine.batches(self.training.source, self.at)
        while not self._is_done() and not self._is_over():
            asked = time.monotonic()
            try:
                batch = next(iterator)
            except self.engine.data_errors as error:
                self.training.source.explain_data_loss(error)
                raise
            self.logbook.waited(time.monotonic() - asked)
            yield batch

    def _advance(self, batch: Any, stop: bool) -> None:
        started = time.monotonic()
        self._follow_time()
        n_left = self.settings.n_steps - self.at - 1
        with self.profiler.step(self.at), self._announced_step(), self.pace.step(n_left):
            loss, finite, stop, save = self.step(batch, stop=stop, save=self._checkpoint_is_due())
        self._is_compiled = True
        if not finite:
            self._give_up(loss, batch)
        self.logbook.stepped(time.monotonic() - started)
        self.progress.step += 1
        limited = self.pace.is_limited
        self.average.add(self.pace.fraction if limited else self.at / self.settings.n_steps)
        self.progress.loss_sum += loss
        self.progress.loss_count += 1
        self.logbook.n_steps = self.pace.expected_steps(self.at, self.settings.n_steps)
        self.logbook.advance(loss)
        if self.at % self.settings.log_every_steps == 0:
            self._log()
        if self._validation_is_due():
            self._validate()
        elif stop or save:
            self._save()
        if stop and not self._is_done():
            raise KeyboardInterrupt

    def _follow_time(self) -> None:
        """Gives the optimiser the learning rate of this moment, where the time is limited."""
        rate = fixed_rate(self.optimizer)
        if self.pace.is_limited and rate is not None:
            rate.assign(rate_after(self.settings, self.pace.fraction))

    def _announced_step(self) -> contextlib.AbstractContextManager[Any]:
        chief = self.logbook.chief
        if not self._is_compiled:
            return announced("compiling the first step", enabled=chief)
        # Between steps the logbook speaks as often.
        return announced(f"step {self.at + 1}", patience=EVERY, enabled=chief)

    def _log(self) -> None:
        mean = self.progress.loss_sum / self.progress.loss_count
        self.progress.loss_sum, self.progress.loss_count = 0.0, 0
        rate = float(np.asarray(self.optimizer.learning_rate))
        self.logbook.row(self.at, "training", {"loss": mean, "learning_rate": rate})

    def _validate(self) -> None:
        epoch = self.at // self.settings.steps_per_epoch
        with self.average.in_place():
            values = self._measure(epoch)
        self.training.end_epoch()
        self._save()
        shown = dict.fromkeys(["loss", self.settings.monitor])
        text = "  ".join(f"{name} {values[name]:.3g}" for name in shown if name in values)
        last = "" if self.pace.is_limited else f"/{self.settings.last_epoch}"
        self.logbook.say(self.at, f"epoch {epoch}{last}  {text}")

    def _measure(self, epoch: int) -> dict[str, float]:
        """Returns the metrics of the weights that the model has, which may become the kept ones."""
        with announced("validation", enabled=self.logbook.chief):
            values = self.training.validate()
        self._keep(*_value_and_error(values, self.settings.monitor))
        stop_value, error = _value_and_error(values, self.settings.stop_metric)
        self.progress.stop_value = stop_value + N_ERRORS * error
        self.logbook.row(self.at, "validation", {"epoch": epoch, **values})
        every = self.settings.histograms_every_epochs
        if every and epoch % every == 0:
            self.logbook.histograms(self.at, self.model)
        every = self.settings.figures_every_epochs
        if every and epoch % every == 0:
            self.logbook.figures(self.at, self.training.figures())
        return values

    def _keep(self, value: float, error: float) -> None:
        """Keeps the weights unless earlier ones are better by more than noise.

        The lowest of many noisy values is low by its noise. So the last weights count, unless
        value + 2 error is above the lowest value + 4 error: at equal errors, unless they are
        worse than the best by more than 2 errors. Without errors it is the lowest value.
        """
        if self.training.has_new_goal:
            self.progress.best = math.inf
        bound = value + 2.0 * N_ERRORS * error
        if bound < self.progress.best:
            self.progress.best, self.progress.epochs_since_best = bound, 0
        else:
            self.progress.epochs_since_best += self.settings.validate_every_epochs
        kept = math.isfinite(value) and value + N_ERRORS * error <= self.progress.best
        if kept and self.engine.is_chief:
            self.folder.save_best_weights(self.model, step=self.at)

    def _is_done(self) -> bool:
        """Tells whether all steps are taken."""
        return self.pace.is_over if self.pace.is_limited else self.at >= self.settings.n_steps

    def _is_over(self) -> bool:
        """Tells whether the training ends early."""
        patience = self.settings.patience
        impatient = patience and self.progress.epochs_since_best >= patience
        below = self.settings.stop_below
        return bool(impatient or (below and self.progress.stop_value < below))

    def _validation_is_due(self) -> bool:
        every = self.settings.steps_per_epoch * self.settings.validate_every_epochs
        return self.at % every == 0 or self._is_done()

    def _checkpoint_is_due(self) -> bool:
        return time.monotonic() - self._saved_at > 60 * self.settings.checkpoint_every_minutes

    def _save(self) -> None:
        self.checkpoints.save()
        if self.engine.is_chief:
            self.pace.save()
        self._saved_at, self._saved_step = time.monotonic(), self.at

    def _save_if_new(self) -> None:
        if self._saved_step != self.at:
            self._save()

    def _give_up(self, loss: float, batch: Any) -> None:
        arrays = {f"{index}": value for index, value in enumerate(self.engine.arrays(batch))}
        path = self.folder.bad_batch(self.engine.worker)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **arrays)  # type: ignore[arg-type]
        what = "gradient is not finite" if math.isfinite(loss) else f"loss is {loss}"
        tried = ", whatever the damping," if isinstance(self.step, DampedStep) else ""
        raise FloatingPointError(
            f"The {what} at step {self.at + 1}{tried}; the batch is saved in {path}, the last"
            f" checkpoint is from before. {self._way_out()}"
        )

    def _way_out(self) -> str:
        rate = self.settings.optimizer.learning_rate
        remedy = self.training.remedy or "a smaller `training.optimizer.learning_rate`"
        return f"In another folder, try {remedy}; the learning rate is {rate:g}."


def _value_and_error(values: dict[str, float], name: str) -> tuple[float, float]:
    """Returns a metric and its error bar, 0 where it has none."""
    return values[name], values.get(f"{name}_error", 0.0)
