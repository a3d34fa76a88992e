"""Variational Monte Carlo: sampling, local energies, and a whole step.

A sample costs about one parallel evaluation, which is its bound; local energies that start from
prefixes are held against those that evaluate every flipped configuration anew.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks.rows import BOUND, PEER, Row, compare
from benchmarks.timing import Run, clock, run_in_turns
from qtf.ground_states.runs.settings import RunSettings

ROOM = "ground states"
BATCH = 256
MOST_OF_EVALUATION = 3.0
FASTER_THAN_WITHOUT = 1.6
MOST_OF_GROWTH = 1.2


def measure(count: int) -> list[Row]:
    """Returns the rows of this room, at most five runs each."""
    rows = _growth_of_sampling(min(count, 5))
    for name, *case in _cases():
        timings = run_in_turns(_runs(*case), min(count, 5))
        rows += [
            compare(
                ROOM,
                f"{BATCH} samples, {name}",
                timings["sample"],
                "one parallel evaluation",
                timings["evaluate"],
                BOUND,
                limit=MOST_OF_EVALUATION,
            ),
            compare(
                ROOM,
                f"local energies of {BATCH} samples, {name}",
                timings["with prefixes"],
                "without prefixes",
                timings["without prefixes"],
                PEER,
                limit=FASTER_THAN_WITHOUT,
            ),
        ]
    return rows


def _growth_of_sampling(count: int) -> list[Row]:
    """Samples of four times as many sites: their networks take four times the arithmetic."""
    from qtf.autoregressive import GRUNetwork, PixelCNN
    from qtf.ground_states.wave_function import WaveFunction

    networks = {
        "GRU 64 wide": ("chain of", lambda n: GRUNetwork(n_positions=n, units=64), 64, 256),
        "PixelCNN 32 wide, 6 deep": (
            "side",
            lambda side: PixelCNN(shape=(side, side), depth=6),
            8,
            16,
        ),
    }
    rows = []
    for name, (words, make, small, large) in networks.items():
        runs = {str(n): _sampling(WaveFunction(network=make(n))) for n in (small, large)}
        few, many = run_in_turns(runs, count).values()
        rows.append(
            compare(
                ROOM,
                f"{BATCH} samples, {words} {large}, {name}",
                many,
                f"4 times {words} {small}, as the network's arithmetic",
                few.scale(4.0),
                BOUND,
                limit=MOST_OF_GROWTH,
            )
        )
    return rows


def _sampling(psi: Any) -> Run:
    return _compiled(psi, lambda uniforms: psi.sample(uniforms), _uniforms(psi))


def _uniforms(psi: Any) -> Any:
    import tensorflow as tf

    numbers = np.random.default_rng(0).random((psi.n_uniforms, BATCH))
    return tf.constant(numbers, tf.float32)


def vmc_step(*, side: int, width: int, depth: int, n_samples: int, field: float) -> Run:
    """Returns a run of one step of the trainer: samples, local energies, gradient, update."""
    from qtf.configuration import config_dict, from_config
    from qtf.ground_states.runs.settings import GroundStateSettings

    config = config_dict(GroundStateSettings())
    config.physics.hamiltonian = {
        "name": "ising",
        "lattice": "square",
        "n_rows": side,
        "n_columns": side,
        "transverse_field": field,
        "longitudinal_field": 0.0,
    }
    config.network.name, config.network.width, config.network.depth = "pixelcnn", width, depth
    config.sampling.n_samples = n_samples
    config.training.optimizer.schedule = "constant"
    return training_step(from_config(GroundStateSettings, config))


@dataclass(frozen=True)
class Assembled:
    """What `trainers.ground_state` makes of its settings before the first step.

    Attributes:
        search: The wave function and what trains it.
        optimizer: Built on its weights.
        step: Takes one step.
    """

    search: Any
    optimizer: Any
    step: Any


def assemble(settings: RunSettings) -> Assembled:
    """Returns what takes the steps of `trainers.ground_state` with these settings."""
    from qtf.ground_states.runs.assembly import make_task
    from qtf.ground_states.runs.facts import find_facts
    from qtf.training.distribution import make_strategy
    from qtf.training.optimization import make_optimizer
    from qtf.training.step import TrainingStep

    task, training = make_task(settings, find_facts(settings)), settings.training
    strategy = make_strategy(training.strategy)
    with strategy.scope():
        search = task.build()
        optimizer = make_optimizer(training)
        optimizer.build(search.model.trainable_variables)
    as_in_loop = replace(training, xla=training.xla and not search.compiles_itself)
    step = TrainingStep(strategy, search.model, optimizer, search.loss, as_in_loop)
    return Assembled(search, optimizer, step)


def training_step(settings: RunSettings) -> Run:
    """Returns a run of one step of `trainers.ground_state` with these settings."""
    import tensorflow as tf

    assembled = assemble(settings)
    shape = assembled.search.task.source.shape
    uniforms = np.random.default_rng(0).random(shape).astype(np.float32)
    batch = {"uniforms": tf.constant(uniforms), "step": tf.constant(0, tf.int64)}
    return clock(lambda: assembled.step(batch))


def _cases() -> list[tuple[str, Any, Any, int]]:
    """Returns names, wave functions, Hamiltonians and numbers of prefixes."""
    from qtf.autoregressive import LSTM2D, GatedRNN2D, GRUNetwork, PixelCNN, Transformer
    from qtf.ground_states.wave_function import WaveFunction
    from qtf.physics import Chain, Square, ising

    chain, square = Chain(64), Square(8, 8)
    networks = {
        "chain of 64, GRU 64 wide": (GRUNetwork(n_positions=64, units=64), chain, 8),
        "8 x 8, PixelCNN 32 wide, 6 deep": (PixelCNN(shape=(8, 8), depth=6), square, 8),
        "8 x 8, LSTM 32 wide, 2 layers": (LSTM2D(shape=(8, 8)), square, 8),
        "8 x 8, gated cell 32 wide": (GatedRNN2D(shape=(8, 8), units=32), square, 8),
        "chain of 64, transformer 32 wide": (Transformer(n_positions=64), chain, 16),
    }
    return [
        (name, WaveFunction(network=network), ising(lattice, longitudinal_field=0.0), n_prefixes)
        for name, (network, lattice, n_prefixes) in networks.items()
    ]


def _runs(psi: Any, hamiltonian: Any, n_prefixes: int) -> dict[str, Run]:
    from qtf.ground_states.local_energy import LocalEnergy

    bits = psi.sample(_uniforms(psi))
    # As many configurations at once in both.
    reused = LocalEnergy(hamiltonian, chunk=8, n_prefixes=n_prefixes)
    anew = LocalEnergy(hamiltonian, chunk=8)
    return {
        "sample": _sampling(psi),
        "evaluate": _compiled(psi, lambda bits: psi(bits)[0], bits),
        "with prefixes": _compiled(psi, lambda bits: reused(psi, bits)[0], bits),
        "without prefixes": _compiled(psi, lambda bits: anew(psi, bits)[0], bits),
    }


def _compiled(psi: Any, function: Callable[[Any], Any], argument: Any) -> Run:
    from qtf.training.compilation import compiled

    run = compiled(function, variables=psi.variables)
    return clock(lambda: run(argument).numpy())
