"""All configurations of a small system in place of samples, up to symmetries."""

import numpy as np
from keras import ops

from qtf.ground_states.sampled_wave_function import SampledWaveFunction
from qtf.ground_states.wave_function import IMPOSSIBLE
from qtf.physics import all_bits
from qtf.pieces import in_pieces, rows_at_once
from qtf.typing import Array, LogPsi, Tensor

# Derivatives of all configurations are held at once.
MAX_SITES = 16


class EveryConfiguration:
    """Lists the configurations of a wave function, one for all its images under symmetries.

    What sums over them has no statistical error. Rare configurations count, however seldom
    samples would hold them: signs that only they tell are found.

    Args:
        psi: The wave function; only its sites, symmetries and where it may be other than zero
            are looked at.

    Attributes:
        bits: int32 (n_listed, n_sites), of all images the one that comes first as a binary
            number.
        counts: Number of images of each, float64 (n_listed,).
        allowed: Whether psi may be other than zero, for each of all configurations, bool
            (2**n_sites,).
        rows: Which of those listed each of all configurations is an image of, int32
            (2**n_sites,); n_listed for one that is not allowed.

    Raises:
        ValueError: There are more than `MAX_SITES` sites.

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
        if psi.n_sites > MAX_SITES:
            raise ValueError(
                f"Setting `sampling.every_configuration` needs at most {MAX_SITES} sites, but"
                f" there are {psi.n_sites}."
            )
        every = all_bits(psi.n_sites).astype(np.int32)
        powers = 1 << np.arange(psi.n_sites - 1, -1, -1)
        first = _first_images(psi, every, powers)
        self.allowed = psi.may_be(every)
        listed, counts = np.unique(first[self.allowed], return_counts=True)
        self.bits = every[listed]
        self.counts = counts.astype(np.float64)
        self._powers = powers.astype(np.int32)
        # Spins that are not possible are looked up too, behind all others.
        rows = np.where(self.allowed, np.searchsorted(listed, first), len(listed))
        self.rows = rows.astype(np.int32)

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


def _first_images(psi: SampledWaveFunction, every: Array, powers: Array) -> Array:
    """Returns of all images of each configuration the smallest number, (n_configurations,)."""

    def smallest(bits: Array) -> list[Array]:
        return [(np.asarray(psi.images(bits)) @ powers).min(axis=0)]

    # Images, their joined copy and their numbers are held at once.
    bytes_of_row = 4 * psi.n_symmetries * psi.n_sites * every.itemsize
    return in_pieces(smallest, every, rows_at_once(bytes_of_row))[0]
