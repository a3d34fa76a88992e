"""Operators of other packages, none of which is needed here, as sums of Pauli strings and back."""

import itertools
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qtf.physics._checks import checked_integer, checked_operators
from qtf.physics.basis import n_sites_of_dimension
from qtf.physics.operators import ROUNDING, PauliSum
from qtf.physics.pauli_strings import PauliTerm

# A matrix of 10 spins is a sum of up to a million strings.
MAX_MATRIX_SITES = 10


def from_matrix(matrix: ArrayLike) -> PauliSum:
    """Returns the sum of Pauli strings that has a given matrix.

        c_P = Tr(P A) / 2^n

    Args:
        matrix: A, Hermitian, (2**n, 2**n) of at most 10 spins.

    Returns:
        The operator, without strings whose coefficient is rounding.

    Raises:
        ValueError: The matrix has another shape, is not finite or not Hermitian.

    Example:
        >>> from_matrix([[1.0, 2.0j], [-2.0j, -1.0]]).coefficients
        {((0, 'Y'),): -2.0, ((0, 'Z'),): 1.0}
    """
    checked = checked_operators("matrix", matrix)
    if checked.ndim > 2:
        raise ValueError(f"Argument `matrix` must be one matrix, but has shape {checked.shape}.")
    n_sites = n_sites_of_dimension(len(checked))
    checked_integer("n_sites", n_sites, minimum=1, maximum=MAX_MATRIX_SITES)
    deviation = np.abs(checked - checked.conj().T).max()
    if deviation > ROUNDING * np.abs(checked).max():
        raise ValueError(
            f"Argument `matrix` must be Hermitian, but differs from its adjoint by {deviation:.3g}."
        )
    coefficients = _traces(checked, n_sites).real
    smallest = ROUNDING * np.abs(coefficients).max()
    letters = itertools.product("IXYZ", repeat=n_sites)
    return PauliSum(
        n_sites,
        [
            PauliTerm(number, tuple(i for i, p in enumerate(word) if p != "I"), _join(word))
            for number, word in zip(coefficients.tolist(), letters, strict=True)
            if abs(number) > smallest
        ],
    )


def from_qutip(operator: Any) -> PauliSum:
    """Returns an operator of QuTiP on spins as a sum of Pauli strings.

    Args:
        operator: A `qutip.Qobj`, of which `dims` and `full()` are read: `basis(2, 0)` is spin up,
            and the first factor is site 0.

    Raises:
        ValueError: It is no Hermitian operator on spins, or on more than 10 of them.

    Example:
        >>> from types import SimpleNamespace
        >>> sigma_z = SimpleNamespace(dims=[[2], [2]], full=lambda: np.diag([1.0, -1.0]))
        >>> from_qutip(sigma_z).terms
        (PauliTerm(coefficient=1.0, sites=(0,), paulis='Z'),)
    """
    dims = getattr(operator, "dims", None)
    n_sites = len(dims[0]) if isinstance(dims, list) and isinstance(dims[0], list) else 0
    if not n_sites or dims != [[2] * n_sites] * 2:
        raise ValueError(
            "Argument `operator` must have the dims [[2, 2, ..], [2, 2, ..]] of an operator on"
            f" spins, but has {dims}."
        )
    return from_matrix(operator.full())


def to_qutip(hamiltonian: PauliSum, qutip: ModuleType) -> Any:
    """Returns a sum of Pauli strings as an operator of QuTiP.

    Args:
        hamiltonian: The operator, on at most 24 spins.
        qutip: The package, as imported: `to_qutip(ising(Chain(4)), qutip)`.

    Returns:
        A `qutip.Qobj` with the dims [[2, 2, ..], [2, 2, ..]].

    Example:
        >>> from types import SimpleNamespace
        >>> qutip = SimpleNamespace(Qobj=lambda matrix, dims: (matrix.toarray().tolist(), dims))
        >>> to_qutip(PauliSum(1, [PauliTerm(1.0, (0,), "X")]), qutip)
        ([[0.0, 1.0], [1.0, 0.0]], [[2], [2]])
    """
    from scipy.sparse import csr_matrix

    dims = [[2] * hamiltonian.n_sites] * 2
    return qutip.Qobj(csr_matrix(hamiltonian.to_sparse()), dims=dims)


def from_openfermion(operator: Any, n_sites: int | None = None) -> PauliSum:
    """Returns an operator of OpenFermion, or a mapping like its `terms`, as a sum of strings.

    Args:
        operator: A `QubitOperator`, or `{((0, "X"), (1, "Y")): coefficient, ..}`.
        n_sites: Number of spins; None: as many as the highest site asks for.

    Raises:
        ValueError: It has another form, a coefficient is not real, or a site is not below
            `n_sites`.

    Example:
        >>> from_openfermion({((0, "X"), (2, "Y")): 0.5, (): -1.0}).to_dict()["n_sites"]
        3
    """
    terms = getattr(operator, "terms", operator)
    if not isinstance(terms, Mapping):
        raise ValueError(
            "Argument `operator` must be a mapping {((0, 'X'), ..): coefficient} or have one as"
            f" `terms`, but is {operator!r}."
        )
    strings = [_term(string, number) for string, number in terms.items()]
    highest = max((site for term in strings for site in term.sites), default=0)
    return PauliSum(highest + 1 if n_sites is None else n_sites, strings)


def to_openfermion(hamiltonian: PauliSum) -> dict[tuple[tuple[int, str], ...], float]:
    """Returns the `terms` of a `QubitOperator` of OpenFermion.

    Args:
        hamiltonian: The operator.

    Example:
        >>> from qtf.physics import Chain, ising
        >>> to_openfermion(ising(Chain(2), transverse_field=0.0, longitudinal_field=0.0))
        {((0, 'Z'), (1, 'Z')): -1.0}
    """
    return dict(hamiltonian.coefficients)


def _traces(matrix: NDArray[np.complex128], n_sites: int) -> NDArray[np.complex128]:
    """Returns Tr(P A) / 2^n of all strings, (4**n,), letters I, X, Y, Z of site 0 first."""
    # Row and column of a site side by side; each pair becomes one letter.
    axes = [axis for site in range(n_sites) for axis in (site, n_sites + site)]
    pairs = matrix.reshape((2,) * (2 * n_sites)).transpose(axes).reshape((4,) * n_sites)
    # Of the entries 00, 01, 10, 11.
    half = 0.5 * np.array([[1, 0, 0, 1], [0, 1, 1, 0], [0, 1j, -1j, 0], [1, 0, 0, -1]])
    for site in range(n_sites):
        pairs = np.moveaxis(np.tensordot(half, pairs, axes=(1, site)), 0, site)
    return pairs.reshape(-1)


def _join(word: Iterable[str]) -> str:
    return "".join(word).replace("I", "")


def _term(string: object, number: Any) -> PauliTerm:
    try:
        pairs = [(site, letter) for site, letter in string]  # type: ignore[attr-defined]
    except (TypeError, ValueError) as error:
        raise ValueError(
            "Argument `operator` must have keys of pairs such as ((0, 'X'), (1, 'Y')), but has"
            f" {string!r}."
        ) from error
    # OpenFermion makes every coefficient complex.
    real = np.real(number) if np.imag(number) == 0.0 else number
    return PauliTerm(real, tuple(site for site, _ in pairs), "".join(str(p) for _, p in pairs))
