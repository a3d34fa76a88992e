"""The generator of the probability equation, a sum of matrices of two sites."""

import numpy as np
import numpy.typing as npt
from keras import ops

from qtf.autoregressive.inputs import checked_outcomes
from qtf.checks import COUNT_OR_0, check_arguments
from qtf.open_systems.sampled_distribution import SampledDistribution
from qtf.physics import OutcomeGenerator
from qtf.pieces import equal_pieces, rows_at_once, rows_of_pieces
from qtf.training.piecewise import evaluate_in_pieces, gradient_rows_at_once
from qtf.typing import Array, Index, LogProb, Tensor


class PovmLiouvillian:
    """Generator of p'(a) = sum_b L_a^b p(b), L a sum over bonds.

    The b of a differ from it at no site, at one, or at both sites of a bond. They are made by
    `n_moves` moves, each of which adds a number modulo 4 to the outcomes of one or two sites;
    what is diagonal needs no other outcomes. So a chain of n sites takes 12 n evaluations
    instead of the 16 n of all outcomes of all bonds.

    Probabilities enter by the differences of their logarithms only, as they are too small
    themselves for many sites.

    Args:
        bonds: Pairs of sites, (n_bonds, 2); the same pair may come again.
        matrices: L_a^b of each bond, (n_bonds, 16, 16), with row 4 a_i + a_j and column
            4 b_i + b_j for the bond (i, j); matrices of one site are part of them.
        n_sites: Number of sites.
        chunk: Moves evaluated at once, at most, in gradients too, see `moves_at_once`; 0: all.
            Samples are evaluated in pieces where those of one move do not fit into the memory.

    Raises:
        ValueError: The shapes do not agree, a site does not exist, or `chunk` is negative.

    Example:
        >>> import numpy as np
        >>> flip = np.kron(np.ones((4, 4)) / 4 - np.eye(4), np.eye(4))
        >>> liouvillian = PovmLiouvillian([(0, 1), (1, 2)], [flip, flip], n_sites=3)
        >>> liouvillian.n_moves
        27

    Source: Luo et al., Phys. Rev. Lett. 128, 090501 (2022), equations 2 and 3.
    """

    def __init__(
        self, bonds: npt.ArrayLike, matrices: npt.ArrayLike, *, n_sites: int, chunk: int = 0
    ) -> None:
        pairs = np.asarray(bonds, np.int64).reshape(-1, 2)
        blocks = np.asarray(matrices, np.float64)
        _check(pairs, blocks, n_sites, chunk)
        self.n_sites = n_sites
        self.bonds, self.matrices = _merge(pairs, blocks)
        self._shifts = self._shifts_of_moves()
        _, self.chunk = equal_pieces(self.n_moves, chunk or self.n_moves)

    @classmethod
    def from_outcome_generator(
        cls, generator: OutcomeGenerator, *, chunk: int = 0
    ) -> "PovmLiouvillian":
        """Returns an exact generator for networks.

        A site without a bond gets one to any other site.

        Args:
            generator: The generator of the same equation.
            chunk: Moves evaluated at once.

        Raises:
            ValueError: There is one site only, or `chunk` is negative.
        """
        if generator.n_sites < 2:
            raise ValueError(
                f"Argument `generator` must have at least 2 sites, but has {generator.n_sites}."
            )
        partners = np.where(generator.sites > 0, generator.sites - 1, 1)
        lone = [np.kron(matrix, np.eye(4)) for matrix in generator.site_matrices]
        return cls(
            [*generator.bonds, *np.stack([generator.sites, partners], axis=1)],
            [*generator.matrices, *lone],
            n_sites=generator.n_sites,
            chunk=chunk,
        )

    @property
    def n_moves(self) -> int:
        """Number of other outcomes that one has to evaluate."""
        return len(self._shifts)

    @property
    def n_chunks(self) -> int:
        """Number of pieces that the moves are evaluated in."""
        return equal_pieces(self.n_moves, self.chunk)[0]

    @property
    def largest_rate(self) -> float:
        """Largest modulus of an eigenvalue of the matrix of a bond, which need not be one of L."""
        return float(np.abs(np.linalg.eigvals(self.matrices)).max())

    def coefficients(self, outcomes: Tensor) -> tuple[Tensor, Tensor]:
        """Returns L_a^a and L_a^b.

        Args:
            outcomes: a, int32 (batch, n_sites).

        Returns:
            float64 (batch,) and (n_chunks * chunk, batch), of each move and zeros behind.
        """
        outcomes = self._checked(outcomes)
        first, second = (ops.transpose(ops.take(outcomes, self.bonds[:, i], 1)) for i in (0, 1))
        index = 16 * ops.arange(len(self.bonds), dtype="int32")[:, None] + 4 * first + second
        table = ops.convert_to_tensor(self._by_shift().reshape(-1, 16))
        entries = ops.reshape(ops.take(table, index, axis=0), (len(self.bonds), -1, 4, 4))
        diagonal = ops.sum(entries[:, :, 0, 0], axis=0)
        starts, ends = (
            (self.bonds[:, i] == np.arange(self.n_sites)[:, None]).astype(float) for i in (0, 1)
        )
        single = ops.einsum("ik,kns->isn", starts, entries[:, :, 1:, 0])
        single = single + ops.einsum("ik,kns->isn", ends, entries[:, :, 0, 1:])
        double = ops.transpose(entries[:, :, 1:, 1:], (0, 2, 3, 1))
        batch_size = ops.shape(outcomes)[0]
        unused = self.n_chunks * self.chunk - self.n_moves
        rows = [ops.reshape(part, (-1, batch_size)) for part in (single, double)]
        rows.append(ops.zeros((unused, batch_size), "float64"))
        return diagonal, ops.concatenate(rows, axis=0)

    def move(self, outcomes: Tensor, chunk: Index) -> Tensor:
        """Returns the outcomes after the moves of a chunk, int32 (chunk, batch, n_sites)."""
        outcomes = self._checked(outcomes)
        # What fills up the last chunk moves nothing.
        shifts = np.pad(self._shifts, ((0, 1), (0, 0)))
        numbers = rows_of_pieces(self.n_moves, self.chunk, fill=self.n_moves)
        part = ops.convert_to_tensor(shifts[numbers])[chunk]
        return (outcomes[None] + part[:, None]) % 4

    def terms(self, log_prob: LogProb, outcomes: Tensor) -> tuple[Tensor, Tensor]:
        """Returns L_a^a and the L_a^b p(b) / p(a) of all moves, in one loop over chunks.

        Args:
            log_prob: The distribution.
            outcomes: a, int32 (batch, n_sites).

        Returns:
            float64 (batch,) and (n_chunks * chunk, batch); not to be differentiated.
        """
        outcomes = self._checked(outcomes)
        batch_size = ops.shape(outcomes)[0]
        unmoved = ops.cast(log_prob_in_pieces(log_prob, outcomes), "float64")
        diagonal, coefficients = self.coefficients(outcomes)

        def evaluate(chunk: Tensor, log_ratios: Tensor) -> Tensor:
            others = ops.reshape(self.move(outcomes, chunk), (-1, self.n_sites))
            logs = ops.cast(log_prob_in_pieces(log_prob, others), "float64")
            logs = ops.reshape(logs, (self.chunk, batch_size))
            return ops.slice_update(log_ratios, (chunk * self.chunk, 0), logs - unmoved)

        shape = (self.n_chunks * self.chunk, batch_size)
        log_ratios = ops.fori_loop(0, self.n_chunks, evaluate, ops.zeros(shape, "float64"))
        ratios = ops.exp(ops.reshape(log_ratios, shape))
        # An element of zero may belong to outcomes of any probability.
        return diagonal, ops.where(coefficients == 0.0, 0.0, coefficients * ratios)

    def rates(self, log_prob: LogProb, outcomes: Tensor) -> Tensor:
        """Returns d log p(a) / dt = sum_b L_a^b p(b) / p(a), float64 (batch,)."""
        diagonal, terms = self.terms(log_prob, outcomes)
        return diagonal + ops.sum(terms, axis=0)

    def apply(self, table: Tensor) -> Tensor:
        """Returns L p for all probabilities at once, without a matrix.

        Args:
            table: p, (4**n_sites, ...), the first site most significant, perhaps several side by
                side; may be differentiated.

        Returns:
            The same shape.
        """
        total = ops.zeros_like(table)
        for (first, second), matrix in zip(self.bonds.tolist(), self.matrices, strict=True):
            shape = (4**first, 4, 4 ** (second - first - 1), 4, -1)
            four = ops.convert_to_tensor(matrix.reshape(4, 4, 4, 4))
            acted = ops.einsum(
                "xyij,aibjc->axbyc", ops.cast(four, table.dtype), ops.reshape(table, shape)
            )
            total = total + ops.reshape(acted, ops.shape(table))
        return total

    def _checked(self, outcomes: Tensor) -> Tensor:
        return checked_outcomes("outcomes", outcomes, 4, width=self.n_sites)

    def _by_shift(self) -> Array:
        """Returns L with b_i = a_i + s_i, b_j = a_j + s_j: (n_bonds, a_i, a_j, s_i, s_j)."""
        a = np.arange(4)
        target = (a[:, None] + a) % 4
        four = self.matrices.reshape(-1, 4, 4, 4, 4)
        i, j = a[:, None, None, None], a[None, :, None, None]
        return four[:, i, j, target[:, None, :, None], target[None, :, None, :]]

    def _shifts_of_moves(self) -> Array:
        singles = np.zeros((self.n_sites, 3, self.n_sites), np.int32)
        for site in range(self.n_sites):
            singles[site, :, site] = (1, 2, 3)
        doubles = np.zeros((len(self.bonds), 3, 3, self.n_sites), np.int32)
        for bond, (first, second) in enumerate(self.bonds):
            doubles[bond, :, :, first] = np.array([[1], [2], [3]])
            doubles[bond, :, :, second] = np.array([1, 2, 3])
        return np.concatenate([part.reshape(-1, self.n_sites) for part in (singles, doubles)])


def log_prob_in_pieces(log_prob: LogProb, outcomes: Tensor) -> Tensor:
    """Returns log p of many rows of outcomes, (batch,), not to be differentiated.

    Args:
        log_prob: A distribution of this room; any other function is evaluated at once.
        outcomes: int32 (batch, n_sites).
    """
    if not isinstance(log_prob, SampledDistribution):
        return log_prob(outcomes)
    at_once = rows_at_once(log_prob.evaluation_bytes)
    return evaluate_in_pieces(
        lambda rows: [log_prob(rows)], outcomes, at_once, [((), log_prob.variables[0].dtype)]
    )[0]


def moves_at_once(distribution: SampledDistribution, n_samples: int) -> int:
    """Returns of how many moves of all samples the gradient fits into the memory, at least one.

    Args:
        distribution: Whose gradient.
        n_samples: Number of samples.
    """
    return max(1, gradient_rows_at_once(distribution) // n_samples)


def _merge(bonds: Array, matrices: Array) -> tuple[Array, Array]:
    """Returns each pair of sites once, the smaller site first, with the sum of its matrices."""
    sums: dict[tuple[int, int], Array] = {}
    for (first, second), matrix in zip(bonds.tolist(), matrices, strict=True):
        four = matrix.reshape(4, 4, 4, 4)
        if first > second:
            first, second, four = second, first, four.transpose(1, 0, 3, 2)
        sums[first, second] = sums.get((first, second), 0.0) + four.reshape(16, 16)
    return np.array(list(sums), np.int64).reshape(-1, 2), np.array(list(sums.values()))


def _check(bonds: Array, matrices: Array, n_sites: int, chunk: int) -> None:
    if matrices.shape != (len(bonds), 16, 16):
        raise ValueError(
            f"Argument `matrices` must have the shape {(len(bonds), 16, 16)}, but has"
            f" {matrices.shape}."
        )
    if not len(bonds) or bonds.min() < 0 or bonds.max() >= n_sites:
        raise ValueError(
            f"Argument `bonds` must hold pairs of sites below {n_sites}, but is {bonds.tolist()}."
        )
    if (bonds[:, 0] == bonds[:, 1]).any():
        raise ValueError(f"Argument `bonds` must join different sites, but is {bonds.tolist()}.")
    check_arguments(COUNT_OR_0, chunk=chunk)
