"""Open systems: the Lindblad equation of spins that lose to their surroundings.

    rho' = -i [H, rho] + sum_k (rate_k / 2) (2 G_k rho G_k^+ - G_k^+ G_k rho - rho G_k^+ G_k)

with hbar = 1. Density matrices are (2**n, 2**n); rows and columns number the basis states as
everywhere in `qtf.physics`, spin 1 first and bit 0 up.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from qtf.physics._arnoldi import exponential_evolve, steady_vector
from qtf.physics._checks import (
    checked_flag,
    checked_forward_times,
    checked_integer,
    checked_operators,
    checked_positive,
)
from qtf.physics._packed import PackedProduct, matrix_of, pack, packed_losses, unpack
from qtf.physics.jumps import Jump, JumpOperator, Jumps, as_jump, jump_operators
from qtf.physics.operators import PauliSum, PauliTerm

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# The sparse Liouvillian of 8 spins takes some 50 MB, its dense form 69 GB.
MAX_LIOUVILLIAN_SITES = 8


class Lindbladian:
    """The right-hand side of the Lindblad equation, a Hamiltonian and one-spin jumps.

    Args:
        hamiltonian: H, any terms; only those on one spin and on pairs of spins have `local_parts`.
        jump_ops: `JumpOperator`s or triples (site, matrix, rate); or by the names of
            `JUMP_MATRICES`, as `jump_operators` takes them.

    Raises:
        ValueError: A jump has a site outside of the Hamiltonian, or is not allowed.

    Example:
        >>> from qtf.physics import PauliSum, decay
        >>> at_rest = Lindbladian(PauliSum(1, []), decay(1, 0.5))
        >>> at_rest.apply(np.diag([1.0, 0.0])).real
        array([[-0.5,  0. ],
               [ 0. ,  0.5]])
        >>> noisy = Lindbladian(PauliSum(2, []), {"decay": 1.0, "dephasing": [0.1, 0.2]})
        >>> len(noisy.jump_ops)
        4
    """

    def __init__(self, hamiltonian: PauliSum, jump_ops: Iterable[Jump] | Jumps) -> None:
        self.hamiltonian = hamiltonian
        if isinstance(jump_ops, Mapping):
            jump_ops = jump_operators(hamiltonian.n_sites, jump_ops)
        self.jump_ops = tuple(as_jump(jump) for jump in jump_ops)
        for jump in self.jump_ops:
            if jump.site >= hamiltonian.n_sites:
                raise ValueError(
                    f"Argument `jump_ops` must hold sites below n_sites = {hamiltonian.n_sites},"
                    f" but holds site {jump.site}."
                )

    @property
    def n_sites(self) -> int:
        """Number of spins."""
        return self.hamiltonian.n_sites

    def apply(self, rho: np.ndarray) -> np.ndarray:
        """Returns rho', also of operators that are no density matrices.

        Args:
            rho: Operators (..., 2**n_sites, 2**n_sites).

        Returns:
            complex128 array of the same shape.

        Raises:
            ValueError: `rho` has another shape or is not finite.
        """
        rho = checked_operators("rho", rho, self.hamiltonian.dimension)
        effective = self.hamiltonian.to_dense().astype(np.complex128)
        change = np.zeros_like(rho)
        for jump in self.jump_ops:
            matrix = _on_site(jump.matrix, jump.site, self.n_sites)
            effective -= 0.5j * jump.rate * (matrix.conj().T @ matrix)
            change += jump.rate * (matrix @ rho @ matrix.conj().T)
        return change - 1j * (effective @ rho - rho @ effective.conj().T)

    @cached_property
    def liouvillian(self) -> "csr_array":
        """L of rho' = L rho for rho in row order, rho.reshape(-1); complex128 (4**n, 4**n).

        In this order A rho B is kron(A, B^T) rho. At most 8 spins.
        """
        from scipy.sparse import csr_array, eye_array, kron

        checked_integer("n_sites", self.n_sites, minimum=1, maximum=MAX_LIOUVILLIAN_SITES)
        identity = eye_array(2**self.n_sites, format="csr")
        effective = csr_array(-1j * self.hamiltonian.to_sparse())
        total = csr_array((4**self.n_sites,) * 2, dtype=np.complex128)
        for jump in self.jump_ops:
            matrix = csr_array(_on_site(jump.matrix, jump.site, self.n_sites))
            effective = effective - 0.5 * jump.rate * (matrix.conj().T @ matrix)
            total = total + jump.rate * kron(matrix, matrix.conj(), format="csr")
        one_sided = kron(effective, identity) + kron(identity, effective.conj())
        return csr_array(total + one_sided)

    def evolve(
        self, rho0: np.ndarray, times: np.ndarray, *, tolerance: float = 1e-10
    ) -> np.ndarray:
        """Returns the density matrix at many times, by steps in Krylov spaces.

        Args:
            rho0: rho at time 0, (2**n_sites, 2**n_sites), of at most 8 spins. The equation is
                linear: any operator will do, of any norm and trace.
            times: Times (n_times,) of at least 0, in any order.
            tolerance: Bound of the estimated |error| / |rho0| at the largest time, in the
                Frobenius norm.

        Returns:
            complex128 array (n_times, 2**n_sites, 2**n_sites).

        Raises:
            ValueError: An argument has a wrong shape or is not finite, or a time is negative.

        Example:
            >>> from qtf.physics import PauliSum, decay
            >>> one_spin = Lindbladian(PauliSum(1, []), decay(1))
            >>> rho = one_spin.evolve(np.diag([1.0, 0.0]), [0.0, np.log(2)])
            >>> rho[:, 0, 0].real.round(6)
            array([1. , 0.5])
        """
        shape = (self.hamiltonian.dimension,) * 2
        if np.shape(rho0) != shape:
            raise ValueError(f"Argument `rho0` must have shape {shape}, but has {np.shape(rho0)}.")
        rho0 = checked_operators("rho0", rho0)
        times = checked_forward_times(times)
        checked_positive("tolerance", tolerance)
        evolved = (exponential_evolve(self._product, part, times, tolerance) for part in pack(rho0))
        return unpack(evolved, self.hamiltonian.dimension)

    @property
    def largest_rate(self) -> float:
        """The largest rate of decay, max_k rate_k |G_k|^2, with the spectral norm of G."""
        rates = (jump.rate * float(np.linalg.norm(jump.matrix, 2)) ** 2 for jump in self.jump_ops)
        return max(rates, default=0.0)

    def steady_state(self, *, tolerance: float = 1e-10, unique: bool = True) -> np.ndarray:
        """Returns the density matrix with rho' = 0.

        Args:
            tolerance: Bound of |rho'|, the Frobenius norm, in units of the largest rate.
            unique: Whether to make sure that there is no other one, which takes about as long
                again. If not, it may be one of many.

        Returns:
            complex128 array (2**n_sites, 2**n_sites), Hermitian, of trace 1.

        Raises:
            ValueError: `tolerance` is not positive, or the iteration does not reach it.
            SeveralSteadyStates: There is another one, or one that decays at less than 1e-6
                of the largest rate; a ValueError.

        Example:
            >>> from qtf.physics import PauliSum, decay
            >>> Lindbladian(PauliSum(1, []), decay(1)).steady_state().real.round(6) + 0.0
            array([[0., 0.],
                   [0., 1.]])
        """
        checked_positive("tolerance", tolerance)
        checked_flag("unique", unique)
        dimension = self.hamiltonian.dimension
        mixed = np.eye(dimension).reshape(-1) / dimension

        def trace(packed: np.ndarray) -> float:
            return float(packed[:: dimension + 1].sum())

        packed = steady_vector(
            self._product, trace, mixed, tolerance, self.largest_rate, unique=unique
        )
        return unpack([packed], dimension)

    @cached_property
    def _product(self) -> PackedProduct:
        checked_integer("n_sites", self.n_sites, minimum=1, maximum=MAX_LIOUVILLIAN_SITES)
        losses = packed_losses(self.jump_ops, self.n_sites)
        return PackedProduct(matrix_of(self.hamiltonian), losses)

    def local_parts(self) -> tuple[tuple[tuple[int, ...], "Lindbladian"], ...]:
        """Returns parts on one and two spins that add up to the whole.

        Every pair of sites that a term couples is one part, and what acts on one site is
        shared evenly among the pairs of that site. A site without pairs is a part itself.

        Returns:
            Pairs (sites, part); the sites of a pair ascend, and the part counts them 0 and 1.

        Raises:
            ValueError: The Hamiltonian has a term of three spins or more.

        Example:
            >>> from qtf.physics import Chain, decay, ising
            >>> parts = Lindbladian(ising(Chain(3)), decay(3)).local_parts()
            >>> [sites for sites, _ in parts]
            [(0, 1), (1, 2)]
        """
        check_pairs(self.hamiltonian)
        bonds = sorted(
            {tuple(sorted(t.sites)) for t in self.hamiltonian.terms if len(t.sites) == 2}
        )
        bonded = {site for bond in bonds for site in bond}
        lone = [(site,) for site in range(self.n_sites) if site not in bonded]
        places: list[tuple[int, ...]] = [*bonds, *lone]
        n_places = [sum(site in sites for sites in places) for site in range(self.n_sites)]
        return tuple((sites, self._part(sites, n_places)) for sites in places)

    def _part(self, sites: tuple[int, ...], n_places: list[int]) -> "Lindbladian":
        number = {site: k for k, site in enumerate(sites)}
        terms = []
        for term in self.hamiltonian.terms:
            if term.sites and set(term.sites) <= set(sites):
                share = n_places[term.sites[0]] if len(term.sites) == 1 else 1
                moved = tuple(number[site] for site in term.sites)
                terms.append(PauliTerm(term.coefficient / share, moved, term.paulis))
        jumps = [
            JumpOperator(number[jump.site], jump.matrix, jump.rate / n_places[jump.site])
            for jump in self.jump_ops
            if jump.site in number
        ]
        return Lindbladian(PauliSum(len(sites), terms), jumps)


def check_pairs(hamiltonian: PauliSum) -> None:
    """Checks that a Hamiltonian is a sum over spins and pairs of spins.

    Raises:
        ValueError: It has a term of three spins or more.
    """
    for term in hamiltonian.terms:
        if len(term.sites) > 2:
            raise ValueError(
                "Argument `hamiltonian` must have terms of at most 2 sites,"
                f" but has one of sites {term.sites}."
            )


def _on_site(matrix: np.ndarray, site: int, n_sites: int) -> np.ndarray:
    before, after = np.eye(2**site), np.eye(2 ** (n_sites - 1 - site))
    return np.kron(np.kron(before, matrix), after)
