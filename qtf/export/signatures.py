"""The functions of an exported model, as plain TensorFlow graphs."""

from collections.abc import Callable, Mapping

import keras
import tensorflow as tf

from qtf.export.input_checks import checked_cells, checked_n_steps, checked_state
from qtf.export.pauli_graph import PauliGraph
from qtf.physics import PauliSum, observable_operators

REQUEST = [
    tf.TensorSpec((None, None), tf.float32, "psi0_re"),
    tf.TensorSpec((None, None), tf.float32, "psi0_im"),
    tf.TensorSpec((None,), tf.int32, "n_steps"),
]


class DynamicsModule(tf.Module):
    """Rollout, observables and single steps of a model, ready for `tf.saved_model.save`.

    States travel as two float32 inputs, real and imaginary part, because REST knows no
    complex numbers. The number of spins is read from their width 2**n. `n_steps` has one
    entry for each state, so that servers can join requests; the time axis of the answer
    is as long as the largest asks.

    Args:
        model: The network.
        hamiltonians: n_sites -> Hamiltonian, for every n that the model was trained for; None:
            there is none that is constant, and no energy.
        max_steps: Largest number of steps of one request.
    """

    def __init__(
        self,
        model: keras.Model,
        hamiltonians: Mapping[int, PauliSum | None],
        *,
        max_steps: int,
    ) -> None:
        super().__init__(name="dynamics")
        self.max_steps = max_steps
        self._served_n = tuple(sorted(hamiltonians))
        self._model = model
        self._dtype = model.variable_dtype
        # Tracked as a list: a Keras model would bring its own serving functions along.
        self.weights = [variable.value for variable in model.variables]
        by_n = {n: _observables(n, hamiltonians[n]) for n in self._served_n}
        self._names = tuple(by_n[self._served_n[0]])
        self._observables = PauliGraph({n: tuple(named.values()) for n, named in by_n.items()})

    @tf.function(input_signature=REQUEST, autograph=False)
    def rollout(
        self, psi0_re: tf.Tensor, psi0_im: tf.Tensor, n_steps: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Predicts amplitudes at steps 0 .. n_steps, each (batch, n_steps + 1, 2**n)."""
        states = self._states(*self._checked(psi0_re, psi0_im, n_steps))
        return {"psi_re": states[:, :, 0], "psi_im": states[:, :, 1]}

    @tf.function(input_signature=REQUEST, autograph=False)
    def rollout_xla(
        self, psi0_re: tf.Tensor, psi0_im: tf.Tensor, n_steps: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Does the same with the loop compiled by XLA.

        XLA compiles once for every number of steps and shape, and would drop the checks,
        which therefore stay outside.
        """
        checked = self._checked(psi0_re, psi0_im, n_steps)
        states = tf.function(self._states, jit_compile=True, autograph=False)(*checked)
        return {"psi_re": states[:, :, 0], "psi_im": states[:, :, 1]}

    @tf.function(input_signature=REQUEST, autograph=False)
    def observables(
        self, psi0_re: tf.Tensor, psi0_im: tf.Tensor, n_steps: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Predicts small answers at steps 0 .. n_steps, each (batch, n_steps + 1).

        `norm`; `magnetization_x`, `_y`, `_z` (means over sites) and, if there is one, `energy` of
        the normalised states. No trajectory is kept in memory.
        """
        psi0, n_steps = self._checked(psi0_re, psi0_im, n_steps)
        tables = self._observables.tables(tf.shape(psi0)[-1])

        def measure(psi: tf.Tensor) -> list[tf.Tensor]:
            psi = tf.cast(psi, tf.float32)
            squared = tf.reduce_sum(tf.square(psi), axis=(1, 2))
            values = self._observables.expectations(psi, tables) / squared[:, None]
            return [tf.sqrt(squared), *tf.unstack(values, num=len(self._names), axis=1)]

        norm, *values = self._collect(psi0, n_steps, measure)
        return {"norm": norm, **dict(zip(self._names, values, strict=True))}

    def make_step(self) -> tf.Tensor:
        """Returns the function of one step; its signature needs the model's sizes."""
        layers, units = self._model.n_layers, self._model.units

        @tf.function(
            input_signature=[
                tf.TensorSpec((None, None), tf.float32, "psi_re"),
                tf.TensorSpec((None, None), tf.float32, "psi_im"),
                tf.TensorSpec((None, layers, units), tf.float32, "cells"),
            ],
            autograph=False,
        )
        def step(psi_re: tf.Tensor, psi_im: tf.Tensor, cells: tf.Tensor) -> dict[str, tf.Tensor]:
            psi = checked_state(psi_re, psi_im, self._served_n, "psi", normalized=False)
            cells = checked_cells(cells, tf.shape(psi)[0], layers, units)
            psi, cells = self._model.step(
                tf.cast(psi, self._dtype),
                tf.cast(tf.transpose(cells, (1, 0, 2)), self._dtype),
            )
            next_state = {
                "psi_re": psi[:, 0],
                "psi_im": psi[:, 1],
                "cells": tf.transpose(cells, (1, 0, 2)),
            }
            return {name: tf.cast(value, tf.float32) for name, value in next_state.items()}

        return step

    def _states(self, psi0: tf.Tensor, n_steps: tf.Tensor) -> tf.Tensor:
        return self._collect(psi0, n_steps, lambda psi: [tf.cast(psi, tf.float32)])[0]

    def _checked(
        self, psi0_re: tf.Tensor, psi0_im: tf.Tensor, n_steps: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        psi0 = checked_state(psi0_re, psi0_im, self._served_n, "psi0")
        return psi0, checked_n_steps(n_steps, tf.shape(psi0)[0], self.max_steps)

    def _collect(
        self, psi0: tf.Tensor, n_steps: tf.Tensor, measure: Callable[[tf.Tensor], list[tf.Tensor]]
    ) -> list[tf.Tensor]:
        """Rolls out and stacks `measure(psi)` of every step, (batch, n_steps + 1, ...).

        As in `qtf.dynamics.rollout`, the model gets states of norm 1 and its predictions the
        norm of the request.
        """
        psi0 = tf.cast(psi0, self._dtype)
        norms = tf.sqrt(tf.reduce_sum(tf.square(psi0), axis=(1, 2), keepdims=True))
        cells = tf.cast(self._model.initial_cells(tf.shape(psi0)[0]), self._dtype)
        first = measure(psi0)
        arrays = [
            tf.TensorArray(tf.float32, size=n_steps + 1, element_shape=value.shape).write(0, value)
            for value in first
        ]

        def advance(
            k: tf.Tensor, psi: tf.Tensor, cells: tf.Tensor, arrays: list[tf.TensorArray]
        ) -> tuple[object, ...]:
            psi, cells = self._model.step(psi, cells)
            values = measure(norms * psi)
            arrays = [a.write(k, value) for a, value in zip(arrays, values, strict=True)]
            return k + 1, psi, cells, arrays

        *_, arrays = tf.while_loop(
            lambda k, *_: k <= n_steps,
            advance,
            (tf.constant(1), psi0 / norms, cells, arrays),
            shape_invariants=(
                tf.TensorShape([]),
                psi0.shape,
                cells.shape,
                [tf.TensorShape(None)] * len(arrays),
            ),
        )
        return [_batch_first(array.stack()) for array in arrays]


def _batch_first(stacked: tf.Tensor) -> tf.Tensor:
    rank = stacked.shape.rank
    return tf.transpose(stacked, (1, 0, *range(2, rank)))


def _observables(n_sites: int, hamiltonian: PauliSum | None) -> dict[str, PauliSum]:
    if hamiltonian is not None:
        return observable_operators(hamiltonian)
    named = observable_operators(PauliSum(n_sites, ()))
    return {name: operator for name, operator in named.items() if name != "energy"}
