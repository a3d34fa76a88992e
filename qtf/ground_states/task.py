"""Variational Monte Carlo as a task of the training loop."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from qtf.checks import SAMPLES, check_arguments
from qtf.ground_states.energy_gradient import gradient_surrogate, gradients_in_pieces
from qtf.ground_states.estimates import (
    EnergyEstimate,
    energy_estimate,
    relative_error,
    v_score,
)
from qtf.ground_states.every_configuration import EveryConfiguration
from qtf.ground_states.local_energy import LocalEnergy, LogPsi, log_psi_in_pieces
from qtf.ground_states.min_sr import MinSR
from qtf.ground_states.observables import abs_magnetization, magnetization
from qtf.ground_states.penalties import Penalties
from qtf.ground_states.sample_picture import sample_picture
from qtf.ground_states.symmetries import SymmetricWaveFunction, acceptance
from qtf.ground_states.unseen_variance import is_blind, lowest_configuration, unseen_variance
from qtf.physics import PauliSum
from qtf.progress import announced
from qtf.training.compilation import compiled
from qtf.training.damping import Damping
from qtf.training.per_sample import bytes_of_equations
from qtf.training.piecewise import BYTES_OF_GRADIENT, gradient_rows_at_once
from qtf.training.surrogates import with_gradient_of, with_gradients

# Apart from the streams of training batches.
VALIDATION_STREAM, UNSEEN_STREAM = 41, 42
# Samples from which flips look for what the others cannot see.
N_UNSEEN = 64
# Samples that are exchanged, and random configurations, in search of a lower energy.
N_ELSEWHERE = 1024
# By so many, and more than rounding, an energy is above another.
N_ERROR_BARS, ROUNDING = 5, 1e-6
# Of a known energy: itself, the distance from it, its error bar, and both added.
REFERENCE_METRICS = (
    "reference_energy",
    "relative_error",
    "relative_error_error",
    "relative_error_bound",
)


class GroundStateTask:
    """Lowers the energy of a wave function on samples that it draws itself.

    The loss is the mean local energy; its gradient is

        2 Re < (E_loc - <E_loc>)^* d log psi >

    or, with `min_sr`, what stochastic reconfiguration makes of it.

    Args:
        make_wave_function: Makes the wave function.
        hamiltonian: Real.
        source: Of uniform random numbers, (n_uniforms, n_samples); a `RandomSource`.
        n_samples: Samples of a step of one replica.
        n_validation: Samples of a validation.
        seed: Seed of the samples of validations.
        reference: Known ground energy, or None. Of 0 there are no relative errors.
        penalties: What is lowered beside the energy; None: nothing.
        min_sr: Stochastic reconfiguration, for which the training step itself must not be
            compiled by XLA; None: the plain gradient.
        symmetrized: Makes of the wave function one averaged over symmetries, by which
            validations measure how well it has them; None: no symmetries are known.
        chunk: Flips evaluated at once in local energies, at most; 0: as many as the memory
            allows.
        n_prefixes: Positions from which local energies may be evaluated, see `LocalEnergy`.
        every_configuration: Whether training sums over all configurations of a small system
            instead of samples; `validate` samples nevertheless.
        picture_shape: Rows and columns of a picture of a sample; None: no pictures.
        open_questions: What is not proven of the wave function, one sentence each, for reports.
        xla: Whether validation is compiled by XLA.

    Raises:
        ValueError: The Hamiltonian is complex, or a number is out of range.
    """

    def __init__(
        self,
        *,
        make_wave_function: Callable[[], keras.Model],
        hamiltonian: PauliSum,
        source: Any,
        n_samples: int,
        n_validation: int,
        seed: int,
        reference: float | None = None,
        penalties: Penalties | None = None,
        min_sr: MinSR | None = None,
        symmetrized: Callable[[keras.Model], SymmetricWaveFunction] | None = None,
        chunk: int = 0,
        n_prefixes: int = 1,
        every_configuration: bool = False,
        picture_shape: tuple[int, int] | None = None,
        open_questions: Sequence[str] = (),
        xla: bool = True,
    ) -> None:
        check_arguments(SAMPLES, n_samples=n_samples, n_validation=n_validation)
        self.make_wave_function = make_wave_function
        self.hamiltonian = hamiltonian
        self.source = source
        self.batch_size = n_samples
        self.n_validation = n_validation
        self.seed = seed
        self.reference = reference
        n_known = 0 if reference is None else len(REFERENCE_METRICS) if reference else 1
        self._reference_metrics = REFERENCE_METRICS[:n_known]
        self.penalties = penalties or Penalties()
        self.min_sr = min_sr
        self.symmetrized = symmetrized
        self.local_energy = LocalEnergy(hamiltonian, chunk=chunk, n_prefixes=n_prefixes)
        self.every_configuration = every_configuration
        self.picture_shape = picture_shape
        self.open_questions = tuple(open_questions)
        self.xla = xla
        self.has_new_goal = False
        self.metric_names = (
            "loss",
            "loss_error",
            "energy",
            "energy_error",
            "energy_variance",
            "unseen_variance",
            "v_score",
            "v_score_error",
            "magnetization",
            "magnetization_error",
            "abs_magnetization",
            *(() if symmetrized is None else ("symmetry_acceptance",)),
            *self._reference_metrics,
        )
        self._shown_bits: np.ndarray | None = None

    @property
    def state(self) -> list[keras.Variable]:
        """Variables that belong into a checkpoint beside weights and optimiser."""
        return [] if self.min_sr is None else self.min_sr.state

    @property
    def damping(self) -> Damping | None:
        """What holds back steps of stochastic reconfiguration."""
        return None if self.min_sr is None else self.min_sr.damping

    @property
    def remedy(self) -> str:
        """What to try if the energy becomes infinite."""
        if self.min_sr is None:
            return "a smaller `training.optimizer.learning_rate`, or a `clip_norm` beside it"
        return (
            f"a larger `min_sr.diag_shift` (here {self.min_sr.diag_shift:g}), a smaller"
            " `training.optimizer.learning_rate` or more `sampling.n_samples`"
        )

    def accepts(self, loss: float, rate: float) -> bool:
        """Tells whether the last step was short enough; samples do not tell what it has gained."""
        return self.min_sr is None or self.min_sr.is_short(rate)

    def build_model(self) -> keras.Model:
        """Makes the wave function.

        Raises:
            ValueError: It has another number of sites than the Hamiltonian.
        """
        model = self.make_wave_function()
        if model.n_sites != self.hamiltonian.n_sites:
            raise ValueError(
                f"The wave function must have {self.hamiltonian.n_sites} sites, as the"
                f" Hamiltonian, but has {model.n_sites}."
            )
        if self.every_configuration:
            self._every = EveryConfiguration(model)
            # Values are looked up: neither pieces nor prefixes save anything.
            self._summed_local_energy = LocalEnergy(self.hamiltonian)
        if self.min_sr is not None:
            self.min_sr.build(model)
        symmetric = None if self.symmetrized is None else self.symmetrized(model)

        def measured(uniforms: Any) -> tuple[Any, ...]:
            bits, *energies = self._drawn(model, uniforms)
            values = (*energies, bits)
            return values if symmetric is None else (*values, acceptance(symmetric, bits))

        def evaluated(bits: Any) -> Any:
            if self.every_configuration:
                return self._looked_up(model)[0](bits)
            return log_psi_in_pieces(model, bits)

        # Compiling it by XLA would take longer than it saves.
        self._evaluated = compiled(evaluated, variables=model.variables, xla=False)
        self._measured = compiled(measured, variables=model.variables, xla=self.xla)
        return model

    def loss(self, model: keras.Model, batch: Any, training: bool) -> Any:
        """Returns the mean local energy; differentiated, the direction of the step."""
        if self.min_sr is not None:
            return self._reconfiguration_loss(model, batch)
        bits, real, imaginary, shares = map(
            ops.stop_gradient, self._weighed(model, batch["uniforms"])
        )
        at_once = gradient_rows_at_once(model)
        if bits.shape[0] > at_once:
            log_modulus = ops.stop_gradient(log_psi_in_pieces(model, bits)[0])
            target = real + self.penalties(bits, log_modulus, batch["step"])
            gradients = gradients_in_pieces(model, bits, target, imaginary, shares, at_once)
            return with_gradients(ops.sum(shares * real), gradients, model.trainable_variables)
        log_modulus, phase = model(bits)
        target = real + self.penalties(bits, ops.stop_gradient(log_modulus), batch["step"])
        surrogate = gradient_surrogate(log_modulus, phase, target, imaginary, shares)
        return with_gradient_of(ops.sum(shares * real), surrogate)

    def step_bytes(self) -> int:
        """Returns the memory of a training step that cannot be done in pieces, roughly."""
        psi = self.make_wave_function()
        of_one_sample = BYTES_OF_GRADIENT * psi.evaluation_bytes
        if self.min_sr is None:
            return of_one_sample
        n_rows = self.batch_size
        if self.every_configuration:
            n_sites = psi.n_sites
            plain = getattr(psi, "psi", psi)
            every = math.comb(n_sites, n_sites // 2) if plain.zero_magnetization else 2**n_sites
            n_rows = every // getattr(psi, "n_symmetries", 1)
        n_weights = sum(math.prod(variable.shape) for variable in psi.trainable_variables)
        n_parts = 1 if psi.positive else 2
        return of_one_sample + bytes_of_equations(n_parts * n_rows, n_weights)

    def training_batches(self, start_step: int, input_context: Any) -> Any:
        """Returns the stream of random numbers from `start_step` on."""
        return self.source.dataset(start_step, input_context=input_context)

    def validate(self, model: keras.Model, *, n_samples: int | None = None) -> dict[str, float]:
        """Returns energy, variance, V-score and magnetisation of samples.

        The V-score has in it what the samples cannot show, see `unseen_variance`.

        They are drawn from random numbers apart from all of the training, the same at every
        validation, of the model that `build_model` made.

        Args:
            model: That model.
            n_samples: Their number; None: `n_validation`.
        """
        estimate, bits, *acceptances = self._samples(n_samples or self.n_validation)
        self._shown_bits = bits
        unseen = self._unseen_variance(bits, estimate.energy)
        mean_z = magnetization(bits)
        values = {
            "loss": estimate.energy,
            "loss_error": estimate.energy_error,
            "energy": estimate.energy,
            "energy_error": estimate.energy_error,
            "energy_variance": estimate.energy_variance,
            "unseen_variance": unseen,
            # What samples cannot see must not let a training end.
            "v_score": v_score(estimate.energy_variance + unseen, estimate.energy, model.n_sites),
            "v_score_error": estimate.v_score_error,
            "magnetization": mean_z.mean,
            "magnetization_error": mean_z.error,
            "abs_magnetization": abs_magnetization(bits).mean,
        }
        if acceptances:
            values["symmetry_acceptance"] = float(np.mean(acceptances))
        if self.reference is not None:
            values["reference_energy"] = self.reference
        error = None if self.reference is None else relative_error(estimate.energy, self.reference)
        if error is not None:
            bar = estimate.energy_error / abs(self.reference)
            values.update(zip(REFERENCE_METRICS[1:], (error, bar, error + bar), strict=True))
        return values

    def estimate(self, n_samples: int) -> tuple[EnergyEstimate, np.ndarray]:
        """Returns the energy from the first samples of a validation, and their bits."""
        estimate, bits, *_ = self._samples(n_samples)
        return estimate, bits

    def warnings(self, values: Mapping[str, float]) -> list[str]:
        """Returns why the last validation may not be of the ground state, one sentence each.

        Args:
            values: That it returned.
        """
        energy, error = values["energy"], values["energy_error"]
        unseen, seen = values["unseen_variance"], values["energy_variance"]
        found = list(self.open_questions)
        if is_blind(unseen, seen, energy, self.hamiltonian.n_sites):
            found.append(
                "The wave function vanishes at configurations that the Hamiltonian reaches from its"
                f" samples. They add {unseen:.3g} to the variance, which samples do not show: it is"
                " no ground state, whatever the energy's error bar."
            )
        rng = np.random.default_rng([self.seed, UNSEEN_STREAM])
        lowest = lowest_configuration(self.local_energy, self._shown_bits[:N_ELSEWHERE], rng)
        if lowest < energy - N_ERROR_BARS * error - ROUNDING * abs(energy):
            found.append(
                f"A single configuration has the energy {lowest:.9g}, below that of the wave"
                " function, which therefore is no ground state."
            )
        return found

    def figures(self, model: keras.Model) -> dict[str, np.ndarray]:
        """Draws samples of the last validation."""
        if self.picture_shape is None or self._shown_bits is None:
            return {}
        return {"samples": sample_picture(self._shown_bits, self.picture_shape)}

    def end_epoch(self, model: keras.Model) -> None:
        """Does nothing."""

    def explain_data_loss(self, error: Exception) -> None:
        """Has no files to blame."""

    def _drawn(self, model: keras.Model, uniforms: Any) -> tuple[Any, Any, Any]:
        bits = model.sample(uniforms)
        n_evaluations = self.batch_size * (1 + self.local_energy.n_flips)
        if self.every_configuration and len(self._every.bits) < n_evaluations:
            # Flips and images of samples meet the same few configurations over and over.
            looked_up, _ = self._looked_up(model)
            return bits, *self._summed_local_energy(looked_up, bits)
        return bits, *self.local_energy(model, bits)

    def _weighed(self, model: keras.Model, uniforms: Any) -> tuple[Any, Any, Any, Any]:
        """Returns configurations, their local energies, and the share of each in a mean."""
        if not self.every_configuration:
            bits, real, imaginary = self._drawn(model, uniforms)
            return bits, real, imaginary, ops.full_like(real, 1.0 / self.batch_size)
        looked_up, log_modulus = self._looked_up(model)
        bits = ops.convert_to_tensor(self._every.bits)
        real, imaginary = self._summed_local_energy(looked_up, bits)
        return bits, real, imaginary, ops.cast(self._every.shares(log_modulus), real.dtype)

    def _looked_up(self, model: keras.Model) -> tuple[LogPsi, Any]:
        """Returns psi of any spins, and log |psi| of those listed, from one evaluation of these."""
        log_modulus, phase = log_psi_in_pieces(model, ops.convert_to_tensor(self._every.bits))
        return self._every.looked_up(model, log_modulus, phase), log_modulus

    def _reconfiguration_loss(self, model: keras.Model, batch: Any) -> Any:
        def drawn(uniforms: Any, step: Any) -> tuple[Any, ...]:
            bits, real, imaginary, shares = self._weighed(model, uniforms)
            target = real + self.penalties(bits, log_psi_in_pieces(model, bits)[0], step)
            return bits, real, target, imaginary, shares

        run = compiled(drawn, variables=model.variables, xla=self.xla)
        bits, real, target, imaginary, shares = run(batch["uniforms"], batch["step"])
        parts = self.min_sr.direction(model, bits, target, imaginary, shares)
        return with_gradients(ops.sum(shares * real), parts, model.trainable_variables)

    def _unseen_variance(self, bits: np.ndarray, energy: float) -> float:
        rng = np.random.default_rng([self.seed, UNSEEN_STREAM])
        few = bits[:N_UNSEEN]
        with announced("looking where the wave function vanishes"):
            return unseen_variance(self._evaluate, self.local_energy, few, energy, rng).mean

    def _evaluate(self, bits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        log_modulus, phase = self._evaluated(ops.convert_to_tensor(bits))
        return np.asarray(log_modulus, np.float64), np.asarray(phase, np.float64)

    def _samples(self, n_samples: int) -> tuple[Any, ...]:
        """Returns the energy, the bits and, where symmetries are known, the acceptances."""
        with announced(f"measuring {n_samples} samples", n_samples) as activity:
            real, imaginary, *others = self._measured_samples(n_samples, activity.advance)
        return energy_estimate(real, imaginary, self.hamiltonian.n_sites), *others

    def _measured_samples(self, n_samples: int, advance: Callable[[int], None]) -> list[np.ndarray]:
        collected: list[list[np.ndarray]] = []
        rng = np.random.default_rng([self.seed, VALIDATION_STREAM])
        dtype = np.dtype(self.source.dtype)
        for start in range(0, n_samples, self.batch_size):
            size = min(self.batch_size, n_samples - start)
            uniforms = rng.random((self.source.shape[0], self.batch_size)).astype(dtype)
            # Rounding must not make them 1, which would draw what is impossible.
            uniforms = np.minimum(uniforms, np.nextafter(dtype.type(1), dtype.type(0)))
            found = self._measured(ops.convert_to_tensor(uniforms))
            collected.append([np.asarray(part)[:size] for part in found])
            advance(size)
        return [np.concatenate(parts) for parts in zip(*collected, strict=True)]
