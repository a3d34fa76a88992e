"""What a search for a ground state can be told, with its rules and defaults."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

from qtf.checks import (
    COUNT,
    COUNT_OR_0,
    FLAG,
    FRACTION,
    NOT_NEGATIVE,
    POSITIVE,
    SAMPLES,
    SETTING,
    Number,
    OneOf,
    Optional,
    Several,
    require,
)
from qtf.physics.lattices import ORDERS
from qtf.settings import Settings
from qtf.training.optimizers import SCHEDULES

GROUPS = ("none", "flip", "lattice", "lattice_and_flip")
# What the phase of an outcome is read from: number of outputs.
PHASE_OUTPUTS = {"angle": 1, "sine_and_cosine": 2}
# A patch of more has more outcomes than a network should have outputs.
MAX_PATCH_SITES = 6
# Derivatives of all configurations of so many sites are held at once.
MAX_LISTED_SITES = 16
# Of `GrowthSettings`, what may hold a value for each size after the first, and for every size.
PER_FURTHER_SIZE = ("n_steps", "n_samples", "n_prefixes", "learning_rates", "clip_norms")
PER_SIZE = ("n_symmetric_steps", "symmetric_learning_rates", "n_averages", "shares")


@dataclass(frozen=True)
class WaveFunctionSettings(Settings, section="wave_function"):
    """What is built into a wave function, whatever its network.

    Attributes:
        order: Order of the sites: "raster" or "snake", where successive positions are neighbours.
        patch: Rows and columns of the patches that are the positions of the network, with an
            outcome for all spins of a patch together; (1, 1): single sites.
        zero_magnetization: Whether as many spins are up as down, exactly, in samples and in psi.
        magnetization: Number of up spins minus that of down spins, exact as well, instead of
            `zero_magnetization`. It is twice S_z, so that 2 is for triplets; None: any, or zero.
        marshall_sign: Whether psi has the sign of Marshall's rule, for antiferromagnets on two
            sublattices.
        positive: Whether psi has no phase but that of a sign rule, which leaves less to learn where
            there is no sign problem. The rule is Marshall's with `marshall_sign`, and is otherwise
            found from the Hamiltonian: a transverse field of either sign will do.
        phase: "angle": the network's outputs are the phases; "sine_and_cosine": it gives sines
            and cosines, up to a factor, of which the phases are the arc tangents.
    """

    order: Annotated[str, OneOf(ORDERS)] = "raster"
    patch: Annotated[tuple[int, ...], Several(COUNT)] = (1, 1)
    zero_magnetization: Annotated[bool, FLAG] = False
    magnetization: Annotated[int | None, Optional(Number(integer=True))] = None
    marshall_sign: Annotated[bool, FLAG] = False
    positive: Annotated[bool, FLAG] = False
    phase: Annotated[str, OneOf(PHASE_OUTPUTS)] = "angle"

    def __post_init__(self) -> None:
        super().__post_init__()
        words = 'be "angle" if `positive`, as there is none then'
        holds = self.phase == "angle" or not self.positive
        require(holds, "wave_function.phase", words, self.phase)
        holds = len(self.patch) == 2 and self.patch_size <= MAX_PATCH_SITES
        words = f"be rows and columns of at most {MAX_PATCH_SITES} sites"
        require(holds, "wave_function.patch", words, tuple(self.patch))

    @property
    def total(self) -> int | None:
        """Number of up spins minus that of down spins; None: any."""
        if self.magnetization is not None:
            return self.magnetization
        return 0 if self.zero_magnetization else None

    @property
    def heads(self) -> tuple[int, ...]:
        """Outputs of the network at each position: of the probabilities and of the phases."""
        d = self.n_outcomes
        return (d,) if self.positive else (d, PHASE_OUTPUTS[self.phase] * d)

    @property
    def patch_size(self) -> int:
        """Sites of a position."""
        return math.prod(self.patch)

    @property
    def n_outcomes(self) -> int:
        """Outcomes of a position."""
        return 2**self.patch_size


def check_magnetization(name: str, value: int, n_sites: int, *, kind: str = SETTING) -> None:
    """Checks that so many spins can have a magnetisation.

    Args:
        name: Name of the setting or argument.
        value: Number of up spins minus that of down spins.
        n_sites: Number of spins.
        kind: What the name is of.

    Raises:
        ValueError: They cannot.
    """
    parity = "even" if n_sites % 2 == 0 else "odd"
    holds = abs(value) <= n_sites and (n_sites - value) % 2 == 0
    words = f"be {parity} and from {-n_sites} to {n_sites} for {n_sites} sites"
    require(holds, name, words, value, kind=kind)


@dataclass(frozen=True)
class SamplingSettings(Settings, section="sampling"):
    """Which configurations means are taken over.

    Attributes:
        n_samples: Samples of a step, on each replica.
        grow_at: Shares of the training, ascending, after which a step has more samples; empty:
            never. At the end, most of the error that is left is noise of the samples.
        grow_to: Factors on `n_samples`, one for each share in `grow_at`, from that share on.
        every_configuration: Whether steps sum over all configurations instead of samples, up to
            16 sites; with `symmetry.in_training` over one configuration for all its images. There
            is no statistical error, and signs that only rare configurations tell are found.
        blur: Probability with which a sample of a step is moved by one flip of the Hamiltonian.
            Its weight makes up for that, so that means stay as they are. Steps so meet rare
            configurations next to their samples, and the signs that only these tell. 0: never.
        n_validation: Samples of a validation, apart from those of the training.
        chunk: Largest number of flips of all samples that are evaluated at once; 0: as many as is
            fastest. The memory sets a limit in any case.
        n_prefixes: Positions from which flipped spins may be evaluated; 1: all anew, which is
            faster for transformers on small lattices.
    """

    n_samples: Annotated[int, SAMPLES] = 256
    grow_at: Annotated[tuple[float, ...], Several(Number(above=0, below=1))] = ()
    grow_to: Annotated[tuple[int, ...], Several(COUNT)] = ()
    every_configuration: Annotated[bool, FLAG] = False
    blur: Annotated[float, FRACTION] = 0.0
    n_validation: Annotated[int, SAMPLES] = 4096
    chunk: Annotated[int, COUNT_OR_0] = 0
    n_prefixes: Annotated[int, COUNT] = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        words = "be 0 with `sampling.every_configuration`, which leaves nothing out"
        require(not self.every_configuration or not self.blur, "sampling.blur", words, self.blur)
        shares = tuple(self.grow_at)
        require(list(shares) == sorted(set(shares)), "sampling.grow_at", "ascend", shares)
        words = f"have as many values as `sampling.grow_at` = {shares}"
        holds = len(self.grow_to) == len(shares)
        require(holds, "sampling.grow_to", words, tuple(self.grow_to))
        words = "be empty where `sampling.every_configuration` leaves no samples"
        require(not (self.every_configuration and shares), "sampling.grow_at", words, shares)

    def growth(self, n_steps: int) -> list[tuple[int, int]]:
        """Returns the steps from which on there are more samples, and how many times as many.

        Args:
            n_steps: Steps of the training.
        """
        steps = [max(1, round(share * n_steps)) for share in self.grow_at]
        return list(zip(steps, self.grow_to, strict=True))


@dataclass(frozen=True)
class SymmetrySettings(Settings, section="symmetry"):
    """Symmetries that a wave function is averaged over.

    Attributes:
        group: "none", "flip" of all spins, "lattice" or "lattice_and_flip".
        in_training: Whether the trained wave function is the average; it costs as many
            evaluations as there are symmetries, and needs `sampling.n_prefixes` = 1. Otherwise
            the result is averaged after the training.
        weighted_phase: Whether the mean of phases is weighted by |psi|^2.
        listed: Whether all images have the value of the first of them, which is looked up, instead
            of an average. It costs one evaluation whatever the number of symmetries, and works
            with `sampling.every_configuration` only.
    """

    group: Annotated[str, OneOf(GROUPS)] = "none"
    in_training: Annotated[bool, FLAG] = False
    weighted_phase: Annotated[bool, FLAG] = True
    listed: Annotated[bool, FLAG] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        words = 'not be "none" if `symmetry.in_training`'
        holds = self.group != "none" or not self.in_training
        require(holds, "symmetry.group", words, self.group)
        words = "be False unless `symmetry.in_training`"
        require(self.in_training or not self.listed, "symmetry.listed", words, self.listed)


@dataclass(frozen=True)
class PenaltySettings(Settings, section="penalties"):
    """What is lowered beside the energy, see `Penalties`.

    Attributes:
        temperature: Temperature T in E + T / n <log |psi|^2>, at step 0.
        temperature_decay: Rate at which T falls: T = temperature / (1 + temperature_decay * step).
        magnetization: Factor C in E + C <M^2>, where M is the mean of Z over sites.
        overlap: Factor C in E + C sum_k |<phi_k|psi>|^2, where phi_k are the states of
            `orthogonal_to`. It must exceed the distance of the energy that is sought from the
            lowest of theirs. None: three times the largest sum of |coefficients| of the terms on
            one site.
    """

    temperature: Annotated[float, NOT_NEGATIVE] = 0.0
    temperature_decay: Annotated[float, NOT_NEGATIVE] = 1e-3
    magnetization: Annotated[float, NOT_NEGATIVE] = 0.0
    overlap: Annotated[float | None, Optional(POSITIVE)] = None


@dataclass(frozen=True)
class ReconfigurationSettings(Settings, section="min_sr"):
    """Stochastic reconfiguration; best with the optimiser "sgd".

    Attributes:
        diag_shift: Shift of the diagonal of its equations; None: plain gradients instead.
        relative_shift: Further shift, as a share of the mean diagonal element, which grows with
            the number of weights and sites; `diag_shift` may be tiny then.
        momentum: Share of the previous step that a step keeps; averages the noise of the samples.
        second_moment: Decay rate, about 0.99, of the mean square of the jumps that the direction of
            each weight makes from step to step. Its fourth root holds the weight back; 0: all
            weights move alike.
        time_step: Step of imaginary time that is followed as a whole, even where psi is so small
            that its logarithm changes by much. Best equal to the learning rate, and without
            samples. None: only short steps are right.
    """

    diag_shift: Annotated[float | None, Optional(POSITIVE)] = None
    relative_shift: Annotated[float, NOT_NEGATIVE] = 0.0
    momentum: Annotated[float, FRACTION] = 0.95
    second_moment: Annotated[float, FRACTION] = 0.0
    time_step: Annotated[float | None, Optional(POSITIVE)] = None


@dataclass(frozen=True)
class RefinementSettings(Settings, section="refinement"):
    """The end of a training with symmetries built in, on sums over all configurations or samples.

    Attributes:
        n_epochs: Epochs after the training; 0: not at all. They need `min_sr.diag_shift`.
        n_samples: Samples of a step, each evaluated with all its images, so that few are enough; 0:
            sums over all configurations, up to 16 sites.
        n_validation: Samples of a validation; 0: as many as of the training.
        steps_per_epoch: Steps of an epoch.
        learning_rate: Learning rate at the start.
        diag_shift: Shift of the diagonal of the equations.
    """

    n_epochs: Annotated[int, COUNT_OR_0] = 0
    n_samples: Annotated[int, COUNT_OR_0] = 0
    n_validation: Annotated[int, COUNT_OR_0] = 0
    steps_per_epoch: Annotated[int, COUNT] = 10
    learning_rate: Annotated[float, POSITIVE] = 0.05
    diag_shift: Annotated[float, POSITIVE] = 1e-4

    def __post_init__(self) -> None:
        super().__post_init__()
        for key in ("n_samples", "n_validation"):
            value = getattr(self, key)
            require(value != 1, f"refinement.{key}", "be 0 or at least 2", value)


@dataclass(frozen=True)
class GrowthSettings(Settings, section="growth"):
    """How a trained wave function goes on to larger lattices.

    What holds several values has one for each size after the first, or, where it says so, for
    each size; the last one holds for all further ones. An empty one: as in the training of the
    first size.

    Attributes:
        sizes: Spins of a chain or of the side of a square, ascending, the first one included;
            empty: no growth.
        n_steps: Steps at each size after the first, multiples of `steps_per_epoch`.
        law: C, r and F of the law C exp(-r (size - first size)) + F, from which steps at each size
            after the first are taken instead, rounded to multiples of `steps_per_epoch`; empty:
            `n_steps`.
        n_samples: Samples of a step.
        n_prefixes: Positions from which flipped spins may be evaluated; on large squares one for
            each row is fast.
        learning_rates: Learning rate at each size.
        schedule: Schedule of the learning rate within a size.
        floor: Lowest learning rate of the schedules that have one.
        clip_norms: Largest norm of the gradient.
        steps_per_epoch: Steps between two validations.
        log_every_steps: Steps between two rows of metrics.
        n_symmetric_steps: Steps at each size, the first one included, that come after all others
            and train the average over `symmetry.group`, multiples of `steps_per_epoch`; empty or
            0: none. Each costs as many evaluations as there are symmetries.
        symmetric_learning_rates: Learning rate of the symmetric steps at each size, the first one
            included; empty: that of the other steps at the size.
        n_evaluation: Samples of the energy at the end of each size.
        n_averages: Samples of the energy of the average over `symmetry.group`, where there is
            one, at each size, the first one included; 0: it is not measured.
        minutes: Minutes that the whole growth may take, all starts together; each size then has
            as many steps as its share of them allows, and learning rates follow the time. 0: as
            many minutes as all steps need.
        shares: Shares of the minutes for each size, the first one included, relative to one
            another; empty: what the steps are estimated to need.
    """

    sizes: Annotated[tuple[int, ...], Several(Number(least=2, integer=True))] = ()
    n_steps: Annotated[tuple[int, ...], Several(COUNT)] = (300,)
    law: Annotated[tuple[float, ...], Several(NOT_NEGATIVE)] = ()
    n_samples: Annotated[tuple[int, ...], Several(SAMPLES)] = ()
    n_prefixes: Annotated[tuple[int, ...], Several(COUNT)] = ()
    learning_rates: Annotated[tuple[float, ...], Several(POSITIVE)] = (1e-4,)
    schedule: Annotated[str, OneOf(SCHEDULES)] = "constant"
    floor: Annotated[float, NOT_NEGATIVE] = 0.0
    clip_norms: Annotated[tuple[float, ...], Several(NOT_NEGATIVE)] = ()
    steps_per_epoch: Annotated[int, COUNT] = 50
    log_every_steps: Annotated[int, COUNT] = 5
    n_symmetric_steps: Annotated[tuple[int, ...], Several(COUNT_OR_0)] = ()
    symmetric_learning_rates: Annotated[tuple[float, ...], Several(POSITIVE)] = ()
    n_evaluation: Annotated[int, SAMPLES] = 10000
    n_averages: Annotated[tuple[int, ...], Several(COUNT_OR_0)] = (2000,)
    minutes: Annotated[float, NOT_NEGATIVE] = 0.0
    shares: Annotated[tuple[float, ...], Several(POSITIVE)] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        ascend = list(self.sizes) == sorted(set(self.sizes))
        require(ascend, "growth.sizes", "ascend from at least 2", tuple(self.sizes))
        n_averages = tuple(self.n_averages)
        require(1 not in n_averages, "growth.n_averages", "hold 0 or at least 2", n_averages)
        words, law = "hold 3 values, C, r and F, or none", tuple(self.law)
        require(len(law) in (0, 3), "growth.law", words, law)
        if self.sizes:
            self._check_lists()

    def changed(self, values: Mapping[str, Any]) -> Self:
        """Returns settings with other values; older ones have one number of averages."""
        n_averages = values.get("n_averages")
        if isinstance(n_averages, int):
            values = {**values, "n_averages": (n_averages,)}
        return super().changed(values)

    def _check_lists(self) -> None:
        n_further = max(1, len(self.sizes) - 1)
        # With a law they say nothing.
        unused = {"n_steps"} if self.law else set()
        for keys, most, words in (
            (PER_FURTHER_SIZE, n_further, "size after the first"),
            (PER_SIZE, len(self.sizes), "size"),
        ):
            for key in keys:
                if key not in unused and len(getattr(self, key)) > most:
                    raise ValueError(
                        f"Setting `growth.{key}` must have at most {most} values, one for each"
                        f" {words}, but has {len(getattr(self, key))}."
                    )
        self._check_multiples("n_symmetric_steps", "multiples")
        if self.law:
            return
        if not self.n_steps:
            raise ValueError("Setting `growth.n_steps` must have at least one value, but has none.")
        self._check_multiples("n_steps", "positive multiples")

    def _check_multiples(self, key: str, words: str) -> None:
        for n_steps in getattr(self, key):
            if n_steps % self.steps_per_epoch:
                raise ValueError(
                    f"Setting `growth.{key}` must hold {words} of `growth.steps_per_epoch` ="
                    f" {self.steps_per_epoch}, but holds {n_steps}."
                )
