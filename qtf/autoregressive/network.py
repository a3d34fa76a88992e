"""What every autoregressive network can do, whatever its outcomes mean."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from qtf.autoregressive.inputs import checked_outcomes

# Arrays as wide as the widest layer that an evaluation holds at once.
HELD_AT_ONCE = 5


class AutoregressiveNetwork(keras.Model):
    """A network whose output at a position depends on the outcomes before it only.

        outputs_p = f_p(outcomes_0, .., outcomes_{p-1})

    It knows neither sites nor what outcomes mean: whoever uses it chooses an order of sites,
    and turns outputs into probabilities or phases. There are two ways to the same numbers: all
    positions at once from given outcomes, and one position after another, where a cache keeps
    what later positions need, so that a whole sample costs about as much as one parallel
    evaluation. An architecture defines both.

    Args:
        n_positions: Number of positions.
        local_dimension: Number of outcomes of a position.
        heads: Widths of the outputs of each position, for example (2, 2) for two
            logarithms of probabilities and two phases.
        **kwargs: Of `keras.Model`.

    Call arguments:
        outcomes: Integers (batch, n_positions), from 0 to local_dimension - 1.

    Returns:
        (batch, n_positions, sum(heads)).

    Raises:
        ValueError: A number is not positive, or an outcome is out of range.
    """

    # Whether the parallel evaluation has a loop over positions.
    recurrent = False
    # Whether there is `grown`.
    grows = False
    # Loops in which samples are drawn; more than 1 if `step` takes `stop`, where its loop ends.
    n_sampling_stages = 1

    def __init__(
        self,
        *,
        n_positions: int,
        local_dimension: int = 2,
        heads: Sequence[int] = (2, 2),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.n_positions = checked_positive("n_positions", n_positions)
        self.local_dimension = checked_positive("local_dimension", local_dimension)
        self.heads = tuple(checked_positive("heads", head) for head in heads)

    # Keras would hide a mistake that `call` finds in a message of several lines.
    def __call__(self, outcomes: Any, *args: Any, **kwargs: Any) -> Any:
        """Checks the outcomes and evaluates all positions."""
        width = self.n_positions
        outcomes = checked_outcomes("outcomes", outcomes, self.local_dimension, width=width)
        return super().__call__(outcomes, *args, **kwargs)

    @property
    def n_together(self) -> int:
        """Positions that `evaluated` takes at once: it starts best at multiples of this."""
        return 1

    @property
    def n_outputs(self) -> int:
        """Number of outputs of a position."""
        return sum(self.heads)

    @property
    def evaluation_bytes(self) -> int:
        """Memory that the parallel evaluation of one more row of outcomes takes, roughly.

        Measured, all networks here take at most three times as much, and at least a third.
        """
        floats = HELD_AT_ONCE * self.n_positions * self.width_of_widest
        return floats * np.dtype(self.variable_dtype).itemsize

    @property
    def width_of_widest(self) -> int:
        """Numbers of one position in the widest layer, what enters it or what leaves it."""
        return max(max(variable.shape, default=1) for variable in self.variables)

    def initial_cache(self, batch_size: Any) -> Any:
        """Returns the nested tensors, batch first, that `step` needs at position 0."""
        raise NotImplementedError

    def step(self, position: Any, previous: Any, cache: Any) -> tuple[Any, Any]:
        """Evaluates one position.

        Args:
            position: int32 scalar, from 0 on, one more at each call.
            previous: int32 (batch,), the outcomes at the position before; any at 0.
            cache: Of the call before, or `initial_cache`.

        Returns:
            Outputs (batch, n_outputs) and the next cache, shaped as the one before.
        """
        raise NotImplementedError

    def grown(self, position: int, previous: Any, cache: Any) -> tuple[Any, Any]:
        """Does the same as `step` at a position that is known beforehand.

        May be differentiated; the cache may become longer.
        """
        raise NotImplementedError

    def evaluated(self, outcomes: Any, start: int, stop: int, cache: Any) -> tuple[Any, Any]:
        """Evaluates some positions of given outcomes.

        Here one after another; networks that can do better at all of them at once.

        Args:
            outcomes: int32 (n_positions, batch).
            start: First position.
            stop: Position after the last.
            cache: `initial_cache`, or what this function returned for `start` as `stop`.

        Returns:
            Outputs (stop - start, batch, n_outputs) and the cache for positions from `stop` on.
        """

        def advance(position: Any, carry: Any) -> Any:
            outputs, cache = carry
            # Ignored at position 0.
            found, cache = self.step(position, outcomes[ops.maximum(position - 1, 0)], cache)
            found = ops.cast(found, outputs.dtype)
            return ops.slice_update(outputs, (position - start, 0, 0), found[None]), cache

        shape = (stop - start, ops.shape(outcomes)[1], self.n_outputs)
        outputs = ops.zeros(shape, self.variable_dtype)
        outputs, cache = ops.fori_loop(start, stop, advance, (outputs, cache))
        # The loop forgets the shape.
        return ops.reshape(outputs, shape), cache

    @property
    def last_layers(self) -> Sequence[keras.layers.Dense]:
        """The linear layers whose outputs, joined, are the outputs of a position."""
        return self.output_heads.outputs

    def make_constant(self, outputs: Sequence[float]) -> None:
        """Changes the last weights so that the outputs are the same whatever came before.

        Kernels become zero and biases the outputs; all other weights stay, so that training
        can go on from there.

        Args:
            outputs: Those of every position, (n_outputs,).

        Raises:
            ValueError: Their number is another.
        """
        if len(outputs) != self.n_outputs:
            raise ValueError(
                f"Argument `outputs` must hold {self.n_outputs} numbers, but has {len(outputs)}."
            )
        start = 0
        for layer in self.last_layers:
            layer.kernel.assign(ops.zeros_like(layer.kernel))
            layer.bias.assign(ops.convert_to_tensor(outputs[start : start + layer.units]))
            start += layer.units

    def encoded(self, outcomes: Any) -> Any:
        """Returns outcomes as unit vectors, (..., local_dimension)."""
        return ops.one_hot(outcomes, self.local_dimension, dtype=self.variable_dtype)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this network again."""
        own = {
            "n_positions": self.n_positions,
            "local_dimension": self.local_dimension,
            "heads": self.heads,
        }
        return {**super().get_config(), **own}


def checked_positive(name: str, value: int) -> int:
    """Returns `value`, which must be a positive integer.

    Raises:
        ValueError: It is not; the message names the argument.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"Argument `{name}` must be a positive integer, but is {value!r}.")
    return value


class OutputHeads(keras.layers.Layer):
    """Two-layer networks beside one another, one for each kind of output.

        head(x) = relu(x W1 + b1) W2 + b2

    Args:
        heads: Widths of the outputs.
        **kwargs: Of `keras.layers.Layer`.

    Call arguments:
        inputs: (..., units).

    Returns:
        (..., sum(heads)).
    """

    def __init__(self, heads: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.heads = tuple(heads)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates the layers; the hidden ones of all heads are one."""
        units = input_shape[-1]
        inner = {"dtype": self.dtype_policy}
        self.hidden = keras.layers.Dense(len(self.heads) * units, "relu", **inner)
        self.hidden.build(input_shape)
        self.outputs = [keras.layers.Dense(width, **inner) for width in self.heads]
        for output in self.outputs:
            output.build((*input_shape[:-1], units))

    def call(self, inputs: Any) -> Any:
        """Evaluates all heads."""
        hidden = ops.split(self.hidden(inputs), len(self.heads), axis=-1)
        parts = [output(x) for output, x in zip(self.outputs, hidden, strict=True)]
        return ops.concatenate(parts, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this layer again."""
        return {**super().get_config(), "heads": self.heads}
