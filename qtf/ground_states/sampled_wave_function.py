"""What wave functions of one network and their averages over symmetries share."""

from typing import Any

import keras
from keras import ops

from qtf.ground_states.bits import checked_bits
from qtf.ground_states.sector import Sector
from qtf.typing import DType, Tensor


class SampledWaveFunction(keras.Model):
    """A normalised wave function of spins, sampled exactly.

    Call arguments:
        bits: Integers (batch, n_sites), by site; 0 is spin up (Z = +1), 1 is spin down.

    Returns:
        Real and imaginary part of log psi, (batch,) each.

    Raises:
        ValueError: A bit is neither 0 nor 1.

    Attributes:
        n_sites: Number of sites.
    """

    n_sites: int

    # Keras would hide a mistake that `call` finds in a message of several lines.
    def __call__(self, bits: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        """Checks the bits and returns log |psi| and the phase."""
        return super().__call__(checked_bits(bits, self.n_sites), *args, **kwargs)

    @property
    def n_symmetries(self) -> int:
        """Images of a configuration that one evaluation sums over."""
        return 1

    @property
    def n_uniforms(self) -> int:
        """Random numbers that one sample takes."""
        raise NotImplementedError

    @property
    def positive(self) -> bool:
        """Whether psi has no phase but that of the sign rule."""
        raise NotImplementedError

    @property
    def recurrent(self) -> bool:
        """Whether the parallel evaluation has a loop over positions."""
        raise NotImplementedError

    @property
    def linearizes(self) -> bool:
        """Whether `derivatives` are written by hand."""
        return False

    @property
    def evaluation_bytes(self) -> int:
        """Memory that the evaluation of one more configuration takes, roughly."""
        raise NotImplementedError

    def derivatives(self, bits: Tensor) -> list[Tensor]:
        """Returns the gradients of log |psi| and, unless `positive`, of the phase of each sample.

        Args:
            bits: int32 (batch, n_sites), by site.

        Returns:
            (batch, n_weights) each, the trainable variables joined in their order.
        """
        raise NotImplementedError

    def sample(self, uniforms: Tensor) -> Tensor:
        """Draws independent spins from |psi|^2.

        Args:
            uniforms: Random numbers in [0, 1), (n_uniforms, batch); the same numbers give the
                same spins.

        Returns:
            bits, int32 (batch, n_sites), by site.
        """
        raise NotImplementedError

    def sector(self) -> Sector:
        """Returns where psi may be other than zero, and its symmetries."""
        raise NotImplementedError

    def sign_rule(self) -> tuple[int, ...]:
        """Returns the sites whose down spins change the sign."""
        raise NotImplementedError

    def sign_phase(self, bits: Tensor, dtype: DType) -> Tensor:
        """Returns pi times the number of down spins of the sign rule, modulo 2 pi; (batch,)."""
        sites = self.sign_rule()
        if not sites:
            return ops.zeros((), dtype)
        bits = checked_bits(bits, self.n_sites)
        downs = ops.sum(ops.take(bits, sites, axis=1), axis=1)
        return ops.cast(3.141592653589793 * ops.cast(downs % 2, dtype), dtype)
