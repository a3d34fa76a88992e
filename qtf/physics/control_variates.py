"""Operators whose mean at rest is zero, which take most of the noise from averages over time.

At rest the mean of no operator changes, so that of

    dA/dt = i [H, A] + sum_k rate_k (G_k^+ A G_k - (G_k^+ G_k A + A G_k^+ G_k) / 2)

is zero for every A. Averages of it along single trajectories are not, and their deviations are
nearly those of other means: what a linear regression on them leaves has a variance that is smaller
by factors of a thousand.
"""

from collections.abc import Sequence
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from qtf.physics.jumps import JumpOperator
from qtf.physics.lindblad import Lindbladian
from qtf.physics.operators import PauliPolynomial, PauliSum, commutator
from qtf.physics.pauli_matrices import PAULI_MATRICES
from qtf.physics.pauli_strings import PauliTerm

# Independent averages that each control needs.
AVERAGES_OF_A_CONTROL = 3
# Correlations below which a control is a combination of others.
_DEPENDENT = 1e-9

Reals = NDArray[np.float64]
# Letters and the spins that they are on.
Placed = tuple[tuple[int, ...], str]


def rate_of_change(lindbladian: Lindbladian, operator: PauliSum) -> PauliSum:
    """Returns dA/dt in the Heisenberg picture, i [H, A] + what the jumps do to A.

    Args:
        lindbladian: The equation.
        operator: A, on as many spins.

    Returns:
        The Hermitian operator whose mean is the derivative of <A> in time.

    Raises:
        ValueError: A is on another number of spins.

    Example:
        >>> from qtf.physics import decay
        >>> Z = PauliSum(1, [PauliTerm(1.0, (0,), "Z")])
        >>> dict(rate_of_change(Lindbladian(PauliSum(1, []), decay(1, rate=0.5)), Z).coefficients)
        {(): -0.5, ((0, 'Z'),): -0.5}

    Source: Breuer and Petruccione, The Theory of Open Quantum Systems (2002), section 3.2.3.
    """
    change = 1j * commutator(lindbladian.hamiltonian, operator)
    for jump in lindbladian.jump_ops:
        # What acts on other spins alone, the jump leaves as it is.
        touched = [term for term in operator.terms if jump.site in term.sites]
        if touched:
            part = PauliSum(operator.n_sites, touched)
            matrix = _on_spin(jump, jump.matrix, operator.n_sites)
            loss = -0.5 * jump.rate * (matrix.adjoint() @ matrix)
            change += jump.rate * (matrix.adjoint() @ part @ matrix) + loss @ part + part @ loss
    return change.hermitian().simplify()


def control_variates(lindbladian: Lindbladian) -> tuple[PauliSum, ...]:
    """Returns operators whose mean at rest is zero, the most useful first.

    They are the rates of change of X, Y and Z summed over all spins, then of the six products of
    two of them summed over all pairs of spins that interact.

    Args:
        lindbladian: The equation.

    Example:
        >>> from qtf.physics import Chain, decay, ising
        >>> len(control_variates(Lindbladian(ising(Chain(4)), decay(4))))
        9
    """
    n_sites = lindbladian.n_sites
    pairs = sorted({term.sites for term in lindbladian.hamiltonian.terms if len(term.sites) == 2})
    sums: list[list[Placed]] = [[((i,), letter) for i in range(n_sites)] for letter in "XYZ"]
    for a, b in combinations_with_replacement("XYZ", 2) if pairs else ():
        sums.append([(pair, words) for pair in pairs for words in {a + b, b + a}])
    rates = (rate_of_change(lindbladian, _mean(n_sites, strings)) for strings in sums)
    return tuple(rate for rate in rates if rate.terms)


def with_controls(means: Reals, products: Reals, n: int, n_observables: int) -> tuple[Reals, Reals]:
    """Returns means from which the noise that they share with controls is taken.

    Args:
        means: Means over independent averages, (n_observables + n_controls,), the last of
            operators whose mean is zero.
        products: Sums over the averages of products of their deviations, a square of that.
        n: Number of averages, at least 2. Of the controls, the first are used for which there are
            enough.
        n_observables: Number of means that are wanted.

    Returns:
        Means and standard errors, (n_observables,) each, those of a linear regression.

    Source: Glasserman, Monte Carlo Methods in Financial Engineering (2003), section 4.1.

    Example:
        >>> values = np.array([[1.0, 0.5], [0.0, -0.5], [2.0, 1.5], [1.5, 1.0]])
        >>> deviations = values - values.mean(axis=0)
        >>> with_controls(values.mean(axis=0), deviations.T @ deviations, 4, 1)
        (array([0.5]), array([0.]))
    """
    n_used = min(len(means) - n_observables, n // AVERAGES_OF_A_CONTROL)
    kept = slice(n_observables, n_observables + n_used)
    scales = np.sqrt(np.maximum(np.diagonal(products)[kept], 1e-300))
    correlations = products[kept, kept] / np.outer(scales, scales)
    inverse = np.linalg.pinv(correlations, rcond=_DEPENDENT, hermitian=True)
    shared = products[kept, :n_observables] / scales[:, None]
    slopes, offsets = inverse @ shared, means[kept] / scales
    left = np.diagonal(products)[:n_observables] - (slopes * shared).sum(axis=0)
    variance = np.maximum(left, 0.0) / (n - 1 - n_used) * (1.0 / n + offsets @ inverse @ offsets)
    return means[:n_observables] - offsets @ slopes, np.sqrt(variance)


def _on_spin(jump: JumpOperator, matrix: np.ndarray, n_sites: int) -> PauliPolynomial:
    """Returns a matrix of (2, 2) on the spin of a jump as a sum of Pauli matrices."""
    letters = {"": np.eye(2), **PAULI_MATRICES}
    numbers = {letter: np.trace(matrix @ pauli) / 2.0 for letter, pauli in letters.items()}
    real, imaginary = (
        PauliSum(
            n_sites,
            [
                PauliTerm(float(part(number)), (jump.site,) * len(letter), letter)
                for letter, number in numbers.items()
            ],
        )
        for part in (np.real, np.imag)
    )
    return PauliPolynomial(real, imaginary)


def _mean(n_sites: int, strings: Sequence[Placed]) -> PauliSum:
    return PauliSum(n_sites, [PauliTerm(1.0 / len(strings), *string) for string in strings])
