"""Steps of stochastic reconfiguration, and their local energies, against their matrix products.

What they are held against is the time in which products of large square matrices, measured in
turns with them, take as many operations as `multiply_adds` counts. A wave function is trained by
a few steps first: the samples of random weights have fewer antiparallel bonds than those of a
ground state, and every one of these is an evaluation.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.bounds import Product, both_passes
from benchmarks.ground_states import assemble
from benchmarks.multiply_adds import count_step, find_pairs
from benchmarks.rows import BOUND, Row, compare, constant_limit, rate
from benchmarks.timing import Run, Timings, clock, run_in_turns

ROOM = "steps of reconfiguration"
# Of the matrices that bounds are measured with; both passes are three products.
SIZE = 2048
# After 30, the gated cell has 69 % of the bonds of 6 x 6 antiparallel; the ground state has 74 %.
N_TRAINING_STEPS = 60
# What is promised of the open square of 6 x 6 by the gated cell.
LEAST_OF_RATE = 0.6
MOST_OF_PRODUCTS = 2.0
MOST_SECONDS = 0.25


@dataclass(frozen=True)
class Case:
    """A step that is measured.

    Attributes:
        name: System, network and samples in words.
        configure: Returns its configuration.
        promised: Whether there are limits.
    """

    name: str
    configure: Callable[[], Any]
    promised: bool = False


@dataclass(frozen=True)
class TrainedStep:
    """A step that no longer changes the weights, which some steps have trained.

    Attributes:
        search: The wave function and what trains it.
        bits: The samples of this step, int32 (n_samples, n_sites).
        run: Takes the step.
    """

    search: Any
    bits: Any
    run: Run


def measure(count: int) -> list[Row]:
    """Returns the rows of this room, at most seven runs each."""
    rows = []
    for case in CASES:
        step = train(case.configure(), N_TRAINING_STEPS)
        runs = {
            "energies": _local_energies(step),
            "step": step.run,
            "products": both_passes([Product(SIZE, SIZE, SIZE)]),
        }
        rows += case_rows(case, step, run_in_turns(runs, min(count, 7)))
    return rows


def case_rows(case: Case, step: TrainedStep, timings: dict[str, Timings]) -> list[Row]:
    """Returns the rows of a case.

    Args:
        case: The case.
        step: Its step.
        timings: Of its "energies", the "step" and the "products".
    """
    psi, local_energy = step.search.model, step.search.task.local_energy
    arithmetic = count_step(psi, local_energy, step.bits)
    parts = {
        "energies": ("local energies", arithmetic.local_energies, 1.0 / LEAST_OF_RATE),
        "step": ("step", arithmetic.total, MOST_OF_PRODUCTS),
    }
    rows = [
        _share(case.name, find_pairs(local_energy, step.bits)),
        _rate("large matrix products beside", case.name, 3 * SIZE**3, timings["products"]),
    ]
    for key, (words, multiply_adds, limit) in parts.items():
        bound = timings["products"].scale(multiply_adds / (3 * SIZE**3))
        against = f"as many operations in products of {SIZE} x {SIZE} matrices"
        chosen = limit if case.promised else None
        name = f"{words}, {case.name}"
        rows.append(compare(ROOM, name, timings[key], against, bound, BOUND, limit=chosen))
        rows.append(_rate(f"{words},", case.name, multiply_adds, timings[key]))
    if case.promised:
        rows.append(constant_limit(ROOM, f"step, {case.name}", timings["step"], MOST_SECONDS))
    return rows


def train(config: Any, n_steps: int) -> TrainedStep:
    """Trains a wave function from fixed seeds by some steps with new samples each.

    Args:
        config: Of a training with a constant learning rate.
        n_steps: Number of steps.

    Returns:
        The same step with a learning rate of zero, and always the same samples.
    """
    import keras
    import tensorflow as tf

    from qtf.configuration import from_config
    from qtf.ground_states.runs.settings import GroundStateSettings
    from qtf.training.compilation import compiled

    keras.utils.set_random_seed(0)
    assembled = assemble(from_config(GroundStateSettings, config))
    psi, generator = assembled.search.model, np.random.default_rng(0)
    for _ in range(n_steps):
        assembled.step(_batch(assembled.search, generator))
    assembled.optimizer.learning_rate.assign(0.0)
    batch = _batch(assembled.search, generator)
    sample = compiled(psi.sample, variables=psi.variables)
    bits = tf.constant(sample(batch["uniforms"]).numpy())
    return TrainedStep(assembled.search, bits, clock(lambda: assembled.step(batch)))


def gated_square(side: int = 6, n_samples: int = 512, units: int = 32) -> Any:
    """Returns the configuration of an open Heisenberg square with the gated cell."""
    config = _known_signs("start_square", side, n_samples)
    config.network.name, config.network.units = "gated_2d", units
    config.wave_function.order = "snake"
    config.sampling.n_prefixes = side
    return config


def gru_chain(n_sites: int = 80, n_samples: int = 512, units: int = 64) -> Any:
    """Returns the configuration of an open Heisenberg chain with the GRU."""
    config = _known_signs("start_chain", n_sites, n_samples)
    config.network.units = units
    config.sampling.n_prefixes = 8
    return config


def pixelcnn_square(side: int = 6, n_samples: int = 512, width: int = 32, depth: int = 6) -> Any:
    """Returns the configuration of an open Heisenberg square with masked convolutions."""
    config = _known_signs("start_square", side, n_samples)
    config.network.name, config.network.width, config.network.depth = "pixelcnn", width, depth
    config.sampling.n_prefixes = side
    return config


def _known_signs(start: str, size: int, n_samples: int) -> Any:
    from qtf.ground_states.runs import recipes

    config = getattr(recipes, start)(size)
    recipes.use_known_signs(config)
    recipes.use_reconfiguration(config, n_samples=n_samples, n_epochs=1, learning_rate=0.1)
    config.training.optimizer.schedule = "constant"
    return config


CASES = (
    Case("Heisenberg 6 x 6, gated cell 32 wide, 512 samples", gated_square, promised=True),
    Case("Heisenberg chain of 80, GRU 64 wide, 512 samples", gru_chain),
    Case("Heisenberg 6 x 6, PixelCNN 32 wide, 6 deep, 512 samples", pixelcnn_square),
)


def _batch(search: Any, generator: np.random.Generator) -> dict[str, Any]:
    import tensorflow as tf

    uniforms = generator.random(search.task.source.shape).astype(np.float32)
    return {"uniforms": tf.constant(uniforms), "step": tf.constant(0, tf.int64)}


def _local_energies(step: TrainedStep) -> Run:
    from qtf.training.compilation import compiled

    psi, local_energy = step.search.model, step.search.task.local_energy
    run = compiled(lambda bits: local_energy(psi, bits)[0], variables=psi.variables)
    return clock(lambda: run(step.bits).numpy())


def _share(name: str, occurs: Any) -> Row:
    """Returns the row of how many exchanges are evaluated, those of antiparallel bonds."""
    percent = 100.0 * float(np.mean(occurs))
    words = f"antiparallel bonds, {name}"
    return Row(ROOM, words, percent, percent, percent, "%", "", BOUND, 1.0)


def _rate(words: str, name: str, multiply_adds: int, timings: Timings) -> Row:
    return rate(ROOM, f"{words} {name}", 2 * multiply_adds / 1e9, "GFLOP/s", timings)
