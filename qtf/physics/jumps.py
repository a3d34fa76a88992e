"""Jumps of single spins, by which an open system loses to its surroundings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtf.physics._checks import (
    checked_choice,
    checked_coefficients,
    checked_integer,
    checked_number,
)

# G of each kind of jump of a spin; rows and columns are up, down.
JUMP_MATRICES = {
    # From up to down, (X - i Y) / 2.
    "decay": np.array([[0, 0], [1, 0]]),
}


@dataclass(frozen=True, eq=False)
class JumpOperator:
    """A jump of one spin, `G` with its rate; the jump operator of textbooks is sqrt(rate) G.

    Args:
        site: The spin, counted from 0.
        matrix: G, (2, 2), real or complex.
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
        object.__setattr__(self, "matrix", _checked_jump_matrix(self.matrix))
        object.__setattr__(self, "rate", rate)


Jump = JumpOperator | tuple[int, NDArray[np.complex128], float]


def jump_operators(
    n_sites: int, rates: Mapping[str, float | Sequence[float]]
) -> tuple[JumpOperator, ...]:
    """Returns jumps of every spin.

    Args:
        n_sites: Number of spins.
        rates: Rate of each kind of `JUMP_MATRICES`, one number or one for each site.

    Raises:
        ValueError: A kind is unknown, or a rate is negative or has the wrong length.

    Example:
        >>> [(jump.site, jump.rate) for jump in jump_operators(2, {"decay": [1.0, 0.5]})]
        [(0, 1.0), (1, 0.5)]
    """
    n_sites = checked_integer("n_sites", n_sites, minimum=1)
    jumps = []
    for kind, rate in rates.items():
        matrix = JUMP_MATRICES[checked_choice("rates", kind, JUMP_MATRICES)]
        numbers = checked_coefficients("rate", rate, n_sites, "site").tolist()
        jumps += [JumpOperator(site, matrix, number) for site, number in enumerate(numbers)]
    return tuple(jumps)


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
    return jump_operators(n_sites, {"decay": rate})


def as_jump(jump: Jump) -> JumpOperator:
    """Returns a jump operator that may be given as (site, matrix, rate)."""
    if isinstance(jump, JumpOperator):
        return jump
    if not isinstance(jump, Sequence) or len(jump) != 3:
        raise ValueError(f"Argument `jump_ops` must hold (site, matrix, rate), but holds {jump!r}.")
    return JumpOperator(*jump)


def _checked_jump_matrix(value: object) -> np.ndarray:
    matrix = np.asarray(value)
    if matrix.shape != (2, 2) or matrix.dtype.kind not in "iufc" or not np.isfinite(matrix).all():
        raise ValueError(
            f"Argument `matrix` must be a finite matrix of shape (2, 2), but is {value!r}."
        )
    return matrix.astype(np.complex128)
