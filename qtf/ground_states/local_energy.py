"""Local energies of a wave function under any sum of Pauli terms."""

import functools
import math
from collections.abc import Callable, Sequence

import numpy as np
from keras import ops

from qtf.checks import COUNT, COUNT_OR_0, check_arguments
from qtf.ground_states.bits import checked_bits
from qtf.ground_states.listed_pairs import ROWS_AT_ONCE, ListedPairs
from qtf.ground_states.sampled_wave_function import SampledWaveFunction
from qtf.ground_states.wave_function import WaveFunction
from qtf.physics import PauliSum
from qtf.pieces import rows_at_once
from qtf.training.piecewise import evaluate_in_pieces
from qtf.typing import Array, LogPsi, Tensor

# Of -i; powers by arithmetic have rounding in what is zero.
POWERS = (1.0, -1.0j, -1.0, 1.0j)
# (others (n, n_sites), sample that each comes from (n,)) -> log |psi| and phases
Evaluate = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
# Real and imaginary parts, and how much larger |psi|^2 is at neighbours
Sums = tuple[Tensor, Tensor, Tensor]
# Of a site: its bits in several arrays.
BYTES_OF_LOOK_UP = 32


class LocalEnergy:
    """Computes E_loc(s) = sum_s' H_{s s'} psi(s') / psi(s).

    Terms that flip the same spins belong to the same s'. With b the bits of s, a term
    c P_1 P_2 .. has the element c (-1)^(sum of b over its Y and Z) (-i)^(number of its Y) in the
    row of s; terms without X and Y are diagonal and need no wave function.

    A flip leaves the conditionals before its first position as they are. A `WaveFunction` is
    therefore evaluated once for s, which gives what is known at some positions, and for each
    s' only from the last of them on: with r of them (1 + 1/r) / 2 of the work, on a chain.

    Args:
        hamiltonian: Any; imaginary elements, of terms with an odd number of Y, cost as much again
            as the real ones, but no further evaluation of the wave function.
        chunk: Flips of all samples that are evaluated at once, at most. 0: as many as is
            fastest. `qtf.pieces` is asked in any case: flips, and samples too, are evaluated in
            pieces where they do not fit into the memory.
        n_prefixes: Positions from which evaluations may start; 1: always from the first,
            and all positions in parallel. There are fewer where a network takes several
            positions at once, whole rows of a square.

    Raises:
        ValueError: `chunk` is negative or `n_prefixes` not positive.

    Example:
        >>> from qtf.physics import Chain, ising
        >>> LocalEnergy(ising(Chain(4))).n_flips
        4
    """

    def __init__(self, hamiltonian: PauliSum, *, chunk: int = 0, n_prefixes: int = 1) -> None:
        check_arguments(COUNT_OR_0, chunk=chunk)
        check_arguments(COUNT, n_prefixes=n_prefixes)
        self.hamiltonian = hamiltonian
        self.n_sites = hamiltonian.n_sites
        self.n_prefixes = min(n_prefixes, self.n_sites)
        self._read(hamiltonian)
        self.chunk = chunk

    @property
    def n_flips(self) -> int:
        """Number of different s' of a configuration."""
        return len(self._flips)

    @property
    def flips(self) -> Array:
        """Which spins each of them turns, int32 (n_flips, n_sites)."""
        return self._flips

    @property
    def flip_sizes(self) -> Array:
        """Bound on the modulus of the elements of each flip, float64 (n_flips,)."""
        return np.abs(self._coefficients[:, 1:]).sum(axis=0)

    def diagonal(self, bits: Tensor) -> Tensor:
        """Returns diagonal elements, float64 (batch,); `bits` as of `connected`."""
        terms = np.flatnonzero(self._coefficients[:, 0])
        bits, signs = checked_bits(bits, self.n_sites), self._signs[terms]
        # A term without X and Y is real.
        return self._sum(bits, signs, self._coefficients[terms, :1].real)[0]

    def connected(self, bits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns diagonal elements and all connected configurations.

        Args:
            bits: Integers (batch, n_sites).

        Returns:
            Diagonal elements (batch,); off-diagonal ones (n_flips, batch), zeros included,
            complex if the Hamiltonian is; their configurations, int32 (n_flips, batch, n_sites).
        """
        bits = checked_bits(bits, self.n_sites)
        real, *imaginary = self._elements(bits)
        others = (bits[None] + ops.cast(self._flips[:, None], "int32")) % 2
        elements = ops.view_as_complex(ops.stack([real, *imaginary], -1)) if imaginary else real
        return real[0], elements[1:], others

    def __call__(self, log_psi: LogPsi, bits: Tensor) -> tuple[Tensor, Tensor]:
        """Returns real and imaginary part of the local energies.

        Args:
            log_psi: The wave function.
            bits: Integers (batch, n_sites), 0 for spin up; psi must not vanish there.

        Returns:
            float64 (batch,) each.

        Raises:
            ValueError: `n_prefixes` is more than 1 although the wave function has no prefixes,
                or a bit is neither 0 nor 1.
        """
        return self.with_excess(log_psi, bits)[:2]

    def with_excess(self, log_psi: LogPsi, bits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns the local energies, and how much larger |psi|^2 is at connected configurations.

            excess(s) = sum over s' with H_{s s'} != 0 of (|psi(s') / psi(s)|^2 - 1) / n_flips

        After a random flip, chosen among all alike and left out where its element is zero, a
        sample of |psi|^2 is at s with the probability |psi(s)|^2 (1 + excess(s)).

        Args:
            log_psi: As of a call.
            bits: Likewise.

        Returns:
            Real and imaginary part, and the excess, float64 (batch,) each.

        Raises:
            ValueError: As of a call.
        """
        bits = checked_bits(bits, self.n_sites)
        at_once = rows_at_once(evaluation_bytes(log_psi, self.n_sites))
        outputs = [((), "float64")] * 3
        real, imaginary, excess = evaluate_in_pieces(
            lambda piece: self._evaluate(log_psi, piece, at_once), bits, at_once, outputs
        )
        return real, imaginary, excess / max(1, self.n_flips)

    def flip(self, bits: Tensor, numbers: Tensor) -> Tensor:
        """Returns bits after one flip each, or as they are where its element is zero.

        Args:
            bits: Integers (batch, n_sites), 0 for spin up.
            numbers: Which flip, int32 (batch,).
        """
        bits = checked_bits(bits, self.n_sites)
        others = (bits + ops.take(ops.cast(self._flips, "int32"), numbers, axis=0)) % 2
        elements = [
            ops.take_along_axis(part, 1 + numbers[None], axis=0)[0] for part in self._elements(bits)
        ]
        return ops.where(_differ_from_zero(elements)[:, None], others, bits)

    def _evaluate(self, log_psi: LogPsi, bits: Tensor, at_once: int) -> Sums:
        """Returns the sums of samples that are few enough for `at_once` evaluations."""
        groups, unflipped = self._groups(log_psi, bits)
        n_images = log_psi.n_symmetries if isinstance(log_psi, SampledWaveFunction) else 1
        largest = min(at_once, ROWS_AT_ONCE // n_images)
        log_modulus, phase = (ops.cast(part, "float64") for part in unflipped)
        parts = self._elements(bits)
        nothing = ops.zeros_like(parts[0][0])
        sums: Sums = (parts[0][0], nothing, nothing)
        for flips, evaluate in groups:
            elements = [ops.take(part, 1 + flips, axis=0) for part in parts]
            pairs = self._pairs(elements, flips, max(1, largest))
            # An element of zero may belong to spins that psi has no number for.
            log_other, phase_other = pairs.evaluate(
                functools.partial(self._moved, evaluate, bits, flips), missing=(-math.inf, 0.0)
            )
            ratio, angle = ops.exp(log_other - log_modulus), phase_other - phase
            added = _multiply(elements, ratio * ops.cos(angle), ratio * ops.sin(angle))
            excess = ops.square(ratio) - 1.0
            if pairs.occurs is not None:
                excess = ops.where(pairs.occurs, excess, 0.0)
            real, imaginary, larger = (ops.sum(part, axis=0) for part in (*added, excess))
            sums = (sums[0] + real, sums[1] + imaginary, sums[2] + larger)
        return sums

    def _pairs(self, elements: Sequence[Tensor], flips: Array, largest: int) -> ListedPairs:
        """Returns which flips of which samples have to be evaluated, `largest` at once."""
        batch_size = ops.shape(elements[0])[1]
        if self.chunk and isinstance(batch_size, int):
            largest = min(largest, self.chunk * batch_size)
        occurs = _differ_from_zero(elements) if self._may_vanish[flips].any() else None
        shape = (len(flips), batch_size)
        # Whoever makes a graph for any number of samples has to bound it.
        return ListedPairs(occurs, shape, largest, flips_at_once=self.chunk)

    def _moved(
        self, evaluate: Evaluate, bits: Tensor, flips: Array, numbers: Tensor
    ) -> list[Tensor]:
        """Returns log |psi| and phases of some pairs of a flip and a sample, by their numbers."""
        batch_size = ops.shape(bits)[0]
        samples = numbers % batch_size
        turned = ops.take(ops.cast(self._flips[flips], "int32"), numbers // batch_size, axis=0)
        others = (ops.take(bits, samples, axis=0) + turned) % 2
        return [ops.cast(part, "float64") for part in evaluate(others, samples)]

    def _elements(self, bits: Tensor) -> list[Tensor]:
        """Returns real parts and, of a complex Hamiltonian, imaginary ones, the diagonal first.

        Returns:
            float64 (1 + n_flips, batch) each.
        """
        parts = [self._coefficients.real, self._coefficients.imag]
        used = parts[:1] if self.hamiltonian.is_real else parts
        return list(ops.split(self._sum(bits, self._signs, np.hstack(used)), len(used), axis=0))

    def _sum(self, bits: Tensor, signs: Array, coefficients: Array) -> Tensor:
        """Sums terms whose `signs` depend on the bits; (columns of the coefficients, batch)."""
        dtype = "float64"
        parities = ops.matmul(ops.cast(bits, dtype), ops.cast(signs.T, dtype))
        of_terms = 1.0 - 2.0 * (parities % 2.0)
        return ops.transpose(ops.matmul(of_terms, ops.cast(coefficients, dtype)))

    def _groups(
        self, psi: LogPsi, bits: Tensor
    ) -> tuple[list[tuple[Array, Evaluate]], tuple[Tensor, Tensor]]:
        """Returns groups of flips with functions that evaluate them, and log psi of `bits`."""
        if self.n_prefixes == 1 or not self.n_flips:
            every = [(np.arange(self.n_flips), lambda others, _: psi(others))]
            return every[: self.n_flips], psi(bits)
        if not isinstance(psi, WaveFunction):
            raise ValueError(
                "Argument `n_prefixes` must be 1 for a wave function other than `WaveFunction`,"
                f" but is {self.n_prefixes}."
            )
        n_positions = psi.network.n_positions
        first = self._flips[:, psi.sites].argmax(axis=1) // psi.sites_per_position
        width = -(-n_positions // self.n_prefixes)
        width = -(-width // psi.network.n_together) * psi.network.n_together
        starts = sorted(set((first // width * width).tolist()))
        prefixes = psi.prefixes(bits, [*starts, n_positions])
        groups: list[tuple[Array, Evaluate]] = [
            (
                np.flatnonzero(first // width * width == start),
                functools.partial(psi.evaluate_from, start=start, prefix=prefix),
            )
            for start, prefix in zip(starts, prefixes, strict=False)
        ]
        return groups, psi.evaluate_from(bits, None, start=n_positions, prefix=prefixes[-1])

    def _read(self, hamiltonian: PauliSum) -> None:
        """Groups the terms: signs (n_terms, n_sites), coefficients (n_terms, 1 + n_flips)."""
        columns: dict[tuple[int, ...], int] = {(0,) * self.n_sites: 0}
        signs, entries = [], []
        for term in hamiltonian.terms:
            flip, sign = np.zeros((2, self.n_sites), np.int32)
            for site, pauli in zip(term.sites, term.paulis, strict=True):
                flip[site] = pauli in "XY"
                sign[site] = pauli in "YZ"
            column = columns.setdefault(tuple(flip.tolist()), len(columns))
            # Y = i X Z acting on the bra's side: <b|Y|1-b> = -i (-1)^b.
            entries.append((column, term.coefficient * POWERS[term.paulis.count("Y") % 4]))
            signs.append(sign)
        self._signs = np.array(signs).reshape(-1, self.n_sites)
        self._flips = np.array(list(columns)[1:], np.int32).reshape(-1, self.n_sites)
        self._coefficients = np.zeros((len(entries), len(columns)), np.complex128)
        for row, (column, value) in enumerate(entries):
            self._coefficients[row, column] = value
        # The only term of a flip is never zero.
        self._may_vanish = np.count_nonzero(self._coefficients[:, 1:], axis=0) > 1


def evaluation_bytes(log_psi: LogPsi, n_sites: int) -> int:
    """Returns the memory that the evaluation of one more configuration takes, roughly.

    Args:
        log_psi: A wave function, which knows it, or any function, which is taken for a look-up.
        n_sites: Number of sites.
    """
    if isinstance(log_psi, SampledWaveFunction):
        return log_psi.evaluation_bytes
    return BYTES_OF_LOOK_UP * n_sites


def log_psi_in_pieces(psi: SampledWaveFunction, bits: Tensor) -> tuple[Tensor, Tensor]:
    """Returns real and imaginary part of log psi of many configurations, (batch,) each.

    Not to be differentiated.

    Args:
        psi: The wave function.
        bits: int32 (batch, n_sites).
    """
    at_once = rows_at_once(psi.evaluation_bytes)
    outputs = [((), psi.variables[0].dtype)] * 2
    log_modulus, phase = evaluate_in_pieces(psi, bits, at_once, outputs)
    return log_modulus, phase


def _differ_from_zero(elements: Sequence[Tensor]) -> Tensor:
    """Tells which elements are other than zero, given as those of `_multiply`."""
    return functools.reduce(ops.logical_or, [ops.not_equal(part, 0.0) for part in elements])


def _multiply(elements: Sequence[Tensor], real: Tensor, imaginary: Tensor) -> tuple[Tensor, Tensor]:
    """Returns real and imaginary part of elements times numbers.

    Args:
        elements: Real parts, and imaginary ones if there are any.
        real: Real parts of the numbers.
        imaginary: Imaginary parts.
    """
    if len(elements) == 1:
        return elements[0] * real, elements[0] * imaginary
    return (
        elements[0] * real - elements[1] * imaginary,
        elements[0] * imaginary + elements[1] * real,
    )
