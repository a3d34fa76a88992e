"""The Simple Recurrent Unit with a hand-written gradient."""

from typing import Any

import keras
from keras import ops

from qtf.checks import COUNT, check_arguments
from qtf.layers.recurrence import scan_cells
from qtf.typing import Pair, Shape, Tensor

# A forget-gate input so large that the gate is exactly one: the cell state is held.
HOLD = 1e4


@keras.saving.register_keras_serializable("qtf")
class SRU(keras.layers.Layer):
    """Simple Recurrent Unit: a recurrence that is elementwise in the cell state.

    With c' the previous cell state, x the input and `*` the elementwise product,

        f = sigmoid(W_f x + v_f * c' + b_f)
        c = f * c' + (1 - f) * (W x)
        r = sigmoid(W_r x + v_r * c' + b_r)
        h = r * c + (1 - r) * x

    One matrix product over all time steps gives W x, W_f x and W_r x; a scan carries
    only c; r and h follow from all the cell states at once. The gradient of the scan
    is written by hand: in reverse it is again one elementwise scan.

    If the input is not `units` wide, the last line uses a fourth product of x.

    Args:
        units: Width of the cell state and of the output.
        dropout: Rate at which units of c are dropped where c enters h, one mask for
            all time steps of a sequence.
        input_dropout: Rate at which inputs of the matrix product are dropped, one
            mask for all time steps of a sequence; the skip path keeps the full input.
        time_major: Whether inputs and outputs are (time, batch, ...) instead of
            (batch, time, ...); saves two transpositions a layer in a stack.
        return_state: Whether the last cell state is returned beside the outputs.
        unroll: Time steps written out in one turn of the compiled loop.
        parallel: Whether the scan runs parallel in time, by Newton iterations with an
            associative scan: more work in fewer steps, for long sequences on accelerators.
            Equal to 1e-5 in float32.
        seed: Seed of the dropout masks.
        **kwargs: Of `keras.layers.Layer`.

    Call arguments:
        inputs: (batch, time, features).
        initial_state: Cell state before the first step, (batch, units); zeros if
            absent.
        mask: Boolean (batch, time), always batch-major. Where false the cell state is
            held and the output is zero.
        training: Whether dropout is applied.

    Returns:
        The outputs (batch, time, units), or with `return_state` the pair (outputs,
        last cell state (batch, units)).

    Raises:
        ValueError: `units` is not positive or a rate is outside [0, 1).

    Example:
        >>> import numpy as np
        >>> outputs, state = SRU(4, return_state=True)(np.ones((2, 3, 4), "float32"))
        >>> tuple(outputs.shape), tuple(state.shape)
        ((2, 3, 4), (2, 4))

    Source: Lei et al., EMNLP 2018, eqs. (1)-(4); zhang2020,
    eq. (A1).
    """

    def __init__(
        self,
        units: int,
        *,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        time_major: bool = False,
        return_state: bool = False,
        unroll: int = 1,
        parallel: bool = False,
        seed: int | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(**kwargs)
        check_arguments(COUNT, units=units)
        for name, rate in (("dropout", dropout), ("input_dropout", input_dropout)):
            if not 0.0 <= rate < 1.0:
                raise ValueError(f"Argument `{name}` must be in [0, 1), but is {rate}.")
        self.units = units
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.time_major = time_major
        self.return_state = return_state
        self.unroll = unroll
        self.parallel = parallel
        self.seed = seed
        self.supports_masking = True
        if dropout or input_dropout:
            self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape: Shape) -> None:
        """Creates the kernel [W, W_f, W_r] (and the skip product), v and b."""
        features = input_shape[-1]
        self.n_products = 3 if features == self.units else 4
        columns = self.n_products * self.units
        # Glorot's variance for each block of the joined kernel, not for the whole.
        scale = (features + columns) / (features + self.units)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(features, columns),
            initializer=keras.initializers.VarianceScaling(scale, "fan_avg", "untruncated_normal"),
        )
        for gate in ("forget", "reset"):
            peephole = self.add_weight(
                name=f"{gate}_peephole", shape=(self.units,), initializer="glorot_normal"
            )
            bias = self.add_weight(name=f"{gate}_bias", shape=(self.units,), initializer="zeros")
            setattr(self, f"{gate}_peephole", peephole)
            setattr(self, f"{gate}_bias", bias)

    def call(
        self,
        inputs: Tensor,
        initial_state: Tensor | None = None,
        mask: Tensor | None = None,
        training: bool = False,
    ) -> Tensor | Pair:
        """Runs the recurrence over all time steps."""
        x = inputs if self.time_major else ops.transpose(inputs, (1, 0, 2))
        if mask is not None:
            mask = ops.expand_dims(ops.transpose(ops.cast(mask, "bool"), (1, 0)), -1)
            # Whatever fills the padding, NaN included, must not reach a product.
            x = ops.where(mask, x, ops.zeros_like(x))
        candidate, forget, reset, skip = self._products(x, training)
        if mask is not None:
            forget = ops.where(mask, forget, HOLD)
        if initial_state is None:
            initial_state = ops.zeros_like(candidate[0])
        initial_state = ops.cast(initial_state, candidate.dtype)
        cells = scan_cells(
            candidate,
            forget,
            self._float(self.forget_peephole),
            initial_state,
            unroll=self.unroll,
            parallel=self.parallel,
        )
        previous = ops.concatenate([initial_state[None], cells[:-1]], axis=0)
        outputs = self._output(cells, previous, reset, skip, training)
        if mask is not None:
            outputs = ops.where(mask, outputs, ops.zeros_like(outputs))
        if not self.time_major:
            outputs = ops.transpose(outputs, (1, 0, 2))
        return (outputs, cells[-1]) if self.return_state else outputs

    def step(self, inputs: Tensor, cell_state: Tensor) -> Pair:
        """Advances one time step, without dropout.

        Args:
            inputs: (batch, features).
            cell_state: (batch, units).

        Returns:
            The output and the new cell state, both (batch, units).
        """
        candidate, forget, reset, skip = self._products(inputs, training=False)
        cell_state = ops.cast(cell_state, candidate.dtype)
        gate = ops.sigmoid(forget + self._float(self.forget_peephole) * cell_state)
        cell = gate * cell_state + (1.0 - gate) * candidate
        return self._output(cell, cell_state, reset, skip, training=False), cell

    def compute_output_shape(self, input_shape: Shape) -> Shape | tuple[Shape, Shape]:
        """Returns the shape of the outputs, or of outputs and last cell state."""
        outputs = (*input_shape[:-1], self.units)
        batch = input_shape[1] if self.time_major else input_shape[0]
        return (outputs, (batch, self.units)) if self.return_state else outputs

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this layer again."""
        arguments = {
            "units": self.units,
            "dropout": self.dropout,
            "input_dropout": self.input_dropout,
            "time_major": self.time_major,
            "return_state": self.return_state,
            "unroll": self.unroll,
            "parallel": self.parallel,
            "seed": self.seed,
        }
        return {**super().get_config(), **arguments}

    def _products(self, x: Tensor, training: bool) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Returns W x, W_f x + b_f, W_r x + b_r and the skip input, in weight precision."""
        dropped = self._drop(x, self.input_dropout, training)
        products = self._float(ops.matmul(dropped, self.kernel))
        parts = ops.split(products, self.n_products, axis=-1)
        forget = parts[1] + self._float(self.forget_bias)
        reset = parts[2] + self._float(self.reset_bias)
        return parts[0], forget, reset, self._float(x) if self.n_products == 3 else parts[3]

    def _output(
        self, cells: Tensor, previous: Tensor, reset: Tensor, skip: Tensor, training: bool
    ) -> Tensor:
        gate = ops.sigmoid(reset + self._float(self.reset_peephole) * previous)
        dropped = self._drop(cells, self.dropout, training)
        return ops.cast(skip + gate * (dropped - skip), self.compute_dtype)

    def _drop(self, x: Tensor, rate: float, training: bool) -> Tensor:
        """Drops features of a time-major sequence with one mask for all its steps."""
        if not (training and rate):
            return x
        one_step = (1, *ops.shape(x)[1:])
        return keras.random.dropout(x, rate, noise_shape=one_step, seed=self.seed_generator)

    def _float(self, x: Tensor) -> Tensor:
        """Casts to the weights' precision: under mixed precision the scan stays exact."""
        return ops.cast(x, self.variable_dtype)
