"""Wave functions of small systems that have symmetries by looking configurations up."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from qtf.autoregressive.inputs import checked_uniforms
from qtf.ground_states.bits import checked_bits
from qtf.ground_states.sampled_wave_function import SampledWaveFunction
from qtf.ground_states.sector import Representatives, Sector
from qtf.ground_states.symmetries import draw_images
from qtf.ground_states.symmetry_groups import SymmetryGroup
from qtf.ground_states.wave_function import IMPOSSIBLE, WaveFunction
from qtf.typing import Tensor


@keras.saving.register_keras_serializable("qtf")
class ListedWaveFunction(SampledWaveFunction):
    """Wave function that is the same at all images of a configuration, up to 16 sites.

        psi_l(b) = psi(first image of b) / sqrt(sum over all b' of |psi(first image of b')|^2)

    One evaluation of psi gives all images, where an average over them takes as many as there are
    symmetries, and phases of images cannot cancel. The norm is a weight, which `normalize` sets;
    until then psi_l is known up to a factor. A sample is drawn from the list of first images, and
    moved by a random symmetry. The factor of `psi.sign_sites` stays outside.

    Args:
        psi: The wave function whose weights are used.
        permutations: Of the sites, the identity first, see `Lattice.symmetries`.
        spin_flip: Whether turning every spin is a symmetry too.
        **kwargs: Of `keras.Model`.

    Call arguments:
        bits: int32 (batch, n_sites), by site; 0 is spin up (Z = +1).

    Returns:
        Real and imaginary part of log psi, (batch,) each.

    Raises:
        ValueError: There are too many sites.

    Example:
        >>> from qtf.autoregressive import GRUNetwork
        >>> psi = WaveFunction(network=GRUNetwork(n_positions=4, units=8))
        >>> listed = ListedWaveFunction(psi=psi, permutations=[(0, 1, 2, 3), (3, 2, 1, 0)])
        >>> listed.normalize()
        >>> log_modulus, _ = listed(np.array([[0, 1, 1, 1], [1, 1, 1, 0]], "int32"))
        >>> bool(abs(log_modulus[0] - log_modulus[1]) < 1e-6)
        True
    """

    def __init__(
        self,
        *,
        psi: WaveFunction,
        permutations: Sequence[Sequence[int]],
        spin_flip: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.psi = psi
        self.n_sites = psi.n_sites
        self.permutations = tuple(tuple(permutation) for permutation in permutations)
        self.spin_flip = spin_flip
        self._listed = Representatives(self.sector())
        self._powers = 1 << np.arange(self.n_sites - 1, -1, -1, dtype=np.int32)
        self.log_norm = self.add_weight(
            name="log_norm", shape=(), initializer="zeros", trainable=False
        )
        self.built = True

    @property
    def n_uniforms(self) -> int:
        """Random numbers that one sample takes: for the list, and for the symmetry."""
        return 2

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
        """Memory that the evaluation of one more configuration takes, roughly."""
        return self.psi.evaluation_bytes

    def call(self, bits: Tensor) -> tuple[Tensor, Tensor]:
        """Returns log |psi| and the phase of given spins."""
        bits = checked_bits(bits, self.n_sites)
        rows = ops.take(self._listed.rows, ops.sum(bits * self._powers, axis=1))
        is_allowed = rows < len(self._listed.bits)
        first = ops.take(self._listed.bits, ops.minimum(rows, len(self._listed.bits) - 1), axis=0)
        log_modulus, phase = self.psi.without_sign(first)
        log_modulus = log_modulus - ops.cast(self.log_norm, log_modulus.dtype)
        log_modulus = ops.where(is_allowed, log_modulus, IMPOSSIBLE)
        return log_modulus, phase + self.sign_phase(bits, phase.dtype)

    def normalize(self) -> None:
        """Gives psi the norm 1, for the weights that it has now."""
        self.log_norm.assign(0.0)
        self.log_norm.assign(0.5 * np.logaddexp.reduce(self._log_shares()))

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
        log_modulus, _ = self.psi.without_sign(self._listed.bits)
        counts = ops.cast(np.log(self._listed.counts), log_modulus.dtype)
        ends = ops.cumsum(ops.softmax(2.0 * log_modulus + counts))
        # Rounding may leave the last end below 1.
        rows = ops.minimum(
            ops.searchsorted(ends, uniforms[0], side="right"), len(self._listed.bits) - 1
        )
        first = ops.take(self._listed.bits, rows, axis=0)
        orders = np.array(self.permutations, np.int32)
        return draw_images(first, orders, uniforms[1], spin_flip=self.spin_flip)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this wave function again."""
        arguments = {
            "psi": keras.saving.serialize_keras_object(self.psi),
            "permutations": self.permutations,
            "spin_flip": self.spin_flip,
        }
        return {**super().get_config(), **arguments}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Any = None
    ) -> "ListedWaveFunction":
        """Makes the wave function that `get_config` described."""
        psi = keras.saving.deserialize_keras_object(config["psi"], custom_objects)
        return cls(**{**config, "psi": psi})

    def _log_shares(self) -> np.ndarray:
        """Returns log |psi|^2 of each configuration of the list, times the number of its images."""
        log_modulus, _ = self.psi.without_sign(ops.convert_to_tensor(self._listed.bits))
        return 2.0 * np.asarray(log_modulus, np.float64) + np.log(self._listed.counts)
