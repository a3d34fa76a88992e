"""Autoregressive prediction: each predicted state is the next input."""

from collections.abc import Callable, Mapping
from typing import overload

import keras
import numpy as np
from keras import ops

from qtf.checks import COUNT, Optional, check_arguments
from qtf.dynamics.rollout_loops import LOOPS, best_loop
from qtf.dynamics.state_checks import checked_batch, norms_of
from qtf.layers.spin_encoding import check_dimension
from qtf.pieces import equal_pieces, rows_at_once
from qtf.training.compilation import compiled
from qtf.typing import Tensor


class Rollout:
    """Predicts trajectories from initial states in one compiled loop.

        psi_0 given;  psi_{k+1}, cells_{k+1} = model.step(psi_k, cells_k)

    Evolution is linear, but networks are not, and know states of norm 1. So every state is
    normalised first, and its trajectory gets the norm back: `rollout(2 * psi0)` is twice
    `rollout(psi0)`.

    Which of the equivalent loops of `qtf.dynamics.rollout_loops` runs depends on n, the batch
    and the network's width. Compilation happens at the first call for every new shape or
    number of steps, the result is kept as long as this object.

    Args:
        model: Any model with `initial_cells` and `step`.
        xla: Whether the loop is compiled by XLA; results agree to 1e-5.
        loop: "best", or the name of a loop in `qtf.dynamics.rollout_loops.LOOPS`.
        chunk_bytes: Most memory that the predicted states of one compiled call may take;
            larger batches are split. None: what `qtf.pieces` finds.

    Example:
        >>> from qtf.dynamics.transferable_sru import TransferableSRU
        >>> model = TransferableSRU.from_preset("paper", n_max=3, units=8, n_layers=1)
        >>> rollout = Rollout(model)
        >>> psi0 = np.full((2, 4), 0.5, "complex64")
        >>> rollout(psi0, 3).shape
        (2, 4, 4)
        >>> {n: psi.shape for n, psi in rollout({2: psi0, 3: np.eye(8)}, 3).items()}
        {2: (2, 4, 4), 3: (8, 4, 8)}
    """

    def __init__(
        self,
        model: keras.Model,
        *,
        xla: bool = True,
        loop: str = "best",
        chunk_bytes: int | None = None,
    ) -> None:
        if loop not in ("best", *LOOPS):
            words = ", ".join(("best", *LOOPS))
            raise ValueError(f'Argument `loop` must be one of {words}, but is "{loop}".')
        check_arguments(Optional(COUNT), chunk_bytes=chunk_bytes)
        self.model = model
        self.xla = xla
        self.loop = loop
        self.chunk_bytes = chunk_bytes
        self._loops: dict[tuple[int, ...], Callable[[Tensor], Tensor]] = {}

    @overload
    def __call__(self, psi0: np.ndarray, n_steps: int) -> np.ndarray: ...

    @overload
    def __call__(self, psi0: Mapping[int, np.ndarray], n_steps: int) -> dict[int, np.ndarray]: ...

    def __call__(
        self, psi0: np.ndarray | Mapping[int, np.ndarray], n_steps: int
    ) -> np.ndarray | dict[int, np.ndarray]:
        """Predicts `n_steps` states after each initial state.

        Args:
            psi0: Complex or real amplitudes, (batch, 2**n) or (2**n,), of any norm but 0; or
                several such arrays by their number of spins. A batch may be empty.
            n_steps: Number of steps, at least 1.

        Returns:
            Complex amplitudes at steps 0 .. n_steps, the initial state first,
            (batch, n_steps + 1, 2**n) or without the batch axis; by number of spins if
            `psi0` was.

        Raises:
            ValueError: `n_steps` is no positive integer, or `psi0` has another shape, is not
                finite, or holds a state that is 0 or whose norm the model's precision cannot
                hold.
        """
        if isinstance(psi0, Mapping):
            for n_sites, states in psi0.items():
                _check_width(n_sites, np.shape(states))
            return {n_sites: self(states, n_steps) for n_sites, states in psi0.items()}
        check_arguments(COUNT, n_steps=n_steps)
        psi0 = checked_batch("psi0", psi0)
        check_dimension(psi0.shape[-1], self.model.n_max, "The last axis of `psi0`")
        psi = self._roll_out_scaled(np.atleast_2d(psi0), n_steps)
        return psi if psi0.ndim == 2 else psi[0]

    def _roll_out_scaled(self, psi0: np.ndarray, n_steps: int) -> np.ndarray:
        """Rolls normalised states out and gives their trajectories the norms of `psi0`."""
        dtype = np.dtype(self.model.variable_dtype)
        if not len(psi0):
            return np.zeros((0, n_steps + 1, psi0.shape[-1]), np.result_type(dtype, 1j))
        norms = norms_of(psi0)
        _check_norms(norms, dtype)
        psi = self._roll_out_chunks(real_parts(psi0 / norms[:, None], dtype.name), n_steps)
        psi *= norms[:, None, None].astype(dtype)
        psi[:, 0] = psi0
        return psi

    def _roll_out_chunks(self, parts: np.ndarray, n_steps: int) -> np.ndarray:
        batch_size = len(parts)
        most = rows_at_once(parts[:1].nbytes * (n_steps + 1), self.chunk_bytes)
        if batch_size <= most:
            return self._predict(parts, n_steps)
        # The last one overlaps the one before: all have one shape, and are compiled once.
        _, size = equal_pieces(batch_size, most)
        n_times, dimension = n_steps + 1, parts.shape[-1]
        psi = np.empty((batch_size, n_times, dimension), np.result_type(parts.dtype, 1j))
        for start in range(0, batch_size, size):
            start = min(start, batch_size - size)
            psi[start : start + size] = self._predict(parts[start : start + size], n_steps)
        return psi

    def _predict(self, parts: np.ndarray, n_steps: int) -> np.ndarray:
        loop = self._loop(n_steps, *parts.shape)
        predicted = np.asarray(loop(ops.convert_to_tensor(parts)))
        return predicted[:, :, 0] + 1j * predicted[:, :, 1]

    def _loop(self, n_steps: int, *shape: int) -> Callable[[Tensor], Tensor]:
        """Returns the compiled loop of this size; sizes do not share one, or it retraces."""
        if (n_steps, *shape) not in self._loops:
            batch_size, _, dimension = shape
            loop = LOOPS.get(self.loop) or best_loop(self.model, batch_size, dimension, n_steps)
            self._loops[n_steps, *shape] = compiled(
                lambda psi0: loop(self.model, psi0, n_steps),
                variables=self.model.variables,
                xla=self.xla,
            )
        return self._loops[n_steps, *shape]


def real_parts(psi: np.ndarray, dtype: str = "float32") -> np.ndarray:
    """Stacks real and imaginary parts, (..., 2**n) complex to (..., 2, 2**n) real."""
    psi = np.asarray(psi)
    return np.stack([psi.real, psi.imag], axis=-2).astype(dtype)


def _check_norms(norms: np.ndarray, dtype: np.dtype) -> None:
    limits = np.finfo(dtype)
    wrong = norms[(norms < limits.tiny) | (norms > limits.max)]
    if wrong.size:
        raise ValueError(
            f"Argument `psi0` must hold states with norms from {limits.tiny:.1e} to"
            f" {limits.max:.1e}, as {dtype} can, but one has {wrong[0]:.3g}."
        )


def _check_width(n_sites: int, shape: tuple[int, ...]) -> None:
    if not shape or shape[-1] != 2**n_sites:
        raise ValueError(
            f"States of n = {n_sites} in `psi0` must have {2**n_sites} amplitudes, but have shape"
            f" {shape}."
        )
