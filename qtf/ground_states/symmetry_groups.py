"""Groups of symmetries that configurations name, without a wave function."""

import reprlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtf.ground_states.settings import GROUPS
from qtf.physics import Lattice, PauliSum
from qtf.physics.operators import ROUNDING
from qtf.physics.pauli_strings import PauliString


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
        return not self.breach(hamiltonian)

    def breach(self, hamiltonian: PauliSum) -> str:
        """Returns what an element does that changes a Hamiltonian, in words; "" if none does.

        Example:
            >>> from qtf.physics import Chain, custom
            >>> current = custom(3, [(1.0, (i, i + 1), "XY") for i in range(2)])
            >>> symmetry_group("lattice", Chain(3)).breach(current)
            'moving its sites to (2, 1, 0)'
        """
        terms = hamiltonian.coefficients
        rounding = ROUNDING * max(map(abs, terms.values()), default=0.0)
        # A flip of all spins turns the sign of every Y and Z.
        if self.spin_flip and any(
            sum(pauli in "YZ" for _, pauli in string) % 2 and abs(value) > rounding
            for string, value in terms.items()
        ):
            return "turning every spin"
        for permutation in self.permutations[1:]:
            image = {_move(string, permutation): value for string, value in terms.items()}
            if any(
                abs(image.get(string, 0.0) - terms.get(string, 0.0)) > rounding
                for string in image.keys() | terms.keys()
            ):
                return f"moving its sites to {reprlib.repr(permutation)}"
        return ""

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


def _move(string: PauliString, new_sites: Sequence[int]) -> PauliString:
    return tuple(sorted((new_sites[site], pauli) for site, pauli in string))
