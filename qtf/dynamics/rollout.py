"""Autoregressive prediction: each predicted state is the next input."""

from typing import Any

import numpy as np
from keras import ops

from qtf.dynamics.transferable_sru import TransferableSRU
from qtf.training.compilation import compiled


class Rollout:
    """Predicts trajectories from initial states in one compiled loop.

        psi_0 given;  psi_{k+1}, cells_{k+1} = model.step(psi_k, cells_k)

    Compilation happens at the first call for every new shape or number of steps, the
    result is kept as long as this object.

    Args:
        model: Any model with `initial_cells` and `step`.
        xla: Whether the loop is compiled by XLA; results agree to 1e-5.

    Example:
        >>> model = TransferableSRU.from_preset("paper", n_max=3, units=8, n_layers=1)
        >>> psi0 = np.full((2, 4), 0.5, "complex64")
        >>> Rollout(model)(psi0, 3).shape
        (2, 4, 4)
    """

    def __init__(self, model: TransferableSRU, *, xla: bool = True) -> None:
        self.model = model
        self.xla = xla
        self._loops: dict[tuple[int, ...], Any] = {}

    def __call__(self, psi0: np.ndarray, n_steps: int) -> np.ndarray:
        """Predicts `n_steps` states after each initial state.

        Args:
            psi0: Complex amplitudes, (batch, 2**n) or (2**n,).
            n_steps: Number of steps, at least 1.

        Returns:
            Complex amplitudes at steps 0 .. n_steps, the initial state first,
            (batch, n_steps + 1, 2**n) or without the batch axis.

        Raises:
            ValueError: `n_steps` is not positive, `psi0` has another shape, or is not
                finite.
        """
        psi0 = np.asarray(psi0)
        if n_steps < 1:
            raise ValueError(f"Argument `n_steps` must be positive, but is {n_steps}.")
        if psi0.ndim not in (1, 2):
            raise ValueError(
                f"Argument `psi0` must be (batch, 2**n) or (2**n,), but has shape {psi0.shape}."
            )
        if not np.isfinite(psi0).all():
            raise ValueError("Argument `psi0` must be finite, but holds NaN or infinity.")
        parts = real_parts(np.atleast_2d(psi0), self.model.variable_dtype)
        loop = self._loop(n_steps, *parts.shape)
        predicted = np.asarray(loop(ops.convert_to_tensor(parts)))
        psi = predicted[:, :, 0] + 1j * predicted[:, :, 1]
        return psi if psi0.ndim == 2 else psi[0]

    def _loop(self, n_steps: int, *shape: int) -> Any:
        """Returns the compiled loop of this size; sizes do not share one, or it retraces."""
        if (n_steps, *shape) not in self._loops:
            self._loops[n_steps, *shape] = compiled(
                lambda psi0: predicted_states(self.model, psi0, n_steps),
                variables=self.model.variables,
                xla=self.xla,
            )
        return self._loops[n_steps, *shape]


def predicted_states(model: TransferableSRU, psi0: Any, n_steps: int) -> Any:
    """Rolls a model out; the loop itself, to be compiled by the caller.

    Args:
        model: Any model with `initial_cells` and `step`.
        psi0: Real and imaginary parts, (batch, 2, 2**n).
        n_steps: Number of steps.

    Returns:
        (batch, n_steps + 1, 2, 2**n), the initial state first.
    """

    def advance(carry: tuple[Any, Any], _: Any) -> tuple[Any, Any]:
        carry = model.step(*carry)
        return carry, carry

    start = (psi0, model.initial_cells(ops.shape(psi0)[0]))
    _, (states, _) = ops.scan(advance, start, length=n_steps)
    states = ops.concatenate([psi0[None], states], axis=0)
    return ops.transpose(states, (1, 0, 2, 3))


def real_parts(psi: np.ndarray, dtype: str = "float32") -> np.ndarray:
    """Stacks real and imaginary parts, (..., 2**n) complex to (..., 2, 2**n) real."""
    return np.stack([psi.real, psi.imag], axis=-2).astype(dtype)
