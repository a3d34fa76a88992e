"""Trains the same model through JAX, where there is a GPU with JAX but no TensorFlow.

    python -m benchmarks.train_on_jax --config=configs/dynamics/increment.py --workdir=RUN \
        [--epochs=N] [--minutes=M]

Model, loss, optimiser, schedule, exact trajectories and validation are those of
`trainers.dynamics`; only the loop differs, and it does not resume. The run folder holds
`config.json`, `model.json`, `best.weights.h5` and `metrics.jsonl`, so that `trainers.evaluate`
and `trainers.export` read it where TensorFlow is installed. Prints the time of a step, and
writes it with the device's name to `jax.json`.
"""

import argparse
import json
import os
import statistics
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

BATCHES_AHEAD = 32


def main() -> None:
    """Trains and reports."""
    arguments = _arguments()
    import jax
    import keras

    from qtf.dynamics.task import DynamicsTask
    from qtf.run_kinds import DYNAMICS
    from qtf.training.run_folder import RunFolder
    from trainers.dynamics.exact_data import exact_source, exact_validation

    asked = _settings(arguments)
    settings, law = asked.training, asked.exact.law
    keras.utils.set_random_seed(settings.seed)
    source = exact_source(asked.data, asked.exact, seed=settings.seed)
    task = DynamicsTask(
        model=asked.model,
        seed=settings.seed,
        loss=asked.loss,
        source=source,
        validation=exact_validation(asked.data, law, seed=settings.seed),
        dt=law.dt,
        rollout_steps=asked.data.rollout_steps,
        n_rollouts=asked.data.n_rollouts,
    )
    folder = RunFolder(arguments.workdir)
    device = jax.devices()[0].device_kind
    recorded = {**asked.as_mapping(), "physics": law.as_mapping(), "data_dir": "", "init_from": ""}
    folder.open(recorded, kind=DYNAMICS, devices=[device])
    report = Training(task, settings, folder).run(source, minutes=arguments.minutes)
    (folder.path / "jax.json").write_text(json.dumps({"device": device, **report}, indent=2))
    print(json.dumps({"device": device, **report}))


class Training:
    """One training through JAX.

    Args:
        task: Model, loss and validation.
        settings: Of the optimiser and the number of steps.
        folder: Where weights and metrics go.
    """

    def __init__(self, task: Any, settings: Any, folder: Any) -> None:
        from qtf.training.schedules import make_optimizer

        self.training, self.settings, self.folder = task.build(), settings, folder
        self.model = self.training.model
        self.optimizer = make_optimizer(settings)
        self.optimizer.build(self.model.trainable_variables)
        folder.save_model(self.model)
        self._step = self._compiled_step()

    def run(self, source: Any, *, minutes: float) -> dict[str, Any]:
        """Trains until the last step or the last minute; returns what was measured."""
        import jax

        variables = (
            self.model.trainable_variables,
            self.model.non_trainable_variables,
            self.optimizer.variables,
        )
        state = jax.tree.map(lambda variable: variable.value, variables)
        started, best, seconds = time.monotonic(), float("inf"), []
        epoch_started = time.monotonic()
        for at, psi in enumerate(_batches(source, self.settings.n_steps), start=1):
            state, loss = self._step(state, psi)
            if at % self.settings.steps_per_epoch:
                continue
            loss = float(loss)
            seconds.append((time.monotonic() - epoch_started) / self.settings.steps_per_epoch)
            for group, values in zip(variables, state, strict=True):
                for variable, value in zip(group, values, strict=True):
                    variable.assign(value)
            best = self._validate(at, loss, best, time.monotonic() - started)
            if time.monotonic() - started > 60 * minutes:
                break
            state = jax.tree.map(lambda variable: variable.value, variables)
            epoch_started = time.monotonic()
        # The first epoch compiles.
        step = statistics.median(seconds[1:] or seconds)
        return {"steps": at, "minutes": (time.monotonic() - started) / 60, "step_seconds": step}

    def _compiled_step(self) -> Any:
        import jax
        import keras

        trainable, others = self.model.trainable_variables, self.model.non_trainable_variables
        clip_norm = self.settings.optimizer.clip_norm

        def loss(weights: Any, rest: Any, psi: Any) -> tuple[Any, Any]:
            mapping = [*zip(trainable, weights, strict=True), *zip(others, rest, strict=True)]
            with keras.StatelessScope(state_mapping=mapping) as scope:
                value = self.training.loss({"psi": psi})
            return value, [scope.get_current_value(variable) for variable in others]

        @jax.jit
        def step(state: Any, psi: Any) -> tuple[Any, Any]:
            weights, rest, moments = state
            gradient = jax.value_and_grad(loss, has_aux=True)
            (value, rest), gradients = gradient(weights, rest, psi)
            if clip_norm:
                norm = sum((g**2).sum() for g in gradients) ** 0.5
                gradients = [g * jax.numpy.minimum(1.0, clip_norm / norm) for g in gradients]
            weights, moments = self.optimizer.stateless_apply(moments, gradients, weights)
            return (weights, rest, moments), value

        return step

    def _validate(self, at: int, loss: float, best: float, elapsed: float) -> float:
        epoch = at // self.settings.steps_per_epoch
        if epoch % self.settings.validate_every_epochs and at < self.settings.n_steps:
            return best
        values = self.training.validate()
        rows = (
            {"step": at, "kind": "training", "loss": loss, "seconds": elapsed},
            {"step": at, "kind": "validation", "epoch": epoch, **values},
        )
        with self.folder.metrics.open("a") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
        value = values[self.settings.monitor]
        if value < best:
            self.folder.save_best_weights(self.model)
        print(f"step {at}  {elapsed:.0f} s  loss {values['loss']:.3g}  mre {values['mre']:.3g}")
        return min(value, best)


def _batches(source: Any, n_steps: int) -> Iterator[Any]:
    """Yields batches in order while threads compute the next ones."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        waiting = deque(pool.submit(source.batch, at) for at in range(BATCHES_AHEAD))
        for at in range(n_steps):
            waiting.append(pool.submit(source.batch, at + BATCHES_AHEAD))
            yield waiting.popleft().result()["psi"]


def _settings(arguments: argparse.Namespace) -> Any:
    from qtf.configuration import from_config
    from qtf.configuration_files import load_configuration
    from trainers.dynamics.settings import DynamicsSettings

    config = load_configuration(arguments.config)
    config.data.source = "exact"
    if arguments.epochs:
        config.training.n_epochs = arguments.epochs
    return from_config(DynamicsSettings, config)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", required=True)
    parser.add_argument("--workdir", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=0, help="instead of the configuration's")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after the epoch that ends")
    return parser.parse_args()


if __name__ == "__main__":
    main()
