"""Trains one wave function on independent samples or on Markov chains, and times it."""

import sys
import time

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from qtf.autoregressive import PixelCNN
from qtf.ground_states.energy_gradient import gradients_in_pieces
from qtf.ground_states.estimates import EnergyEstimate, energy_estimate
from qtf.ground_states.figures import DIRECT, TrainingCurve
from qtf.ground_states.local_energy import LocalEnergy
from qtf.ground_states.markov_chain import SINGLE_FLIP, chain_key, chain_steps
from qtf.ground_states.wave_function import WaveFunction
from qtf.physics import PauliSum, Square, ising
from qtf.pieces import equal_pieces
from qtf.progress import announced
from qtf.streams import Stream
from qtf.training.compilation import compiled
from qtf.training.piecewise import gradient_rows_at_once
from trainers.compare_samplers.settings import ChainTrainingSettings

N_POINTS = 50
# Positions from which flipped spins are evaluated, see `LocalEnergy`.
N_PREFIXES = 4


def hamiltonian_of(plan: ChainTrainingSettings) -> PauliSum:
    """Returns the Ising model on the square."""
    square = Square(plan.side, plan.side)
    return ising(square, transverse_field=plan.field, longitudinal_field=0.0)


def name_of(steps_between: int) -> str:
    """Returns the name of a curve, by the steps of the chains between samples; 0: no chains."""
    return f"chains, k = {steps_between}" if steps_between else DIRECT


class Trainings:
    """Trains one wave function from the same start on samples of different origin.

    Chains start from random spins and go on from one optimiser step to the next while the
    wave function changes. Energies are measured on independent samples, the same random
    numbers for all trainings.

    Args:
        plan: Settings that all trainings share.
        xla: Whether XLA compiles the steps; without it they start sooner and take longer.
    """

    def __init__(self, plan: ChainTrainingSettings, *, xla: bool = True) -> None:
        self.plan = plan
        keras.utils.set_random_seed(plan.seed)
        network = PixelCNN(shape=(plan.side, plan.side), width=plan.width, depth=plan.depth)
        self.psi = WaveFunction(network=network)
        self.optimizer = keras.optimizers.Adam(plan.learning_rate)
        self.optimizer.build(self.psi.trainable_variables)
        variables = [*self.psi.variables, *self.optimizer.variables]
        self._start = [(variable, np.array(variable)) for variable in variables]
        self.local_energy = LocalEnergy(
            hamiltonian_of(plan), chunk=plan.chunk, n_prefixes=N_PREFIXES
        )
        self._direct_step, self._chain_step = (
            tf.function(step, jit_compile=xla, autograph=False)
            for step in (self._step_on_direct_samples, self._step_on_chains)
        )
        self._local_energies = compiled(
            lambda uniforms: self.local_energy(self.psi, self.psi.sample(uniforms)),
            variables=self.psi.variables,
            xla=xla,
        )

    def train(self, steps_between: int) -> TrainingCurve:
        """Trains from the start and returns how far it came.

        Args:
            steps_between: Steps of the chains before each optimiser step; 0: independent
                samples.

        Raises:
            FloatingPointError: The energy is no finite number any more.
        """
        for variable, value in self._start:
            variable.assign(value)
        bits, seconds = self._draw_spins(), 0.0
        every = max(1, self.plan.n_steps // N_POINTS)
        # Where there is no bar, lines now and then say how far it is.
        name, n_steps = name_of(steps_between), self.plan.n_steps
        with (
            _progress_bar(name, n_steps) as bar,
            announced(name, n_steps, enabled=bar.disable) as activity,
        ):
            measured = {0: (seconds, self.measure())}
            for step in range(1, self.plan.n_steps + 1):
                started = time.perf_counter()
                bits = self._advance(bits, step, steps_between)
                # The first step is compiled, which says nothing of samplers.
                seconds += time.perf_counter() - started if step > 1 else 0.0
                if step % every == 0 or step == self.plan.n_steps:
                    measured[step] = (seconds, self.measure())
                    bar.set_postfix(energy=f"{measured[step][1].energy:.6g}", refresh=False)
                bar.update()
                activity.advance()
        return TrainingCurve(
            steps=list(measured),
            seconds=[seconds for seconds, _ in measured.values()],
            energies=[estimate.energy for _, estimate in measured.values()],
            variances=[estimate.energy_variance for _, estimate in measured.values()],
        )

    def measure(self) -> EnergyEstimate:
        """Returns the energy of the wave function as it is, from independent samples."""
        plan = self.plan
        rng = np.random.default_rng([plan.seed, Stream.SAMPLER_MEASUREMENT])
        parts: list[tuple[tf.Tensor, tf.Tensor]] = []
        # As many at once as in the training, so that memory suffices.
        for _ in range(equal_pieces(plan.n_measured, plan.n_samples)[0]):
            uniforms = rng.random((self.psi.n_uniforms, plan.n_samples), np.float32)
            parts.append(self._local_energies(tf.constant(uniforms)))
        real, imaginary = (np.concatenate(part) for part in zip(*parts, strict=True))
        return energy_estimate(real, imaginary, self.psi.n_sites)

    def _draw_spins(self) -> tf.Tensor:
        rng = np.random.default_rng([self.plan.seed, Stream.CHAIN_START])
        shape = (self.plan.n_samples, self.psi.n_sites)
        return tf.constant(rng.integers(0, 2, shape, dtype=np.int32))

    def _advance(self, bits: tf.Tensor, step: int, steps_between: int) -> tf.Tensor:
        """Takes one optimiser step and returns the samples that it was taken on."""
        key = tf.constant(chain_key(self.plan.seed, step))
        if steps_between:
            bits, energy = self._chain_step(bits, key, tf.constant(steps_between))
        else:
            bits, energy = self._direct_step(key)
        if not np.isfinite(float(energy)):
            raise FloatingPointError(
                f"The energy of the training on {name_of(steps_between)} must stay finite, but"
                f" is {float(energy)} at step {step}; lower the learning rate."
            )
        return bits

    def _step_on_direct_samples(self, key: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        shape = (self.psi.n_uniforms, self.plan.n_samples)
        return self._step(self.psi.sample(tf.random.stateless_uniform(shape, key)))

    def _step_on_chains(
        self, bits: tf.Tensor, key: tf.Tensor, steps_between: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        kept, _ = chain_steps(
            self.psi, bits, key, n_kept=1, keep_every=steps_between, proposal=SINGLE_FLIP
        )
        return self._step(kept[0])

    def _step(self, bits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        bits = tf.ensure_shape(bits, (self.plan.n_samples, self.psi.n_sites))
        real, imaginary = self.local_energy(self.psi, bits)
        shares = tf.fill(tf.shape(real), tf.constant(1.0 / self.plan.n_samples, real.dtype))
        at_once = gradient_rows_at_once(self.psi)
        gradients = gradients_in_pieces(self.psi, bits, real, imaginary, shares, at_once)
        self.optimizer.apply(gradients, self.psi.trainable_variables)
        return bits, tf.reduce_mean(real)


def _progress_bar(name: str, n_steps: int) -> tqdm:
    return tqdm(
        total=n_steps,
        desc=name,
        unit="step",
        dynamic_ncols=True,
        disable=not sys.stderr.isatty(),
    )
