"""Density matrices as probabilities of the outcomes of one measurement on every spin.

The measurement has four outcomes a with effects M_a on each spin. It is informationally
complete: p(a) = Tr(rho M_a) of all 4**n strings of outcomes determines rho, and the Lindblad
equation becomes p'(a) = sum_b L_a^b p(b) with a local L. The number of a string has the
outcomes as its digits to the base 4, spin 1 first.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from qtf.physics._arnoldi import exponential_evolve, steady_vector
from qtf.physics._checks import (
    checked_choice,
    checked_flag,
    checked_forward_times,
    checked_integer,
    checked_operators,
    checked_positive,
    checked_real,
    checked_states,
)
from qtf.physics.basis import n_sites_of_dimension
from qtf.physics.lindblad import Lindbladian
from qtf.physics.operators import PauliSum, PauliTerm
from qtf.physics.pauli_matrices import PAULI_MATRICES

N_OUTCOMES = 4
# Thirty vectors of 4**12 probabilities take 4 GB.
MAX_LISTED_OUTCOME_SITES = 12


@dataclass(frozen=True, eq=False)
class Povm:
    """An informationally complete measurement of one spin, done on every spin of a system.

        p(a) = Tr(rho M_a),  rho = sum_b p(b) N^b,
        N^b = sum_a M_a (T^-1)_ab,  T_ab = Tr(M_a M_b)

    Args:
        effects: M_a, (4, 2, 2): Hermitian, without negative eigenvalues, of sum 1, and
            linearly independent.

    Raises:
        ValueError: The effects break one of these rules.

    Example:
        >>> povm = tetrahedral()
        >>> povm.probabilities(np.diag([1.0, 0.0])).round(3)
        array([0.5  , 0.167, 0.167, 0.167])
    """

    effects: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "effects", _checked_effects(self.effects))

    @cached_property
    def overlap(self) -> np.ndarray:
        """T, float64 (4, 4)."""
        return np.einsum("aij,bji->ab", self.effects, self.effects).real

    @cached_property
    def duals(self) -> np.ndarray:
        """N^b, complex128 (4, 2, 2); Hermitian, of trace 1, but with negative eigenvalues."""
        return np.einsum("aij,ab->bij", self.effects, np.linalg.inv(self.overlap))

    def pauli_values(self, pauli: str) -> np.ndarray:
        """Returns Tr(P N^b): its mean over drawn outcomes is <P>.

        Args:
            pauli: X, Y or Z.

        Returns:
            float64 array (4,).

        Raises:
            ValueError: `pauli` is another word.

        Example:
            >>> tetrahedral().pauli_values("Z").round(6)
            array([ 3., -1., -1., -1.])
        """
        matrix = PAULI_MATRICES[checked_choice("pauli", pauli, PAULI_MATRICES)]
        return np.einsum("ij,bji->b", matrix, self.duals).real

    def probabilities(self, rho: np.ndarray) -> np.ndarray:
        """Returns the probabilities of all strings of outcomes, spin by spin.

        Args:
            rho: Density matrices (..., 2**n, 2**n), spin 1 first and bit 0 up.

        Returns:
            float64 array (..., 4**n). Only Hermitian matrices have real probabilities; of
            others this is the one of their Hermitian part.

        Raises:
            ValueError: `rho` is not square, its size no power of 2, or it is not finite.

        Example:
            >>> four_pauli().probabilities(np.eye(2) / 2).round(3)
            array([0.167, 0.167, 0.167, 0.5  ])
        """
        rho = checked_operators("rho", rho)
        n_sites = n_sites_of_dimension(rho.shape[-1])
        # Tr(rho M_a) = sum_rc rho_rc (M_a)_cr
        matrix = self.effects.transpose(0, 2, 1).reshape(N_OUTCOMES, 4)
        return _on_every_site(matrix, _paired_indices(rho, n_sites), n_sites).real

    def density_matrix(self, probabilities: np.ndarray) -> np.ndarray:
        """Returns the density matrices of probabilities; the inverse of `probabilities`.

        Args:
            probabilities: p, real (..., 4**n). Not every distribution belongs to a density
                matrix: the result may have negative eigenvalues.

        Returns:
            complex128 array (..., 2**n, 2**n).

        Raises:
            ValueError: The number of probabilities is no power of 4, or one is not real or not
                finite.

        Example:
            >>> tetrahedral().density_matrix([0.25, 0.25, 0.25, 0.25]).real.round(12)
            array([[0.5, 0. ],
                   [0. , 0.5]])
        """
        p = checked_real("probabilities", probabilities)
        n_sites = n_sites_of_outcomes(p)
        matrix = self.duals.reshape(N_OUTCOMES, 4).T
        return _unpaired_indices(_on_every_site(matrix, p, n_sites), n_sites)

    def expectation(self, operator: PauliSum, probabilities: np.ndarray) -> np.ndarray:
        """Returns `sum_b p(b) Tr(A N^b)`.

        Args:
            operator: A, any sum of Pauli strings.
            probabilities: p, real (..., 4**n_sites).

        Returns:
            float64 array (...), in the units of the coefficients.

        Raises:
            ValueError: The probabilities belong to another number of spins, or one is not real
                or not finite.

        Example:
            >>> from qtf.physics import PauliSum, PauliTerm
            >>> povm = four_pauli()
            >>> up = povm.product_probabilities([[1, 0], [1, 0]])
            >>> float(povm.expectation(PauliSum(2, [PauliTerm(0.5, (0, 1), "ZZ")]), up).round(12))
            0.5
        """
        p, n_sites = checked_real("probabilities", probabilities), operator.n_sites
        if n_sites_of_outcomes(p) != n_sites:
            raise ValueError(
                f"Argument `probabilities` must have {4**n_sites} entries on its last axis,"
                f" but has shape {p.shape}."
            )
        return sum(
            (self._mean(term, p, n_sites) for term in operator.terms), np.zeros(p.shape[:-1])
        )

    def _mean(self, term: PauliTerm, p: np.ndarray, n_sites: int) -> np.ndarray:
        letters = dict(zip(term.sites, term.paulis, strict=True))
        mean = p
        for site in reversed(range(n_sites)):
            values = self.pauli_values(letters[site]) if site in letters else np.ones(N_OUTCOMES)
            mean = mean.reshape(*p.shape[:-1], -1, N_OUTCOMES) @ values
        return term.coefficient * mean[..., 0]

    def product_probabilities(self, states: np.ndarray) -> np.ndarray:
        """Returns the probabilities of a product state.

        Args:
            states: One state for each spin, (n, 2), each of norm 1.

        Returns:
            float64 array (4**n,).

        Raises:
            ValueError: `states` is not (n, 2), or a state is not finite or has another norm.

        Example:
            >>> up = tetrahedral().product_probabilities([[1, 0], [1, 0]])
            >>> up[:4].round(3)
            array([0.25 , 0.083, 0.083, 0.083])
        """
        p = np.ones(1)
        for factor in self.site_probabilities(states):
            p = np.multiply.outer(p, factor).reshape(-1)
        return p

    def site_probabilities(self, states: np.ndarray) -> np.ndarray:
        """Returns `<psi|M_a|psi>` of single spins.

        Args:
            states: (n, 2), each of norm 1.

        Returns:
            float64 array (n, 4).

        Raises:
            ValueError: `states` is not (n, 2), or a state is not finite or has another norm.
        """
        shape = np.shape(states)
        if len(shape) != 2 or shape[-1] != 2:
            raise ValueError(f"Argument `states` must have shape (n, 2), but has {shape}.")
        psi = checked_states("states", states, 2)
        norms = np.linalg.norm(psi, axis=-1)
        if not np.allclose(norms, 1):
            raise ValueError(f"Argument `states` must have norm 1, but has norms {norms}.")
        return np.einsum("ni,aij,nj->na", psi.conj(), self.effects, psi).real


def tetrahedral() -> Povm:
    """Returns the measurement along the corners of a tetrahedron, M_a = (1 + v_a . sigma) / 4.

    The corner of outcome 0 is up.

    Example:
        >>> tetrahedral().overlap.round(4)[0]
        array([0.25  , 0.0833, 0.0833, 0.0833])

    Source: luo2022, eqs. (S8) to (S12).
    """
    corners = np.array(
        [
            [0, 0, 1],
            [np.sqrt(8) / 3, 0, -1 / 3],
            [-np.sqrt(2) / 3, np.sqrt(6) / 3, -1 / 3],
            [-np.sqrt(2) / 3, -np.sqrt(6) / 3, -1 / 3],
        ]
    )
    return Povm((np.eye(2) + np.tensordot(corners, list(PAULI_MATRICES.values()), 1)) / 4)


def four_pauli() -> Povm:
    """Returns the measurement of a Pauli matrix drawn at random, its three - results as one.

    Outcomes 0, 1 and 2 are a third of the projectors on Z = 1, X = 1 and Y = 1; outcome 3 is
    the rest.

    Example:
        >>> four_pauli().effects[3].real.round(3)
        array([[ 0.333, -0.167],
               [-0.167,  0.667]])

    Source: luo2022, eqs. (S13) to (S16).
    """
    positive = [(np.eye(2) + PAULI_MATRICES[pauli]) / 6 for pauli in "ZXY"]
    return Povm(np.array([*positive, np.eye(2) - sum(positive)]))


# As configurations name them.
MEASUREMENTS = {"tetrahedral": tetrahedral, "four_pauli": four_pauli}


class OutcomeGenerator:
    """L of p'(a) = sum_b L_a^b p(b), as matrices on the outcomes of one or two spins.

        L_a^b = Tr(M_a Lindblad(N^b)),  sum_a L_a^b = 0

    Unlike the rates of a Markov chain, entries off the diagonal may be negative.

    Args:
        lindbladian: The equation of the density matrix.
        povm: The measurement, the same on every spin.

    Attributes:
        bonds: int64 (n_bonds, 2), pairs i < j of coupled sites, each pair once.
        matrices: float64 (n_bonds, 16, 16), [a, b] = L_a^b of a bond, with the parts of its
            sites shared among their bonds; outcomes number 4 a_i + a_j.
        sites: int64 (n_lone,), sites without a bond.
        site_matrices: float64 (n_lone, 4, 4), their L_a^b.

    Example:
        >>> from qtf.physics import Chain, Lindbladian, decay, ising
        >>> generator = OutcomeGenerator(Lindbladian(ising(Chain(3)), decay(3)), tetrahedral())
        >>> generator.bonds.tolist(), generator.matrices.shape, generator.sites.shape
        ([[0, 1], [1, 2]], (2, 16, 16), (0,))
    """

    def __init__(self, lindbladian: Lindbladian, povm: Povm) -> None:
        self.lindbladian, self.povm = lindbladian, povm
        self.n_sites = lindbladian.n_sites
        parts = lindbladian.local_parts()
        pairs = [part for part in parts if len(part[0]) == 2]
        lone = [part for part in parts if len(part[0]) == 1]
        self.bonds = np.array([sites for sites, _ in pairs], np.int64).reshape(-1, 2)
        self.matrices = _matrices(pairs, povm, 16)
        self.sites = np.array([sites[0] for sites, _ in lone], np.int64)
        self.site_matrices = _matrices(lone, povm, 4)

    def apply(self, probabilities: np.ndarray) -> np.ndarray:
        """Returns p' without forming the matrix of all strings.

        Args:
            probabilities: p, real (4**n_sites,). The equation is linear: entries may be
                negative and have any sum.

        Returns:
            float64 array (4**n_sites,).

        Raises:
            ValueError: There are not 4**n_sites probabilities, or one is not real or not finite.
        """
        return self._product(_checked_probabilities(probabilities, self.n_sites))

    def evolve(
        self, probabilities: np.ndarray, times: np.ndarray, *, tolerance: float = 1e-10
    ) -> np.ndarray:
        """Returns the probabilities of all strings at many times, exp(L t) p.

        By steps in Krylov spaces, from products with L only: nine spins, 262,144
        probabilities, need 100 MB.

        Args:
            probabilities: p at time 0, real (4**n_sites,), as for `apply`.
            times: Times (n_times,) of at least 0, in any order.
            tolerance: Bound of the estimated |error| / |p| at the largest time, in the
                Euclidean norm.

        Returns:
            float64 array (n_times, 4**n_sites).

        Raises:
            ValueError: An argument has a wrong shape or is not finite, or a time is negative.

        Example:
            >>> from qtf.physics import Lindbladian, PauliSum, decay
            >>> povm = tetrahedral()
            >>> generator = OutcomeGenerator(Lindbladian(PauliSum(1, []), decay(1)), povm)
            >>> p = generator.evolve(povm.product_probabilities([[1, 0]]), [0.0, np.log(2)])
            >>> (p @ povm.pauli_values("Z")).round(6) + 0.0
            array([1., 0.])
        """
        p = _checked_probabilities(probabilities, self.n_sites)
        times = checked_forward_times(times)
        checked_positive("tolerance", tolerance)
        return exponential_evolve(self._product, p, times, tolerance)

    def steady_state(self, *, tolerance: float = 1e-10, unique: bool = True) -> np.ndarray:
        """Returns the p of sum 1 with L p = 0, from products with L only.

        Args:
            tolerance: Bound of |L p|, the Euclidean norm, in units of the largest rate.
            unique: Whether to make sure that there is no other one, which takes about as long
                again. If not, it may be one of many.

        Returns:
            float64 array (4**n_sites,).

        Raises:
            ValueError: `tolerance` is not positive, the iteration does not reach it, or
                there are more than 12 spins.
            SeveralSteadyStates: As `Lindbladian.steady_state`.

        Example:
            >>> from qtf.physics import Lindbladian, PauliSum, decay
            >>> generator = OutcomeGenerator(Lindbladian(PauliSum(1, []), decay(1)), tetrahedral())
            >>> generator.steady_state().round(6)
            array([0.      , 0.333333, 0.333333, 0.333333])
        """
        checked_positive("tolerance", tolerance)
        checked_flag("unique", unique)
        checked_integer("n_sites", self.n_sites, minimum=1, maximum=MAX_LISTED_OUTCOME_SITES)
        mixed = self.povm.site_probabilities(np.eye(2)).mean(axis=0)
        start = np.ones(1)
        for _ in range(self.n_sites):
            start = np.multiply.outer(start, mixed).reshape(-1)
        rate = self.lindbladian.largest_rate
        return steady_vector(self._product, np.sum, start, tolerance, rate, unique=unique)

    def column_sums(self) -> np.ndarray:
        """Returns sum_a L_a^b of every local matrix: 0, because the sum of p stays 1.

        Returns:
            float64 array (16 n_bonds + 4 n_lone,).
        """
        sums = [self.matrices.sum(axis=1).reshape(-1), self.site_matrices.sum(axis=1).reshape(-1)]
        return np.concatenate(sums)

    def _product(self, p: np.ndarray) -> np.ndarray:
        change = np.zeros_like(p)
        for (i, j), matrix in zip(self.bonds.tolist(), self.matrices, strict=True):
            shape = (4**i, 4, 4 ** (j - i - 1), 4, 4 ** (self.n_sites - 1 - j))
            before, _, between, _, after = shape
            pairs = p.reshape(shape).transpose(1, 3, 0, 2, 4).reshape(16, -1)
            image = (matrix @ pairs).reshape(4, 4, before, between, after)
            change.reshape(shape)[...] += image.transpose(2, 0, 3, 1, 4)
        for site, matrix in zip(self.sites.tolist(), self.site_matrices, strict=True):
            change += (matrix @ p.reshape(4**site, 4, -1)).reshape(-1)
        return change


def n_sites_of_outcomes(probabilities: np.ndarray) -> int:
    """Returns the number n of spins of probabilities (..., 4**n).

    Raises:
        ValueError: The last axis has no power of 4 entries, or there is none.
    """
    shape = np.shape(probabilities)
    size = shape[-1] if shape else 0
    if size < N_OUTCOMES or size & (size - 1) or size.bit_length() % 2 == 0:
        raise ValueError(
            "Argument `probabilities` must have 4**n entries on its last axis,"
            f" but has shape {shape}."
        )
    return size.bit_length() // 2


def _matrices(
    parts: list[tuple[tuple[int, ...], Lindbladian]], povm: Povm, size: int
) -> np.ndarray:
    matrices = np.empty((len(parts), size, size))
    for k, (sites, part) in enumerate(parts):
        # Column b is p' of the string b: the measurement of what happens to N^b.
        duals = povm.density_matrix(np.eye(N_OUTCOMES ** len(sites)))
        matrices[k] = povm.probabilities(part.apply(duals)).T
    return matrices


def _on_every_site(matrix: np.ndarray, vectors: np.ndarray, n_sites: int) -> np.ndarray:
    """Returns `matrix` (4, 4) applied to each of the n axes of vectors (..., 4**n)."""
    result = vectors
    for site in range(n_sites):
        result = matrix @ result.reshape(-1, 4, 4 ** (n_sites - 1 - site))
    return result.reshape(vectors.shape)


def _paired_indices(rho: np.ndarray, n_sites: int) -> np.ndarray:
    """Returns rho (..., 4**n), the bits of its row and column side by side for each spin."""
    batch = rho.shape[:-2]
    axes = [axis for site in range(n_sites) for axis in (site + 1, n_sites + site + 1)]
    tensor = rho.reshape(-1, *[2] * (2 * n_sites)).transpose(0, *axes)
    return tensor.reshape(*batch, 4**n_sites)


def _unpaired_indices(vectors: np.ndarray, n_sites: int) -> np.ndarray:
    """Returns what `_paired_indices` took, (..., 2**n, 2**n)."""
    batch = vectors.shape[:-1]
    axes = [2 * site + 1 for site in range(n_sites)] + [2 * site + 2 for site in range(n_sites)]
    tensor = vectors.reshape(-1, *[2] * (2 * n_sites)).transpose(0, *axes)
    return tensor.reshape(*batch, 2**n_sites, 2**n_sites)


def _checked_probabilities(value: ArrayLike, n_sites: int) -> np.ndarray:
    p = checked_real("probabilities", value)
    if p.shape != (4**n_sites,):
        raise ValueError(
            f"Argument `probabilities` must have shape ({4**n_sites},), but has {p.shape}."
        )
    return p


def _checked_effects(value: ArrayLike) -> np.ndarray:
    effects = np.asarray(value, np.complex128)
    if effects.shape != (N_OUTCOMES, 2, 2):
        raise ValueError(f"Argument `effects` must have shape (4, 2, 2), but has {effects.shape}.")
    hermitian = np.allclose(effects, effects.conj().transpose(0, 2, 1))
    if not hermitian or np.linalg.eigvalsh(effects).min() < -1e-12:
        raise ValueError(
            f"Argument `effects` must be Hermitian without negative eigenvalues, but is {value!r}."
        )
    if not np.allclose(effects.sum(axis=0), np.eye(2)):
        raise ValueError(
            f"Argument `effects` must add up to 1, but add up to {effects.sum(axis=0)}."
        )
    if np.linalg.matrix_rank(effects.reshape(N_OUTCOMES, 4)) < N_OUTCOMES:
        raise ValueError(f"Argument `effects` must be linearly independent, but is {value!r}.")
    return effects
