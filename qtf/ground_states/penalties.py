"""What is lowered beside the energy."""

from dataclasses import dataclass

from keras import ops

from qtf.checks import NOT_NEGATIVE, check_settings
from qtf.ground_states.bits import checked_bits
from qtf.typing import Index, Tensor


@dataclass(frozen=True)
class Penalties:
    """Terms of the loss E + T(t) / n <log |psi|^2> + C <M^2>.

        T(t) = temperature / (1 + temperature_decay * t),   M = sum_i Z_i / n

    The first keeps samples diverse while T falls, the second pulls towards as many spins up
    as down.

    Attributes:
        temperature: T at step 0.
        temperature_decay: How fast it falls.
        magnetization: C; M is the magnetisation a site.

    Source: the iterative-retraining paper, appendix.
    """

    temperature: float = 0.0
    temperature_decay: float = 1e-3
    magnetization: float = 0.0

    def __post_init__(self) -> None:
        """Checks every rule.

        Raises:
            ValueError: A number is negative or not finite.
        """
        check_settings(vars(self), dict.fromkeys(vars(self), NOT_NEGATIVE), "penalties.")

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
