"""Batches of exact trajectories computed when they are asked for. NumPy only."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qtf.checks import COUNT, POSITIVE, Number, OneOf, check_arguments
from qtf.data.mixing import Mixture, mixed_seed
from qtf.data.schema import SPLITS
from qtf.physics import from_config
from qtf.physics.diagonalization import Eigenbasis
from qtf.physics.initial_states import INITIAL_STATE_LAWS, sample_initial_states
from qtf.streams import Stream


class ExactSource:
    """Computes batch after batch, each a function of `(seed, step)` alone.

    Every trajectory has an initial state of its own, `psi(t) = exp(-i H t) psi(0)` with
    hbar = 1, and a window of `window` states at a random place of the times
    `k * dt`, k = 0 .. n_steps. No state is ever repeated, and the splits, as well as the
    files of the generator, have different random streams.

    Beside a training that uses all cores, start the process with the environment variable
    `OPENBLAS_NUM_THREADS=1`: threads of NumPy that wait for a busy core make a batch many
    times slower.

    Args:
        hamiltonian: `name` and the arguments of that Hamiltonian, without `n_sites`.
        n_sites: Chain lengths, at most 12.
        batch_size: Trajectories of a batch, for each replica.
        window: Number of states of a window.
        initial_states: Law of the states at t = 0.
        dt: Time step.
        n_steps: Number of steps after which no window continues.
        weights: How often each chain length is drawn; by default equally often.
        seed: Non-negative integer.
        split: `train`, `validation` or `test`.

    Raises:
        ValueError: An argument is not as it must be.

    Example:
        >>> source = ExactSource({"name": "ising"}, n_sites=(3,), batch_size=2, window=5)
        >>> source.batch(0)["psi"].shape
        (2, 5, 2, 8)
    """

    def __init__(
        self,
        hamiltonian: Mapping[str, Any],
        *,
        n_sites: Sequence[int],
        batch_size: int,
        window: int,
        initial_states: str = "paper",
        dt: float = 0.002,
        n_steps: int = 250,
        weights: Sequence[float] | None = None,
        seed: int = 0,
        split: str = "train",
    ) -> None:
        self.mixture = Mixture(n_sites, weights=weights, seed=seed)
        check_arguments(COUNT, batch_size=batch_size, n_steps=n_steps)
        check_arguments(POSITIVE, dt=dt)
        check_arguments(OneOf(INITIAL_STATE_LAWS), initial_states=initial_states)
        check_arguments(OneOf(SPLITS), split=split)
        self.batch_size = batch_size
        self.window, self.n_steps = _checked_window(window, n_steps), n_steps
        self.dt = dt
        self.initial_states = initial_states
        self.split = split
        self.hamiltonian = dict(hamiltonian)
        self._eigenbases = {n: self._eigenbasis(n) for n in self.mixture.n_sites}

    @property
    def n_sites(self) -> tuple[int, ...]:
        """The chain lengths that are drawn."""
        return self.mixture.n_sites

    def batch(self, step: int, replica: int = 0) -> dict[str, np.ndarray]:
        """Returns the batch of a step.

        Args:
            step: Non-negative integer.
            replica: Which batch of that step; all of them have the same chain length.

        Returns:
            A mapping of `psi`, float32 (batch_size, window, 2, 2**n_sites), with real parts at
            index 0 and imaginary parts at index 1 of the axis before the last.

        Raises:
            ValueError: `step` or `replica` is negative.
        """
        if step < 0 or replica < 0:
            raise ValueError(
                "Arguments `step` and `replica` must not be negative,"
                f" but are {step} and {replica}."
            )
        n = int(self.mixture.n_sites_at(np.array(step)))
        stream = (Stream.TRAIN_STATES + SPLITS.index(self.split), n, step + 1, replica + 1)
        psi0 = sample_initial_states(
            self.initial_states, n, self.batch_size, seed=self.mixture.seed, stream=stream
        )
        rng = np.random.default_rng(mixed_seed(self.mixture.seed, *stream))
        starts = rng.integers(0, self.n_steps - self.window + 2, self.batch_size)
        return {"psi": self._windows(self._eigenbases[n], psi0, starts)}

    def dataset(self, start_step: int = 0, *, input_context: Any = None) -> Any:
        """Returns the endless stream from a step on, see `exact_dataset`; needs TensorFlow."""
        from qtf.data.exact_dataset import exact_dataset

        return exact_dataset(self, start_step, input_context=input_context)

    def explain_data_loss(self, error: Exception) -> None:
        """Does nothing: what is computed cannot be corrupt."""

    def _windows(self, basis: Eigenbasis, psi0: np.ndarray, starts: np.ndarray) -> np.ndarray:
        coefficients = psi0 @ basis.vectors.conj()
        coefficients *= np.exp(-1j * self.dt * starts[:, None] * basis.energies)
        first = coefficients @ basis.vectors.T
        times = self.dt * np.arange(self.window)
        psi = np.empty((len(psi0), self.window, 2, basis.dimension), np.float32)
        return basis.evolve_parts(first, times, out=psi)

    def _eigenbasis(self, n_sites: int) -> Eigenbasis:
        return Eigenbasis.from_hamiltonian(from_config({**self.hamiltonian, "n_sites": n_sites}))


def _checked_window(window: int, n_steps: int) -> int:
    check_arguments(Number(integer=True), window=window)
    if not 1 <= window <= n_steps + 1:
        raise ValueError(
            f"Argument `window` must be from 1 to `n_steps` + 1 = {n_steps + 1}, but is {window}."
        )
    return window
