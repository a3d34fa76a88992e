"""Variational Monte Carlo as a task of the training loop."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from qtf.ground_states.estimates import EnergyEstimate, energy_estimate
from qtf.ground_states.local_energy import LocalEnergy
from qtf.ground_states.observables import abs_magnetization, magnetization
from qtf.physics import PauliSum, all_bits
from qtf.training.compilation import compiled

# Apart from the streams of training batches.
VALIDATION_STREAM = 41
# All configurations of so many sites take a minute or less.
MAX_LISTED_SITES = 16


class GroundStateTask:
    """Lowers the energy of a wave function on samples that it draws itself.

    The loss is the mean local energy; its gradient is

        2 Re < (E_loc - <E_loc>)^* d log psi >

    With a temperature T the free energy E + T / n <log |psi|^2> is lowered instead, which
    keeps the samples diverse while T = temperature / (1 + temperature_decay * step) falls.

    Args:
        make_wave_function: Makes the `WaveFunction`.
        hamiltonian: Real.
        source: Of uniform random numbers, (n_sites, n_samples); a `RandomSource`.
        n_samples: Samples of a step of one replica.
        n_validation: Samples of a validation.
        seed: Seed of the samples of validations.
        reference: Known ground energy, or None.
        temperature: T at step 0.
        temperature_decay: How fast it falls.
        chunk: Flips evaluated at once in local energies; 0: all.
        n_prefixes: Positions from which local energies may be evaluated, see `LocalEnergy`.
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
        temperature: float = 0.0,
        temperature_decay: float = 1e-3,
        chunk: int = 0,
        n_prefixes: int = 1,
        xla: bool = True,
    ) -> None:
        for name, value in (("n_samples", n_samples), ("n_validation", n_validation)):
            if value < 2:
                raise ValueError(f"Argument `{name}` must be at least 2, but is {value}.")
        self.make_wave_function = make_wave_function
        self.hamiltonian = hamiltonian
        self.source = source
        self.batch_size = n_samples
        self.n_validation = n_validation
        self.seed = seed
        self.reference = reference
        self.temperature = temperature
        self.temperature_decay = temperature_decay
        self.local_energy = LocalEnergy(hamiltonian, chunk=chunk, n_prefixes=n_prefixes)
        self.xla = xla
        known = () if reference is None else ("relative_error",)
        self.metric_names = (
            "loss",
            "energy",
            "energy_error",
            "energy_variance",
            "v_score",
            "magnetization",
            "magnetization_error",
            "abs_magnetization",
            *known,
        )

    def build_model(self) -> keras.Model:
        """Makes the wave function."""
        model = self.make_wave_function()
        if model.n_sites != self.hamiltonian.n_sites:
            raise ValueError(
                f"The wave function must have {self.hamiltonian.n_sites} sites, as the"
                f" Hamiltonian, but has {model.n_sites}."
            )

        def measured(uniforms: Any) -> tuple[Any, Any, Any]:
            bits = model.sample(uniforms)
            return *self.local_energy(model, bits), bits

        self._measured = compiled(measured, variables=model.variables, xla=self.xla)
        return model

    def loss(self, model: keras.Model, batch: Any, training: bool) -> Any:
        """Returns the mean local energy; differentiated, the gradient of the (free) energy."""
        bits = ops.stop_gradient(model.sample(batch["uniforms"]))
        real, imaginary = (ops.stop_gradient(part) for part in self.local_energy(model, bits))
        log_modulus, phase = model(bits)
        target = real
        if self.temperature:
            step = ops.cast(batch["step"], "float64")
            heat = self.temperature / (1.0 + self.temperature_decay * step)
            entropy_part = 2.0 * ops.cast(ops.stop_gradient(log_modulus), "float64")
            target = real + heat / model.n_sites * entropy_part
        shares = ops.full_like(real, 1.0 / self.batch_size)
        surrogate = gradient_surrogate(log_modulus, phase, target, imaginary, shares)
        energy = ops.cast(ops.mean(real), surrogate.dtype)
        # Its value is the energy, its gradient that of the surrogate.
        return energy + surrogate - ops.stop_gradient(surrogate)

    def training_batches(self, start_step: int, input_context: Any) -> Any:
        """Returns the stream of random numbers from `start_step` on."""
        return self.source.dataset(start_step, input_context=input_context)

    def validate(self, model: keras.Model) -> dict[str, float]:
        """Returns energy, variance, V-score and magnetisation of fresh samples."""
        estimate, bits = self.estimate(self.n_validation)
        mean_z = magnetization(bits)
        values = {
            "loss": estimate.energy,
            "energy": estimate.energy,
            "energy_error": estimate.energy_error,
            "energy_variance": estimate.energy_variance,
            "v_score": estimate.v_score,
            "magnetization": mean_z.mean,
            "magnetization_error": mean_z.error,
            "abs_magnetization": abs_magnetization(bits).mean,
        }
        if self.reference is not None:
            values["relative_error"] = abs(estimate.energy / self.reference - 1.0)
        return values

    def estimate(self, n_samples: int) -> tuple[EnergyEstimate, np.ndarray]:
        """Returns the energy from samples apart from all of the training, and their bits."""
        real, imaginary, bits = [], [], []
        rng = np.random.default_rng([self.seed, VALIDATION_STREAM])
        for start in range(0, n_samples, self.batch_size):
            size = min(self.batch_size, n_samples - start)
            uniforms = rng.random((self.hamiltonian.n_sites, self.batch_size))
            found = self._measured(ops.convert_to_tensor(uniforms.astype(self.source.dtype)))
            parts = [np.asarray(part)[:size] for part in found]
            for collected, part in zip((real, imaginary, bits), parts, strict=True):
                collected.append(part)
        estimate = energy_estimate(
            np.concatenate(real), np.concatenate(imaginary), self.hamiltonian.n_sites
        )
        return estimate, np.concatenate(bits)

    def variational_energy(self, model: keras.Model) -> float:
        """Returns <psi| H |psi> from all configurations, without statistical error.

        Raises:
            ValueError: There are more than `MAX_LISTED_SITES` sites.
        """
        n_sites = self.hamiltonian.n_sites
        if n_sites > MAX_LISTED_SITES:
            raise ValueError(
                f"All configurations are listed up to {MAX_LISTED_SITES} sites, but there are"
                f" {n_sites}."
            )
        every = all_bits(n_sites).astype(np.int32)
        size = min(len(every), self.batch_size)
        run = compiled(
            lambda bits: (model(bits)[0], self.local_energy(model, bits)[0]),
            variables=model.variables,
            xla=self.xla,
        )
        energy = 0.0
        for start in range(0, len(every), size):
            # The last chunk reaches back, so that all have one size and one compilation.
            first = min(start, len(every) - size)
            found = run(ops.convert_to_tensor(every[first : first + size]))
            log_modulus, real = (np.asarray(part, np.float64)[start - first :] for part in found)
            # Where psi vanishes its local energy may be infinite.
            weights = np.exp(2.0 * log_modulus)
            energy += float(np.sum(weights * np.where(weights > 0.0, real, 0.0)))
        return energy

    def figures(self, model: keras.Model) -> dict[str, np.ndarray]:
        """Draws nothing yet."""
        return {}

    def explain_data_loss(self, error: Exception) -> None:
        """Has no files to blame."""


def gradient_surrogate(log_modulus: Any, phase: Any, real: Any, imaginary: Any, shares: Any) -> Any:
    """Returns a scalar whose gradient is that of the energy, 2 Re < (E - <E>)^* d log psi >.

    Args:
        log_modulus: log |psi| of some configurations, (batch,).
        phase: Phases of psi, (batch,).
        real: Real parts of their local energies, not to be differentiated, (batch,).
        imaginary: Imaginary parts.
        shares: Weight of each in the mean: 1 / batch for samples, |psi|^2 for all
            configurations; not to be differentiated.
    """
    total = ops.zeros((), log_modulus.dtype)
    for energies, part in ((real, log_modulus), (imaginary, phase)):
        centred = 2.0 * shares * (energies - ops.sum(shares * energies))
        total = total + ops.sum(ops.cast(centred, part.dtype) * part)
    return total
