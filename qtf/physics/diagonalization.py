"""Exact time evolution of small systems from all eigenvectors of the Hamiltonian."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from qtf.physics._checks import checked_integer, checked_number, checked_states, checked_times
from qtf.physics._threads import one_thread
from qtf.physics.operators import PauliSum

MAX_DIAGONALIZED_SITES = 12

# Amplitudes evolved at once, so that what is computed between two products of matrices stays
# within the caches.
_BLOCK_AMPLITUDES = 1 << 15


@dataclass(frozen=True)
class Eigenbasis:
    """Eigenvalues and eigenvectors of a Hamiltonian, `H = V diag(E) V^dagger`.

    Attributes:
        energies: E, float64 (dimension,), ascending.
        vectors: V, its columns the eigenvectors, (dimension, dimension); float64 if the
            Hamiltonian is real, else complex128.

    Example:
        >>> from qtf.physics import Chain, ising
        >>> basis = Eigenbasis.from_hamiltonian(ising(Chain(2)))
        >>> basis.evolve([1.0, 0.0, 0.0, 0.0], [0.0, 0.5]).shape
        (2, 4)
    """

    energies: np.ndarray
    vectors: np.ndarray

    @classmethod
    def from_hamiltonian(cls, hamiltonian: PauliSum) -> "Eigenbasis":
        """Diagonalises a Hamiltonian.

        Args:
            hamiltonian: H, of at most 12 spins.

        Returns:
            Its eigenbasis.

        Raises:
            ValueError: There are more than 12 spins.
        """
        checked_integer("n_sites", hamiltonian.n_sites, minimum=1, maximum=MAX_DIAGONALIZED_SITES)
        with one_thread(hamiltonian.dimension**2):
            energies, vectors = np.linalg.eigh(hamiltonian.to_dense())
        return cls(energies, np.ascontiguousarray(vectors))

    @property
    def dimension(self) -> int:
        """Number of amplitudes of a state."""
        return len(self.energies)

    def propagator(self, dt: float) -> np.ndarray:
        """Returns the matrix of one time step.

            U = exp(-i H dt),  psi(t + dt) = U psi(t)   (hbar = 1)

        Args:
            dt: Time step; may be negative.

        Returns:
            complex128 array (dimension, dimension). A batch of states (..., dimension) is
            evolved by `psi @ U.T`.

        Raises:
            ValueError: `dt` is not finite.

        Example:
            >>> from qtf.physics import PauliSum, PauliTerm
            >>> flip = Eigenbasis.from_hamiltonian(PauliSum(1, [PauliTerm(1.0, (0,), "X")]))
            >>> np.allclose(flip.propagator(np.pi / 2), [[0, -1j], [-1j, 0]])
            True
        """
        phases = np.exp(-1j * checked_number("dt", dt) * self.energies)
        with one_thread(self.dimension**2):
            return (self.vectors * phases) @ self.vectors.conj().T

    def evolve(self, psi0: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Returns states at many times.

            psi(t) = V exp(-i E t) V^dagger psi(0)   (hbar = 1)

        Args:
            psi0: States at time 0, (..., dimension); any finite norm.
            times: Times (n_times,), in any order, of either sign.

        Returns:
            complex128 array (..., n_times, dimension).

        Raises:
            ValueError: `psi0` or `times` has a wrong shape or is not finite.
        """
        states, times = checked_states("psi0", psi0, self.dimension), checked_times(times)
        result = np.empty((*states.shape[:-1], len(times), self.dimension), np.complex128)
        flat = result.reshape(-1, len(times), self.dimension)
        with one_thread(self.dimension**2):
            for where, block in self._blocks(states, times):
                flat[where].real = block[:, :, 0]
                flat[where].imag = block[:, :, 1]
        return result

    def evolve_parts(
        self, psi0: np.ndarray, times: np.ndarray, *, out: np.ndarray | None = None
    ) -> np.ndarray:
        """Returns the real and imaginary parts of states at many times.

        The same as `evolve`, in the layout of stored trajectories: nothing is interleaved,
        and with `out` nothing as large as the result is allocated. Computed in float64
        whatever the type of `out`.

        Args:
            psi0: States at time 0, (..., dimension); any finite norm.
            times: Times (n_times,), in any order, of either sign.
            out: C-contiguous float64 or float32 array of the shape returned, to write to.

        Returns:
            `out`, or a new float64 array, (..., n_times, 2, dimension): real parts at index
            0 and imaginary parts at index 1 of the axis before the last.

        Raises:
            ValueError: `psi0` or `times` has a wrong shape or is not finite, or `out` is
                not such an array.

        Example:
            >>> from qtf.physics import Chain, ising
            >>> basis = Eigenbasis.from_hamiltonian(ising(Chain(3)))
            >>> out = np.empty((10, 4, 2, 8), np.float32)
            >>> basis.evolve_parts(np.eye(8)[[0] * 10], [0.0, 0.1, 0.2, 0.3], out=out) is out
            True
        """
        states, times = checked_states("psi0", psi0, self.dimension), checked_times(times)
        shape = (*states.shape[:-1], len(times), 2, self.dimension)
        result = np.empty(shape) if out is None else _checked_out(out, shape)
        flat = result.reshape(-1, *shape[-3:])
        with one_thread(self.dimension**2):
            for where, block in self._blocks(states, times):
                flat[where] = block
        return result

    def _blocks(
        self, states: np.ndarray, times: np.ndarray
    ) -> Iterator[tuple[tuple[slice, slice], np.ndarray]]:
        """Yields (slice of states, slice of times) and the parts (n, n_times, 2, dimension)."""
        coefficients = _product(states.reshape(-1, self.dimension), self.vectors.conj())
        back = np.ascontiguousarray(self.vectors.T)
        n_times = max(1, min(len(times), _BLOCK_AMPLITUDES // self.dimension))
        n_states = max(1, _BLOCK_AMPLITUDES // (self.dimension * n_times))
        for begin in range(0, len(times), n_times):
            chosen = slice(begin, begin + n_times)
            phases = np.exp(np.multiply.outer(times[chosen], -1j * self.energies))
            for first in range(0, len(coefficients), n_states):
                where = slice(first, first + n_states)
                yield (where, chosen), _parts(coefficients[where], phases, back)


def _parts(coefficients: np.ndarray, phases: np.ndarray, back: np.ndarray) -> np.ndarray:
    rotated = np.empty((len(coefficients), len(phases), 2, len(back)))
    product = coefficients[:, None, :] * phases
    if np.iscomplexobj(back):
        product = product @ back
    rotated[:, :, 0], rotated[:, :, 1] = product.real, product.imag
    if np.iscomplexobj(back):
        return rotated
    return (rotated.reshape(-1, len(back)) @ back).reshape(rotated.shape)


def _product(states: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Returns states @ matrix; a real matrix is not converted to a complex one."""
    if np.iscomplexobj(matrix):
        return states @ matrix
    return states.real @ matrix + 1j * (states.imag @ matrix)


def _checked_out(out: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    allowed = isinstance(out, np.ndarray) and out.dtype in (np.float64, np.float32)
    if not allowed or out.shape != shape or not out.flags.c_contiguous:
        described = f"{out.dtype} {out.shape}" if isinstance(out, np.ndarray) else repr(out)
        raise ValueError(
            f"Argument `out` must be a C-contiguous float64 or float32 array of shape {shape},"
            f" but is {described}."
        )
    return out
