"""What a Hamiltonian tells of its ground state: signs and conserved magnetisation.

All of it is read off the Pauli strings, flip by flip, never off the 2**n states: the element of a
flip depends only on the bits that its strings look at.
"""

import itertools
from collections.abc import Collection, Sequence

import numpy as np

from qtf.physics._checks import checked_choice
from qtf.physics.operators import ROUNDING, PauliSum
from qtf.physics.pauli_strings import THIRD, PauliTerm

# Independent parities of the strings of one flip whose signs are all tried.
MAX_PARITIES = 14


def find_sign_sites(hamiltonian: PauliSum) -> tuple[int, ...] | None:
    """Returns sites whose down spins give the signs of a ground state, if there are such.

        (-1)^(down spins of s on the sites) psi(s) >= 0

    Flipping the spins m turns the rule's sign by (-1)^(sites in m). A rule is right if that
    times each off-diagonal element is never positive (Perron and Frobenius), which is one
    linear equation modulo 2 for each m.

    Args:
        hamiltonian: Any Hamiltonian.

    Returns:
        The sites, ascending, none where psi itself is positive; None where no such rule is right
        or it cannot be shown.

    Example:
        >>> from qtf.physics import Chain, heisenberg, ising
        >>> find_sign_sites(ising(Chain(3), transverse_field=[1.0, -1.0, 0.5]))
        (1,)
        >>> find_sign_sites(heisenberg(Chain(4)))
        (0, 2)
        >>> find_sign_sites(heisenberg(Chain(3, periodic=True))) is None
        True
    """
    signs = _flip_signs(hamiltonian)
    if signs is None or None in signs.values():
        return None
    equations = [(flip, sign == 1) for flip, sign in signs.items() if sign]
    solution = _solve_modulo_2(equations, hamiltonian.n_sites)
    return None if solution is None else _sites(solution, hamiltonian.n_sites)


def find_wrong_flip(hamiltonian: PauliSum, sign_sites: Collection[int]) -> tuple[int, ...] | None:
    """Returns spins whose flip shows that a rule of signs is not right, or None if it is.

    Args:
        hamiltonian: Any Hamiltonian.
        sign_sites: Sites of the rule, see `find_sign_sites`.

    Returns:
        The flipped sites; () for a complex Hamiltonian.

    Example:
        >>> from qtf.physics import Chain, ising
        >>> find_wrong_flip(ising(Chain(3), transverse_field=[1.0, -1.0, 0.5]), ())
        (1,)
    """
    signs, rule = _flip_signs(hamiltonian), _mask(sign_sites, hamiltonian.n_sites)
    if signs is None:
        return ()
    for flip, sign in signs.items():
        if sign is None or (sign and (sign == 1) != (flip & rule).bit_count() % 2):
            return _sites(flip, hamiltonian.n_sites)
    return None


def with_signs(hamiltonian: PauliSum, sign_sites: Collection[int]) -> PauliSum:
    """Returns the Hamiltonian after a half turn of some spins about z.

    Its eigenstates are those of the Hamiltonian times (-1)^(down spins on the sites).

    Args:
        hamiltonian: Any Hamiltonian.
        sign_sites: The sites.

    Example:
        >>> from qtf.physics import Chain, ising
        >>> turned = with_signs(ising(Chain(2), transverse_field=-1.0), (0, 1))
        >>> turned == ising(Chain(2), transverse_field=1.0)
        True
    """
    terms = []
    for term in hamiltonian.terms:
        pairs = zip(term.sites, term.paulis, strict=True)
        turned = sum(pauli in "XY" and site in sign_sites for site, pauli in pairs)
        terms.append(PauliTerm((-1) ** turned * term.coefficient, term.sites, term.paulis))
    return PauliSum(hamiltonian.n_sites, terms)


def conserves_total(hamiltonian: PauliSum, pauli: str) -> bool:
    """Tells whether the Hamiltonian commutes with the sum of one Pauli matrix over all sites.

    Args:
        hamiltonian: Any Hamiltonian.
        pauli: "X", "Y" or "Z".

    Raises:
        ValueError: `pauli` is something else.

    Example:
        >>> from qtf.physics import Chain, xxz
        >>> chain = xxz(Chain(3), anisotropy=0.5)
        >>> conserves_total(chain, "Z"), conserves_total(chain, "X")
        (True, False)
    """
    checked_choice("pauli", pauli, "XYZ")
    sums: dict[frozenset[tuple[int, str]], tuple[float, float]] = {}
    for term in hamiltonian.terms:
        letters = tuple(zip(term.sites, term.paulis, strict=True))
        for place, (site, letter) in enumerate(letters):
            if letter == pauli:
                continue
            third, sign = THIRD[letter, pauli]
            key = frozenset([*letters[:place], (site, third), *letters[place + 1 :]])
            total, size = sums.get(key, (0.0, 0.0))
            sums[key] = total + sign * term.coefficient, size + abs(term.coefficient)
    return all(abs(total) <= ROUNDING * size for total, size in sums.values())


def _flip_signs(hamiltonian: PauliSum) -> dict[int, int | None] | None:
    """Returns the sign of all elements of each flip: 1, -1, 0 if none is there, None if both."""
    if not hamiltonian.is_real:
        return None
    strings: dict[int, dict[int, float]] = {}
    for term in hamiltonian.terms:
        letters = list(zip(term.sites, term.paulis, strict=True))
        flip, parity = (
            _mask([site for site, pauli in letters if pauli in chosen], hamiltonian.n_sites)
            for chosen in ("XY", "YZ")
        )
        coefficient = (-1) ** (term.paulis.count("Y") // 2) * term.coefficient
        parities = strings.setdefault(flip, {})
        parities[parity] = parities.get(parity, 0.0) + coefficient
    strings.pop(0, None)
    return {
        flip: _sign(list(parities), list(parities.values())) for flip, parities in strings.items()
    }


def _sign(parities: Sequence[int], coefficients: Sequence[float]) -> int | None:
    """Returns the sign of sum_k c_k (-1)^(bits in p_k) over all bits, see `_flip_signs`."""
    lowest, highest = _bounds(parities, np.array(coefficients))
    rounding = ROUNDING * float(np.abs(coefficients).sum())
    if highest <= rounding:
        return -1 if lowest < -rounding else 0
    return 1 if lowest >= -rounding else None


def _bounds(parities: Sequence[int], coefficients: np.ndarray) -> tuple[float, float]:
    """Returns the lowest and the highest of these sums; wider where there are too many."""
    basis, combined = _independent(parities)
    if any(len(of_one) > 1 for of_one in combined) and len(basis) <= MAX_PARITIES:
        chosen = np.zeros((len(basis), len(parities)))
        for column, of_one in enumerate(combined):
            chosen[of_one, column] = 1.0
        choices = np.array(list(itertools.product((0, 1), repeat=len(basis))))
        sums = (1.0 - 2.0 * (choices @ chosen % 2)) @ coefficients
        return float(sums.min()), float(sums.max())
    # Every sign goes with every other one.
    constant = sum(c for p, c in zip(parities, coefficients, strict=True) if p == 0)
    spread = sum(abs(c) for p, c in zip(parities, coefficients, strict=True) if p != 0)
    return float(constant - spread), float(constant + spread)


def _independent(parities: Sequence[int]) -> tuple[list[int], list[list[int]]]:
    """Returns parities of which all are sums, and of which of them each is one."""
    basis: list[int] = []
    reduced: list[tuple[int, int]] = []
    combined = []
    for parity in parities:
        left, of_these = parity, 0
        for row, made_of in reduced:
            if left ^ row < left:
                left, of_these = left ^ row, of_these ^ made_of
        if left:
            reduced = sorted([*reduced, (left, of_these ^ (1 << len(basis)))], reverse=True)
            combined.append([len(basis)])
            basis.append(parity)
        else:
            combined.append([k for k in range(len(basis)) if of_these >> k & 1])
    return basis, combined


def _solve_modulo_2(equations: list[tuple[int, bool]], n_sites: int) -> int | None:
    """Returns x with (bits that x and each mask share) odd or even as asked, or None."""
    # Above the mask stands the right-hand side; rows by their highest bit.
    rows: dict[int, int] = {}
    for mask, odd in equations:
        left = mask
        row = left | int(odd) << n_sites
        while left and left.bit_length() in rows:
            row ^= rows[left.bit_length()]
            left = row & ((1 << n_sites) - 1)
        if left:
            rows[left.bit_length()] = row
        elif row:
            return None
    solution = 0
    for length in sorted(rows):
        row = rows[length]
        if (row >> n_sites ^ (row & solution).bit_count()) & 1:
            solution |= 1 << (length - 1)
    return solution


def _mask(sites: Collection[int], n_sites: int) -> int:
    return sum(1 << (n_sites - 1 - site) for site in sites)


def _sites(mask: int, n_sites: int) -> tuple[int, ...]:
    return tuple(site for site in range(n_sites) if mask >> (n_sites - 1 - site) & 1)
