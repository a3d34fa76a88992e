"""All configurations of a small system in place of samples, up to symmetries."""

import numpy as np
from keras import ops

from qtf.ground_states.sampled_wave_function import SampledWaveFunction
from qtf.ground_states.sector import Representatives
from qtf.ground_states.wave_function import IMPOSSIBLE
from qtf.typing import LogPsi, Tensor


class EveryConfiguration(Representatives):
    """Lists the configurations of a wave function, one for all its images under symmetries.

    What sums over them has no statistical error. Rare configurations count, however seldom
    samples would hold them: signs that only they tell are found.

    Args:
        psi: The wave function; only its sites, symmetries and where it may be other than zero
            are looked at.

    Raises:
        ValueError: There are too many sites.

    Example:
        >>> from qtf.autoregressive import GRUNetwork
        >>> from qtf.ground_states.symmetries import SymmetricWaveFunction
        >>> from qtf.ground_states.wave_function import WaveFunction
        >>> network = GRUNetwork(n_positions=4, units=8)
        >>> psi = WaveFunction(network=network, zero_magnetization=True)
        >>> len(EveryConfiguration(psi).bits)
        6
        >>> reflected = SymmetricWaveFunction(psi=psi, permutations=[(0, 1, 2, 3), (3, 2, 1, 0)])
        >>> EveryConfiguration(reflected).counts.tolist()
        [2.0, 2.0, 1.0, 1.0]
    """

    def __init__(self, psi: SampledWaveFunction) -> None:
        super().__init__(psi.sector())
        self._powers = 1 << np.arange(psi.n_sites - 1, -1, -1, dtype=np.int32)

    def shares(self, log_modulus: Tensor) -> Tensor:
        """Returns |psi|^2 of each with its images, divided by the sum of all.

        Args:
            log_modulus: log |psi| of each, (n_listed,).
        """
        return ops.softmax(2.0 * log_modulus + ops.cast(np.log(self.counts), log_modulus.dtype))

    def look_up(self, psi: SampledWaveFunction, log_modulus: Tensor, phase: Tensor) -> LogPsi:
        """Returns a function that gives psi of any spins from its values at those listed.

        Args:
            psi: The wave function.
            log_modulus: Real part of log psi of each, (n_listed,).
            phase: Imaginary part of each, (n_listed,).
        """
        # The sign rule need not be the same for images.
        unsigned = ops.pad(phase - psi.sign_phase(self.bits, phase.dtype), (0, 1))
        log_modulus = ops.pad(log_modulus, (0, 1), constant_values=IMPOSSIBLE)

        def log_psi(bits: Tensor) -> tuple[Tensor, Tensor]:
            rows = ops.take(self.rows, ops.sum(bits * self._powers, axis=1))
            sign = psi.sign_phase(bits, phase.dtype)
            return ops.take(log_modulus, rows), ops.take(unsigned, rows) + sign

        return log_psi
