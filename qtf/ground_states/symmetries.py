"""Symmetries of a lattice, and wave functions that have them."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from qtf.autoregressive.inputs import checked_uniforms
from qtf.ground_states.bits import checked_bits
from qtf.ground_states.sampled_wave_function import SampledWaveFunction
from qtf.ground_states.sector import Sector
from qtf.ground_states.settings import SymmetrySettings
from qtf.ground_states.symmetry_groups import SymmetryGroup, symmetry_group
from qtf.ground_states.wave_function import WaveFunction
from qtf.physics import Lattice
from qtf.typing import Array, Tensor


@keras.saving.register_keras_serializable("qtf")
class SymmetricWaveFunction(SampledWaveFunction):
    """Wave function averaged over symmetries, still sampled exactly.

        |psi_s(b)|^2 = mean_t |psi(t b)|^2
        phase_s(b) = arg sum_t |psi(t b)|^2 exp(i phase(t b))

    t b are the bits after a permutation of the sites and, for half of the t, after turning
    every spin. A sample is a sample of psi after the inverse of a random t. The factor of
    `psi.sign_sites` stays outside of the mean: it belongs to the Hamiltonian's sublattices.
    What is left of the ground state must not change its sign under any t; otherwise the phases
    of images cancel.

    Args:
        psi: The wave function whose weights are used.
        permutations: Of the sites, the identity first, see `Lattice.symmetries`.
        spin_flip: Whether turning every spin is a symmetry too.
        weighted_phase: Whether phases count as |psi|^2 in their mean; otherwise equally.
        **kwargs: Of `keras.Model`.

    Call arguments:
        bits: int32 (batch, n_sites), by site; 0 is spin up (Z = +1).

    Returns:
        Real and imaginary part of log psi, (batch,) each.

    Raises:
        ValueError: A permutation does not hold every site once, or the identity is not the
            first, or turned spins have another magnetisation.

    Example:
        >>> from qtf.autoregressive import GRUNetwork
        >>> psi = WaveFunction(network=GRUNetwork(n_positions=4, units=8))
        >>> symmetric = SymmetricWaveFunction(psi=psi, permutations=[(0, 1, 2, 3), (3, 2, 1, 0)])
        >>> one, other = symmetric(np.array([[0, 1, 1, 1], [1, 1, 1, 0]], "int32"))[0]
        >>> bool(abs(one - other) < 1e-6)
        True

    Source: sharir2020, section on experiments; roth2020, appendix.
    """

    def __init__(
        self,
        *,
        psi: WaveFunction,
        permutations: Sequence[Sequence[int]],
        spin_flip: bool = False,
        weighted_phase: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.psi = psi
        self.n_sites = psi.n_sites
        self.permutations = tuple(tuple(permutation) for permutation in permutations)
        self.spin_flip = spin_flip
        self.weighted_phase = weighted_phase
        if not self.permutations:
            raise ValueError("Argument `permutations` must not be empty.")
        if self.permutations[0] != tuple(range(self.n_sites)):
            raise ValueError(
                "Argument `permutations` must begin with the identity, but begins with"
                f" {self.permutations[0]}."
            )
        for permutation in self.permutations:
            if sorted(permutation) != list(range(self.n_sites)):
                raise ValueError(
                    f"Argument `permutations` must hold each of 0 .. {self.n_sites - 1} once in"
                    f" every permutation, but has {permutation}."
                )
        if spin_flip and psi.magnetization:
            raise ValueError(
                "Argument `spin_flip` must be False for a magnetisation other than 0, but psi has"
                f" {psi.magnetization}."
            )
        self.built = True

    @property
    def n_symmetries(self) -> int:
        """Number of symmetries t."""
        return len(self.permutations) * (2 if self.spin_flip else 1)

    @property
    def n_uniforms(self) -> int:
        """Random numbers that one sample takes; the last one chooses t."""
        return self.psi.n_uniforms + 1

    @property
    def positive(self) -> bool:
        """Whether psi has no phase but that of the sign rule."""
        return self.psi.positive

    @property
    def recurrent(self) -> bool:
        """Whether the parallel evaluation has a loop over positions."""
        return self.psi.recurrent

    @property
    def evaluation_bytes(self) -> int:
        """Memory that the evaluation of one more configuration takes, roughly: of its images."""
        return self.n_symmetries * self.psi.evaluation_bytes

    def call(self, bits: Tensor) -> tuple[Tensor, Tensor]:
        """Returns log |psi| and the phase of given spins."""
        images = ops.reshape(self.images(bits), (-1, self.n_sites))
        log_modulus, phase = (
            ops.reshape(part, (self.n_symmetries, -1)) for part in self.psi.without_sign(images)
        )
        log_probs = 2.0 * log_modulus
        shares = ops.softmax(log_probs, axis=0) if self.weighted_phase else 1.0
        sine = ops.sum(shares * ops.sin(phase), axis=0)
        cosine = ops.sum(shares * ops.cos(phase), axis=0)
        total = ops.logsumexp(log_probs, axis=0) - float(np.log(self.n_symmetries))
        sign = self.sign_phase(bits, phase.dtype)
        return 0.5 * total, ops.arctan2(sine, cosine) + sign

    def images(self, bits: Tensor) -> Tensor:
        """Returns the bits after every symmetry, (n_symmetries, batch, n_sites)."""
        bits = checked_bits(bits, self.n_sites)
        table = np.array(self.permutations, np.int32)
        moved = ops.transpose(ops.take(bits, table, axis=1), (1, 0, 2))
        return ops.concatenate([moved, 1 - moved], axis=0) if self.spin_flip else moved

    def sector(self) -> Sector:
        """Returns where psi may be other than zero, and its symmetries."""
        group = SymmetryGroup(self.permutations, self.spin_flip)
        return Sector(self.n_sites, group=group, magnetization=self.psi.magnetization)

    def sign_rule(self) -> tuple[int, ...]:
        """Returns the sites whose down spins change the sign."""
        return self.psi.sign_rule()

    def sample(self, uniforms: Tensor) -> Tensor:
        """Draws independent spins from |psi|^2, see `SampledWaveFunction`."""
        uniforms = checked_uniforms(uniforms, self.n_uniforms)
        bits = self.psi.sample(uniforms[:-1])
        inverses = np.argsort(np.array(self.permutations), axis=1).astype(np.int32)
        return draw_images(bits, inverses, uniforms[-1], spin_flip=self.spin_flip)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this wave function again."""
        arguments = {
            "psi": keras.saving.serialize_keras_object(self.psi),
            "permutations": self.permutations,
            "spin_flip": self.spin_flip,
            "weighted_phase": self.weighted_phase,
        }
        return {**super().get_config(), **arguments}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Any = None
    ) -> "SymmetricWaveFunction":
        """Makes the wave function that `get_config` described."""
        psi = keras.saving.deserialize_keras_object(config["psi"], custom_objects)
        return cls(**{**config, "psi": psi})


def draw_images(bits: Tensor, orders: Array, uniforms: Tensor, *, spin_flip: bool) -> Tensor:
    """Returns one image of each configuration, all images alike likely.

    Args:
        bits: Configurations (n_samples, n_sites).
        orders: The site that comes to stand at each place, int32 (n_permutations, n_sites).
        uniforms: Uniform numbers in [0, 1), (n_samples,).
        spin_flip: Whether every image may have its spins flipped.
    """
    n_permutations = len(orders)
    n_images = n_permutations * (2 if spin_flip else 1)
    chosen = ops.cast(ops.floor(uniforms * n_images), "int32")
    # Rounding may bring a product to n_images itself.
    chosen = ops.minimum(chosen, n_images - 1)
    moved = ops.take_along_axis(bits, ops.take(orders, chosen % n_permutations, axis=0), axis=1)
    turned = ops.cast(chosen >= n_permutations, "int32")
    return ops.where(turned[:, None] == 1, 1 - moved, moved)


def symmetrizer(
    group: str, lattice: Lattice, *, weighted_phase: bool = True
) -> Callable[[WaveFunction], SymmetricWaveFunction] | None:
    """Returns the function that averages a wave function over a group, or None for "none".

    Args:
        group: "none", "flip" of all spins, "lattice" or "lattice_and_flip".
        lattice: Whose symmetries.
        weighted_phase: See `SymmetricWaveFunction`.

    Raises:
        ValueError: The group is unknown.
    """
    symmetries = symmetry_group(group, lattice)
    if group == "none":
        return None
    return lambda psi: SymmetricWaveFunction(
        psi=psi,
        permutations=symmetries.permutations,
        spin_flip=symmetries.spin_flip,
        weighted_phase=weighted_phase,
    )


def averaged(
    psi: WaveFunction, settings: SymmetrySettings, lattice: Lattice
) -> SymmetricWaveFunction:
    """Returns the average of the wave function of a run over the symmetries that it names.

    Args:
        psi: The wave function.
        settings: The section `symmetry` of the run's configuration.
        lattice: Of its spins.

    Raises:
        ValueError: The run names none, or `psi` is such an average already.
    """
    average = symmetrizer(settings.group, lattice, weighted_phase=settings.weighted_phase)
    if average is None:
        raise ValueError('An average needs a run with a `symmetry.group`, but it has "none".')
    if settings.in_training:
        raise ValueError("An average needs a plain run, but that of this one was trained.")
    return average(psi)


def acceptance(symmetric: SymmetricWaveFunction, bits: Tensor) -> Tensor:
    """Returns how often moves by the symmetries would be accepted, 1 if psi has them all.

        mean_t min(1, |psi(t b)|^2 / |psi(b)|^2)

    Args:
        symmetric: Its `psi` is looked at.
        bits: Samples of psi, int32 (batch, n_sites).

    Returns:
        (batch,).
    """
    bits = checked_bits(bits, symmetric.n_sites)
    images = symmetric.images(bits)
    # The first image is the configuration itself.
    unmoved = symmetric.psi(bits)[0]

    def add(t: Tensor, total: Tensor) -> Tensor:
        # One after another, which bounds the memory.
        log_modulus, _ = symmetric.psi(ops.reshape(images[t], ops.shape(bits)))
        return total + ops.exp(ops.minimum(0.0, 2.0 * (log_modulus - unmoved)))

    total = ops.fori_loop(1, symmetric.n_symmetries, add, ops.ones_like(unmoved))
    return ops.reshape(total, ops.shape(unmoved)) / symmetric.n_symmetries
