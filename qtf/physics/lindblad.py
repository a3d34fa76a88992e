"""Open systems: the Lindblad equation of spins that lose to their surroundings.

    rho' = -i [H, rho] + sum_k (rate_k / 2) (2 G_k rho G_k^+ - G_k^+ G_k rho - rho G_k^+ G_k)

with hbar = 1. Density matrices are (2**n, 2**n); rows and columns number the basis states as
everywhere in `qtf.physics`, spin 1 first and bit 0 up.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qtf.physics._checks import checked_coefficients, checked_integer, checked_number
from qtf.physics.operators import PauliSum, PauliTerm


@dataclass(frozen=True, eq=False)
class JumpOperator:
    """A jump of one spin, `G` with its rate; the jump operator of textbooks is sqrt(rate) G.

    Args:
        site: The spin, counted from 0.
        matrix: G, (2, 2), real or complex.
        rate: At least 0, in the units of the Hamiltonian.

    Raises:
        ValueError: The site is negative, the matrix no finite (2, 2), or the rate negative.

    Example:
        >>> JumpOperator(0, [[0, 0], [1, 0]], 0.5).rate
        0.5
    """

    site: int
    matrix: np.ndarray
    rate: float

    def __post_init__(self) -> None:
        rate = checked_number("rate", self.rate)
        if rate < 0:
            raise ValueError(f"Argument `rate` must be at least 0, but is {rate}.")
        object.__setattr__(self, "site", checked_integer("site", self.site, minimum=0))
        object.__setattr__(self, "matrix", _checked_jump_matrix(self.matrix))
        object.__setattr__(self, "rate", rate)


def decay(n_sites: int, rate: float | Sequence[float] = 1.0) -> tuple[JumpOperator, ...]:
    """Returns the decay of every spin from up to down, G = (X - i Y) / 2.

    Args:
        n_sites: Number of spins.
        rate: One number or one for each site.

    Raises:
        ValueError: `rate` is negative or has the wrong length.

    Example:
        >>> [jump.site for jump in decay(3)]
        [0, 1, 2]
        >>> decay(1)[0].matrix.real
        array([[0., 0.],
               [1., 0.]])
    """
    n_sites = checked_integer("n_sites", n_sites, minimum=1)
    rates = checked_coefficients("rate", rate, n_sites, "site").tolist()
    return tuple(JumpOperator(i, np.array([[0, 0], [1, 0]]), r) for i, r in enumerate(rates))


class Lindbladian:
    """The right-hand side of the Lindblad equation, a Hamiltonian and one-spin jumps.

    Args:
        hamiltonian: H, any terms on one spin and on pairs of spins.
        jump_ops: `JumpOperator`s or triples (site, matrix, rate).

    Raises:
        ValueError: The Hamiltonian has a term of three spins or more, or a jump has a site
            outside of it.

    Example:
        >>> from qtf.physics import PauliSum
        >>> at_rest = Lindbladian(PauliSum(1, []), decay(1, 0.5))
        >>> at_rest.apply(np.diag([1.0, 0.0])).real
        array([[-0.5,  0. ],
               [ 0. ,  0.5]])
    """

    def __init__(self, hamiltonian: PauliSum, jump_ops: Iterable[Any]) -> None:
        self.hamiltonian = hamiltonian
        self.jump_ops = tuple(_as_jump(jump) for jump in jump_ops)
        for term in hamiltonian.terms:
            if len(term.sites) > 2:
                raise ValueError(
                    "Argument `hamiltonian` must have terms of at most 2 sites,"
                    f" but has one of sites {term.sites}."
                )
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
        """
        rho = np.asarray(rho, np.complex128)
        effective = self.hamiltonian.to_dense().astype(np.complex128)
        change = np.zeros_like(rho)
        for jump in self.jump_ops:
            matrix = _on_site(jump.matrix, jump.site, self.n_sites)
            effective -= 0.5j * jump.rate * (matrix.conj().T @ matrix)
            change += jump.rate * (matrix @ rho @ matrix.conj().T)
        return change - 1j * (effective @ rho - rho @ effective.conj().T)

    def local_parts(self) -> tuple[tuple[tuple[int, ...], "Lindbladian"], ...]:
        """Returns parts on one and two spins that add up to the whole.

        Every pair of sites that a term couples is one part, and what acts on one site is
        shared evenly among the pairs of that site. A site without pairs is a part itself.

        Returns:
            Pairs (sites, part); the sites of a pair ascend, and the part counts them 0 and 1.

        Example:
            >>> from qtf.physics import Chain, ising
            >>> parts = Lindbladian(ising(Chain(3)), decay(3)).local_parts()
            >>> [sites for sites, _ in parts]
            [(0, 1), (1, 2)]
        """
        bonds = sorted({_ordered(t.sites) for t in self.hamiltonian.terms if len(t.sites) == 2})
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


def _on_site(matrix: np.ndarray, site: int, n_sites: int) -> np.ndarray:
    before, after = np.eye(2**site), np.eye(2 ** (n_sites - 1 - site))
    return np.kron(np.kron(before, matrix), after)


def _ordered(sites: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(sites))


def _as_jump(jump: Any) -> JumpOperator:
    if isinstance(jump, JumpOperator):
        return jump
    if not isinstance(jump, Sequence) or len(jump) != 3:
        raise ValueError(f"Argument `jump_ops` must hold (site, matrix, rate), but holds {jump!r}.")
    return JumpOperator(*jump)


def _checked_jump_matrix(value: Any) -> np.ndarray:
    matrix = np.asarray(value)
    if matrix.shape != (2, 2) or matrix.dtype.kind not in "iufc" or not np.isfinite(matrix).all():
        raise ValueError(
            f"Argument `matrix` must be a finite matrix of shape (2, 2), but is {value!r}."
        )
    return matrix.astype(np.complex128)
