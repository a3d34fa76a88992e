"""Groups of symmetries that configurations name, without a wave function."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtf.ground_states.settings import GROUPS
from qtf.physics import Lattice, PauliSum

# Relative to the largest coefficient of a Hamiltonian.
ROUNDING = 1e-12


@dataclass(frozen=True)
class SymmetryGroup:
    """Permutations of the sites, and whether turning every spin is a symmetry too.

    Attributes:
        permutations: The site that comes to stand at each place, the identity first.
        spin_flip: Whether every permutation is there with and without a flip of all spins.

    Example:
        >>> from qtf.physics import Chain, ising
        >>> tilted = ising(Chain(3), longitudinal_field=0.5)
        >>> [symmetry_group(name, Chain(3)).keeps(tilted) for name in ("lattice", "flip")]
        [True, False]
    """

    permutations: tuple[tuple[int, ...], ...]
    spin_flip: bool = False

    @property
    def size(self) -> int:
        """Number of symmetries."""
        return len(self.permutations) * (2 if self.spin_flip else 1)

    def keeps(self, hamiltonian: PauliSum) -> bool:
        """Tells whether every element keeps a Hamiltonian on the same sites."""
        terms = _coefficients(hamiltonian, range(hamiltonian.n_sites))
        rounding = ROUNDING * max(map(abs, terms.values()), default=0.0)
        # A flip of all spins turns the sign of every Y and Z.
        is_odd = self.spin_flip and any(
            sum(pauli in "YZ" for _, pauli in term) % 2
            for term, value in terms.items()
            if abs(value) > rounding
        )
        images = (_coefficients(hamiltonian, permutation) for permutation in self.permutations[1:])
        return not is_odd and all(
            abs(image.get(term, 0.0) - terms.get(term, 0.0)) <= rounding
            for image in images
            for term in image.keys() | terms.keys()
        )

    def first_images(self, bits: NDArray[np.int32]) -> NDArray[np.int64]:
        """Returns of all images of each configuration the smallest binary number.

        Args:
            bits: The configurations, (batch, n_sites).

        Returns:
            (batch,).
        """
        powers = 1 << np.arange(bits.shape[1] - 1, -1, -1)
        smallest = np.full(len(bits), np.iinfo(np.int64).max)
        # One after another, which bounds the memory.
        for permutation in self.permutations:
            image = bits[:, permutation] @ powers
            smallest = np.minimum(smallest, image)
            if self.spin_flip:
                smallest = np.minimum(smallest, powers.sum() - image)
        return smallest


def symmetry_group(name: str, lattice: Lattice) -> SymmetryGroup:
    """Returns a group of symmetries by its name.

    Args:
        name: "none", "flip" of all spins, "lattice" or "lattice_and_flip".
        lattice: Whose symmetries.

    Raises:
        ValueError: The name is unknown.
    """
    if name not in GROUPS:
        raise ValueError(f'Argument `name` must be one of {", ".join(GROUPS)}, but is "{name}".')
    identity = tuple(range(lattice.n_sites))
    permutations = lattice.symmetries() if "lattice" in name else (identity,)
    return SymmetryGroup(permutations, spin_flip="flip" in name)


def _coefficients(
    hamiltonian: PauliSum, new_sites: Sequence[int]
) -> dict[frozenset[tuple[int, str]], float]:
    """Returns the coefficient of each product of Pauli matrices after its sites were moved."""
    coefficients: dict[frozenset[tuple[int, str]], float] = {}
    for term in hamiltonian.terms:
        key = frozenset(
            (new_sites[site], pauli) for site, pauli in zip(term.sites, term.paulis, strict=True)
        )
        coefficients[key] = coefficients.get(key, 0.0) + term.coefficient
    return coefficients
