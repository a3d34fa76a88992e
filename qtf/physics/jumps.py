"""Jumps of single spins, by which an open system exchanges with its surroundings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qtf.physics._checks import checked_coefficients, checked_integer, checked_number
from qtf.physics.pauli_matrices import PAULI_MATRICES

# G of each kind of jump of a spin, one matrix or several; rows and columns are up, down.
JUMP_MATRICES = {
    # From up to down, (X - i Y) / 2.
    "decay": np.array([[0, 0], [1, 0]]),
    # From down to up, (X + i Y) / 2.
    "pump": np.array([[0, 1], [0, 0]]),
    # <X> and <Y> fall as exp(-2 rate t).
    "dephasing": PAULI_MATRICES["Z"],
    # rho goes to 1/2 as exp(-rate t).
    "depolarising": np.array(list(PAULI_MATRICES.values())) / 2,
}
MATRIX_KEYS = ("matrix", "rate")

Rate = float | Sequence[float]
# Rates by kind, or matrices with their rates by names of their own.
Jumps = Mapping[str, Rate | Mapping[str, object]]


@dataclass(frozen=True, eq=False)
class JumpOperator:
    """A jump of one spin, `G` with its rate; the jump operator of textbooks is sqrt(rate) G.

    Args:
        site: The spin, counted from 0.
        matrix: G, (2, 2), real or complex; words such as "0.5+1j" are complex numbers, too.
        rate: Rate of at least 0, in the units of the Hamiltonian.

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
        object.__setattr__(self, "matrix", checked_jump_matrix("matrix", self.matrix))
        object.__setattr__(self, "rate", rate)


Jump = JumpOperator | tuple[int, NDArray[np.complex128], float]


def jump_operators(n_sites: int, jumps: Jumps) -> tuple[JumpOperator, ...]:
    """Returns jumps of every spin.

    Args:
        n_sites: Number of spins.
        jumps: For each kind of `JUMP_MATRICES` its rate, one number or one for each site. Other
            names stand for jumps of their own, {"matrix": G, "rate": rate}.

    Raises:
        ValueError: A name without a matrix is unknown, a matrix is no finite (2, 2), or a rate is
            negative or has the wrong length.

    Example:
        >>> [(jump.site, jump.rate) for jump in jump_operators(2, {"decay": [1.0, 0.5]})]
        [(0, 1.0), (1, 0.5)]
        >>> tilted = {"matrix": [[1, "1j"], [0, 1]], "rate": 0.2}
        >>> len(jump_operators(3, {"depolarising": 0.1, "tilted": tilted}))
        12
    """
    n_sites = checked_integer("n_sites", n_sites, minimum=1)
    return tuple(
        jump
        for name, entry in jumps.items()
        for jump in _jumps_of_sites(n_sites, *read_jump(name, entry))
    )


def decay(n_sites: int, rate: Rate = 1.0) -> tuple[JumpOperator, ...]:
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
    return tuple(_jumps_of_sites(n_sites, "rate", [JUMP_MATRICES["decay"]], rate))


def as_jump(jump: Jump) -> JumpOperator:
    """Returns a jump operator that may be given as (site, matrix, rate)."""
    if isinstance(jump, JumpOperator):
        return jump
    if not isinstance(jump, Sequence) or len(jump) != 3:
        raise ValueError(f"Argument `jump_ops` must hold (site, matrix, rate), but holds {jump!r}.")
    return JumpOperator(*jump)


def read_jump(name: str, entry: object) -> tuple[str, list[np.ndarray], Any]:
    """Returns what messages call a rate, the matrices that it belongs to, and the rate.

    Args:
        name: One of `JUMP_MATRICES`, or a name of its own for a matrix.
        entry: The rate; for a name of its own a mapping with `matrix` and `rate`.

    Raises:
        ValueError: The entry has another form, or the matrix is no finite (2, 2).
    """
    if name in JUMP_MATRICES:
        if isinstance(entry, Mapping):
            raise ValueError(
                f"Argument `jumps.{name}` must be a rate or one for each site, as the name stands"
                f" for a matrix already, but is {_in_one_line(entry)}."
            )
        return f"jumps.{name}", [*np.reshape(JUMP_MATRICES[name], (-1, 2, 2))], entry
    if not isinstance(entry, Mapping):
        raise ValueError(
            f"Argument `jumps` must have rates of {', '.join(JUMP_MATRICES)}, or `matrix` and"
            f" `rate` beneath another name, but has {name!r} with {entry!r}."
        )
    if set(entry) != set(MATRIX_KEYS):
        raise ValueError(
            f"Argument `jumps.{name}` must have the keys `matrix` and `rate`, but has"
            f" {', '.join(map(repr, entry)) or 'none'}."
        )
    matrix = checked_jump_matrix(f"jumps.{name}.matrix", entry["matrix"])
    return f"jumps.{name}.rate", [matrix], entry["rate"]


def checked_rates(name: str, rate: ArrayLike, n_sites: int) -> NDArray[np.float64]:
    """Returns the rate of each site, from one number or from one for each of them."""
    rates = checked_coefficients(name, rate, n_sites, "site")
    if rates.min(initial=0.0) < 0:
        raise ValueError(f"Argument `{name}` must be at least 0, but is {rate!r}.")
    return rates


def checked_jump_matrix(name: str, value: object) -> NDArray[np.complex128]:
    """Returns a matrix of one spin whose entries may be words such as "0.5+1j"."""
    try:
        matrix = np.array(value)
        if matrix.dtype.kind == "U":
            numbers = [complex(word.replace(" ", "")) for word in matrix.reshape(-1).tolist()]
            matrix = np.array(numbers).reshape(matrix.shape)
    except ValueError:  # rows of different lengths, or a word that is no number
        matrix = np.zeros(0)
    if matrix.shape != (2, 2) or matrix.dtype.kind not in "iufc" or not np.isfinite(matrix).all():
        raise ValueError(
            f"Argument `{name}` must be a finite matrix of shape (2, 2), but is"
            f" {_in_one_line(value)}."
        )
    return matrix.astype(np.complex128)


def _in_one_line(value: object) -> str:
    return " ".join(repr(value).split())


def _jumps_of_sites(
    n_sites: int, name: str, matrices: Sequence[np.ndarray], rate: ArrayLike
) -> list[JumpOperator]:
    rates = checked_rates(name, rate, n_sites).tolist()
    return [
        JumpOperator(site, matrix, number)
        for matrix in matrices
        for site, number in enumerate(rates)
    ]
