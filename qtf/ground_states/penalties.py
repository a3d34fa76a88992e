"""What is lowered beside the energy."""

from keras import ops

from qtf.ground_states.bits import checked_bits
from qtf.ground_states.settings import PenaltySettings
from qtf.typing import Index, Tensor


class Penalties(PenaltySettings, section="penalties"):
    """Terms of the loss E + T(t) / n <log |psi|^2> + C <M^2>.

        T(t) = temperature / (1 + temperature_decay * t),   M = sum_i Z_i / n

    The first keeps samples diverse while T falls, the second pulls towards as many spins up
    as down.

    Source: roth2020, appendix.
    """

    def __call__(self, bits: Tensor, log_modulus: Tensor, step: Index) -> Tensor:
        """Returns what to add to the local energies, float64 (batch,) or a scalar 0.

        Args:
            bits: Samples, int32 (batch, n_sites).
            log_modulus: Their log |psi|, not to be differentiated.
            step: t.
        """
        added = ops.zeros((), "float64")
        bits = checked_bits(bits)
        n_sites = bits.shape[1]
        if self.temperature:
            slowing = 1.0 + self.temperature_decay * ops.cast(step, "float64")
            log_probs = 2.0 * ops.cast(log_modulus, "float64")
            added = added + self.temperature / slowing / n_sites * log_probs
        if self.magnetization:
            means = ops.mean(1.0 - 2.0 * ops.cast(bits, "float64"), axis=1)
            added = added + self.magnetization * ops.square(means)
        return added
