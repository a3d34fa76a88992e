"""Variational Monte Carlo as what the training loop trains."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from qtf.checks import SAMPLES, check_arguments
from qtf.ground_states.estimates import EnergyEstimate, relative_error, v_score
from qtf.ground_states.listed_wave_function import ListedWaveFunction
from qtf.ground_states.local_energy import LocalEnergy
from qtf.ground_states.observables import abs_magnetization, magnetization
from qtf.ground_states.penalties import Penalties
from qtf.ground_states.sample_picture import sample_picture
from qtf.ground_states.states_below import StatesBelow
from qtf.ground_states.symmetries import SymmetricWaveFunction
from qtf.ground_states.task.samples import Configurations, Samples
from qtf.ground_states.task.steps import EnergyGradient
from qtf.ground_states.task.validation import ValidationSamples
from qtf.ground_states.unseen_variance import is_blind
from qtf.ground_states.wave_function import WaveFunction
from qtf.physics import PauliSum
from qtf.training.training import SampledTraining, Step
from qtf.typing import Array, RandomSource

AnyWaveFunction = WaveFunction | SymmetricWaveFunction | ListedWaveFunction
# Samples of a picture.
N_PICTURED = 32
# By so many, and more than rounding, an energy is above another.
N_ERROR_BARS, ROUNDING = 5, 1e-6
# Of a known energy: itself, the distance from it, its error bar, and both added.
REFERENCE_METRICS = (
    "reference_energy",
    "relative_error",
    "relative_error_error",
    "relative_error_bound",
)


# Of |<phi|psi>|^2 that is still called orthogonal.
LARGEST_OVERLAP = 0.01


def overlap_names(k: int) -> tuple[str, str]:
    """Returns the names of the overlap with the k-th state below, from 0, and of its error."""
    return f"overlap_{k + 1}", f"overlap_{k + 1}_error"


@dataclass(frozen=True, kw_only=True)
class GroundStateTask:
    """A search for the wave function of lowest energy.

    Attributes:
        make_wave_function: Makes the wave function.
        local_energy: Local energies of the Hamiltonian, in pieces as large as training allows.
        source: Uniform random numbers of a step, (n_uniforms, n_samples) at first.
        n_validation: Samples of a validation.
        seed: Seed of the samples of validations.
        configurations: What means are taken over, of the wave function, the local energies and
            the number of samples: `Samples` or `AllConfigurations`.
        make_step: How steps are taken, of the wave function, the configurations and the
            penalties: `EnergyGradient` or `Reconfiguration`.
        reference: Known ground energy, or None. Of 0 there are no relative errors.
        penalties: What is lowered beside the energy.
        below: States that the wave function is kept orthogonal to; None: none.
        symmetrized: Makes of the wave function one averaged over symmetries, by which
            validations measure how well it has them; None: no symmetries are known.
        positions: Row and column of every site in pictures of samples; None: no pictures.
        open_questions: What is not proven of the wave function, one sentence each, for reports.
        xla: Whether XLA compiles validations, and steps that compile themselves.

    Raises:
        ValueError: A number is out of range.
    """

    make_wave_function: Callable[[], AnyWaveFunction]
    local_energy: LocalEnergy
    source: RandomSource
    n_validation: int
    seed: int
    configurations: Callable[[AnyWaveFunction, LocalEnergy, int], Configurations] = Samples
    make_step: Callable[..., Step] = EnergyGradient
    reference: float | None = None
    penalties: Penalties = Penalties()
    below: StatesBelow | None = None
    symmetrized: Callable[[WaveFunction], SymmetricWaveFunction] | None = None
    positions: Sequence[tuple[int, int]] | None = None
    open_questions: Sequence[str] = ()
    xla: bool = True

    def __post_init__(self) -> None:
        check_arguments(SAMPLES, n_samples=self.n_samples, n_validation=self.n_validation)

    @property
    def hamiltonian(self) -> PauliSum:
        """Whose ground state is sought."""
        return self.local_energy.hamiltonian

    @property
    def n_samples(self) -> int:
        """Samples of a step of one replica, at first."""
        return self.source.shape[1]

    @property
    def metric_names(self) -> tuple[str, ...]:
        """Names of what validations measure."""
        n_known = 0 if self.reference is None else len(REFERENCE_METRICS) if self.reference else 1
        return (
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
            *(() if self.symmetrized is None else ("symmetry_acceptance",)),
            *REFERENCE_METRICS[:n_known],
            *(name for k in range(self.n_below) for name in overlap_names(k)),
        )

    @property
    def n_below(self) -> int:
        """Number of the states that the wave function is kept orthogonal to."""
        return 0 if self.below is None else len(self.below.states)

    def build(self) -> "GroundStateTraining":
        """Makes the wave function and all that trains and measures it.

        Raises:
            ValueError: It has another number of sites than the Hamiltonian.
        """
        return GroundStateTraining(self)


@dataclass(frozen=True)
class Measurement:
    """What samples say of a wave function.

    Attributes:
        metrics: The metrics of a validation.
        bits: The samples, int32 (n_samples, n_sites).
    """

    metrics: dict[str, float]
    bits: Array


class GroundStateTraining(SampledTraining):
    """A wave function whose energy is lowered, with what measures it.

    Args:
        task: What is asked.

    Raises:
        ValueError: The wave function has another number of sites than the Hamiltonian.
    """

    def __init__(self, task: GroundStateTask) -> None:
        psi = task.make_wave_function()
        if psi.n_sites != task.local_energy.n_sites:
            raise ValueError(
                f"The wave function must have {task.local_energy.n_sites} sites, as the"
                f" Hamiltonian, but has {psi.n_sites}."
            )
        n_most = task.source.largest_shape[1]
        configurations = task.configurations(psi, task.local_energy, n_most)
        if task.below is not None and task.below.n_sites != psi.n_sites:
            raise ValueError(
                f"The states of lower energy must have {psi.n_sites} sites, as the wave function,"
                f" but have {task.below.n_sites}."
            )
        step = task.make_step(psi, configurations, task.penalties, below=task.below, xla=task.xla)
        super().__init__(psi, task.source, step)
        self.task = task
        self.batch_size = task.n_samples
        self.metric_names = task.metric_names
        self.samples = ValidationSamples(
            psi,
            configurations,
            task.local_energy,
            task.source,
            seed=task.seed,
            symmetric=None if task.symmetrized is None else task.symmetrized(psi),
            xla=task.xla,
        )

    def validate(self) -> dict[str, float]:
        """Returns energy, variance, V-score and magnetisation of samples, see `measure`."""
        return self.measure(self.task.n_validation).metrics

    def measure(self, n_samples: int) -> Measurement:
        """Measures energy, variance, V-score and magnetisation.

        The V-score has in it what the samples cannot show, see `unseen_variance`.

        Args:
            n_samples: Number of samples, the first ones of all validations.
        """
        if isinstance(self.model, ListedWaveFunction):
            self.model.normalize()
        sampled = self.samples.sample(n_samples)
        estimate, bits = sampled.estimate, sampled.bits
        unseen = self.samples.unseen_variance(bits, estimate.energy)
        mean_z = magnetization(bits)
        n_sites = self.task.local_energy.n_sites
        metrics = {
            "loss": estimate.energy,
            "loss_error": estimate.energy_error,
            "energy": estimate.energy,
            "energy_error": estimate.energy_error,
            "energy_variance": estimate.energy_variance,
            "unseen_variance": unseen,
            # What samples cannot see must not let a training end.
            "v_score": v_score(estimate.energy_variance + unseen, estimate.energy, n_sites),
            "v_score_error": estimate.v_score_error,
            "magnetization": mean_z.mean,
            "magnetization_error": mean_z.error,
            "abs_magnetization": abs_magnetization(bits).mean,
        }
        if sampled.acceptances is not None:
            metrics["symmetry_acceptance"] = float(np.mean(sampled.acceptances))
        metrics |= self._distance_from_reference(estimate)
        return Measurement(metrics | self._overlaps(metrics, bits), bits)

    def estimate(self, n_samples: int) -> EnergyEstimate:
        """Returns the energy from the first samples of a validation."""
        return self.samples.sample(n_samples).estimate

    def warnings(self, measurement: Measurement) -> list[str]:
        """Returns why the wave function may not be the ground state, one sentence each.

        Args:
            measurement: What `measure` has returned of it.
        """
        metrics = measurement.metrics
        energy, error = metrics["energy"], metrics["energy_error"]
        unseen, seen = metrics["unseen_variance"], metrics["energy_variance"]
        sentences = list(self.task.open_questions)
        if is_blind(unseen, seen, energy, self.task.local_energy.n_sites):
            sentences.append(
                "The wave function vanishes at configurations that the Hamiltonian reaches from its"
                f" samples. They add {unseen:.3g} to the variance, which samples do not show: it is"
                " no ground state, whatever the energy's error bar."
            )
        for k in range(self.task.n_below):
            overlap, bar = (metrics[name] for name in overlap_names(k))
            if overlap - N_ERROR_BARS * bar > LARGEST_OVERLAP:
                sentences.append(
                    f"The overlap with state {k + 1} of `orthogonal_to` is {overlap:.3g}: a larger"
                    " `penalties.overlap` or more steps keep them apart."
                )
        if self.is_excited:
            return sentences
        lowest = self.samples.lowest_configuration(measurement.bits)
        if lowest < energy - N_ERROR_BARS * error - ROUNDING * abs(energy):
            sentences.append(
                f"A single configuration has the energy {lowest:.9g}, below that of the wave"
                " function, which therefore is no ground state."
            )
        return sentences

    @property
    def is_excited(self) -> bool:
        """Whether single configurations may have lower energies than what is sought."""
        n_down, n_sites = self.model.sector().n_down, self.model.n_sites
        return self.task.below is not None or n_down not in (None, n_sites // 2)

    def figures(self) -> dict[str, Array]:
        """Draws the first samples of a validation."""
        if self.task.positions is None:
            return {}
        bits = self.samples.sample(min(N_PICTURED, self.task.n_validation)).bits
        return {"samples": sample_picture(bits, self.task.positions)}

    def _overlaps(self, metrics: Mapping[str, float], bits: Array) -> dict[str, float]:
        """Returns the overlaps with the states below, and the loss, which has them in it."""
        below = self.task.below
        if below is None:
            return {}
        overlaps = below.overlaps(bits, self.samples.log_psi(bits))
        values: dict[str, float] = {}
        for k, overlap in enumerate(overlaps):
            values |= zip(overlap_names(k), (overlap.mean, overlap.error), strict=True)
        added = below.strength * sum(overlap.mean for overlap in overlaps)
        errors = [below.strength * overlap.error for overlap in overlaps]
        values["loss"] = metrics["energy"] + added
        values["loss_error"] = math.hypot(metrics["energy_error"], *errors)
        return values

    def _distance_from_reference(self, estimate: EnergyEstimate) -> dict[str, float]:
        reference = self.task.reference
        if reference is None:
            return {}
        error = relative_error(estimate.energy, reference)
        if error is None:
            return {"reference_energy": reference}
        bar = estimate.energy_error / abs(reference)
        values = (reference, error, bar, error + bar)
        return dict(zip(REFERENCE_METRICS, values, strict=True))
