"""What every autoregressive network can do, whatever its outcomes mean."""

import importlib
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, ClassVar, Generic, Self, TypeVar

import keras
import numpy as np
from keras import ops

from qtf.autoregressive.inputs import checked_outcomes
from qtf.autoregressive.settings import NETWORKS, ArchitectureSettings, NetworkSettings
from qtf.autoregressive.weight_gradients import (
    PullBack,
    WeightsPullBack,
    bias_gradient,
    kernel_gradient,
)
from qtf.checks import COUNT, check_arguments
from qtf.typing import Index, Lattice, Shape, Tensor

# Arrays as wide as the widest layer that an evaluation holds at once.
HELD_AT_ONCE = 5
# Nested tensors, batch first: what a network keeps from position to position.
Cache = TypeVar("Cache")


class AutoregressiveNetwork(keras.Model, Generic[Cache]):
    """A network whose output at a position depends on the outcomes before it only.

        outputs_p = f_p(outcomes_0, .., outcomes_{p-1})

    It knows neither sites nor what outcomes mean: whoever uses it chooses an order of sites,
    and turns outputs into probabilities or phases. There are two ways to the same numbers: all
    positions at once from given outcomes, and one position after another, where a cache keeps
    what later positions need, so that a whole sample costs about as much as one parallel
    evaluation. An architecture names its settings and defines `make_layers`, `initial_cache` and
    `step`, and `call` or `evaluate_positions` where all positions at once can do better.

    Args:
        n_positions: Number of positions.
        local_dimension: Number of outcomes of a position.
        heads: Widths of the outputs of each position, for example (2, 2) for two
            logarithms of probabilities and two phases.
        **arguments: Settings of the architecture by their names, and arguments of `keras.Model`.

    Call arguments:
        outcomes: Integers (batch, n_positions), from 0 to local_dimension - 1.

    Returns:
        (batch, n_positions, sum(heads)).

    Raises:
        ValueError: A number is not positive, settings do not fit one another, an argument is
            unknown, or an outcome is out of range.
    """

    # Class of the settings, whose table names this class.
    settings_class: ClassVar[type[ArchitectureSettings]]
    # Whether the parallel evaluation has a loop over positions.
    recurrent = False
    # Whether `extend` may be differentiated.
    extends = False
    # Whether there is `linearize`.
    linearizes = False
    # Loops in which samples are drawn; more than 1 if `step` takes `stop`, where its loop ends.
    n_sampling_stages = 1

    def __init__(
        self,
        *,
        n_positions: int,
        local_dimension: int = 2,
        heads: Sequence[int] = (2, 2),
        **arguments: object,
    ) -> None:
        names = [entry.name for entry in fields(self.settings_class)]  # type: ignore[arg-type]
        chosen = {name: arguments.pop(name) for name in names if name in arguments}
        super().__init__(**arguments)
        check_arguments(COUNT, n_positions=n_positions, local_dimension=local_dimension)
        for width in heads:
            check_arguments(COUNT, heads=width)
        self.n_positions = n_positions
        self.local_dimension = local_dimension
        self.heads = tuple(heads)
        self.settings = _settings_of_arguments(self.settings_class, chosen)
        self.make_layers()
        self.built = True

    @classmethod
    def for_lattice(
        cls,
        lattice: Lattice,
        settings: ArchitectureSettings | None = None,
        *,
        heads: Sequence[int] = (2, 2),
        local_dimension: int = 2,
    ) -> Self:
        """Makes a network with one position for each site.

        Args:
            lattice: The sites.
            settings: Those of this kind of network; None: its defaults.
            heads: Widths of the outputs of each position.
            local_dimension: Number of outcomes of a position.

        Raises:
            ValueError: The network does not fit the lattice.
        """
        chosen = settings or cls.settings_class()
        return cls(
            **cls.size_arguments(lattice),
            heads=heads,
            local_dimension=local_dimension,
            **chosen.as_mapping(),
        )

    @classmethod
    def size_arguments(cls, lattice: Lattice) -> dict[str, Any]:
        """Returns the arguments that say how large a network for a lattice is."""
        return {"n_positions": lattice.n_sites}

    def make_layers(self) -> None:
        """Makes all layers and builds them; the settings are there already."""
        raise NotImplementedError

    # Keras would hide a mistake that `call` finds in a message of several lines.
    def __call__(self, outcomes: Tensor, **options: object) -> Tensor:
        """Checks the outcomes and evaluates all positions."""
        width = self.n_positions
        outcomes = checked_outcomes("outcomes", outcomes, self.local_dimension, width=width)
        return super().__call__(outcomes, **options)

    def call(self, outcomes: Tensor) -> Tensor:
        """Evaluates all positions."""
        empty = self.initial_cache(ops.shape(outcomes)[0])
        by_position = ops.swapaxes(outcomes, 0, 1)
        outputs, _ = self.evaluate_positions(by_position, 0, self.n_positions, empty)
        return ops.transpose(outputs, (1, 0, 2))

    @property
    def n_together(self) -> int:
        """Positions that `evaluate_positions` takes at once: best it starts at multiples of it."""
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

    def initial_cache(self, batch_size: Index) -> Cache:
        """Returns the nested tensors, batch first, that `step` needs at position 0."""
        raise NotImplementedError

    def step(self, position: Index, previous: Tensor, cache: Cache) -> tuple[Tensor, Cache]:
        """Evaluates one position.

        Args:
            position: int32 scalar, from 0 on, one more at each call.
            previous: int32 (batch,), the outcomes at the position before; any at 0.
            cache: Of the call before, or `initial_cache`.

        Returns:
            Outputs (batch, n_outputs) and the next cache, shaped as the one before.
        """
        raise NotImplementedError

    def extend(self, position: int, previous: Tensor, cache: Cache) -> tuple[Tensor, Cache]:
        """Does the same as `step` at a position that is known beforehand.

        May be differentiated if the network `extends`; the cache may become longer.
        """
        return self.step(ops.convert_to_tensor(position, "int32"), previous, cache)

    def evaluate_positions(
        self, outcomes: Tensor, start: int, stop: int, cache: Cache
    ) -> tuple[Tensor, Cache]:
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

        def advance(position: Tensor, carry: tuple[Tensor, Cache]) -> tuple[Tensor, Cache]:
            outputs, cache = carry
            # Ignored at position 0.
            new, cache = self.step(position, outcomes[ops.maximum(position - 1, 0)], cache)
            new = ops.cast(new, outputs.dtype)
            return ops.slice_update(outputs, (position - start, 0, 0), new[None]), cache

        shape = (stop - start, ops.shape(outcomes)[1], self.n_outputs)
        outputs = ops.zeros(shape, self.variable_dtype)
        outputs, cache = ops.fori_loop(start, stop, advance, (outputs, cache))
        # The loop forgets the shape.
        return ops.reshape(outputs, shape), cache

    def linearize(self, outcomes: Tensor) -> tuple[Tensor, WeightsPullBack]:
        """Evaluates all positions as `call` does, and prepares the derivatives of each sample.

        Args:
            outcomes: int32 (batch, n_positions).

        Returns:
            Outputs (batch, n_positions, n_outputs), and a function that takes the gradient in them
            and returns those of each sample in the trainable variables.
        """
        raise NotImplementedError

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
            layer.kernel.assign(ops.zeros_like(layer.kernel.value))
            layer.bias.assign(ops.convert_to_tensor(outputs[start : start + layer.units]))
            start += layer.units

    def encode(self, outcomes: Tensor) -> Tensor:
        """Returns outcomes as unit vectors, (..., local_dimension)."""
        return ops.one_hot(outcomes, self.local_dimension, dtype=self.variable_dtype)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this network again."""
        sizes = {
            "n_positions": self.n_positions,
            "local_dimension": self.local_dimension,
            "heads": self.heads,
        }
        return {**super().get_config(), **sizes, **self.settings.as_mapping()}


def network_class(kind: type[ArchitectureSettings]) -> type[AutoregressiveNetwork[Any]]:
    """Imports and returns the class of the networks that settings of a kind describe."""
    file, name = kind.network.split(".")
    return getattr(importlib.import_module(f"qtf.autoregressive.{file}"), name)


def make_network(
    settings: NetworkSettings, lattice: Lattice, *, heads: tuple[int, ...], local_dimension: int = 2
) -> AutoregressiveNetwork[Any]:
    """Makes the network of a configuration, one position for each site.

    Args:
        settings: Name of the network and what is set of it.
        lattice: The sites.
        heads: Widths of the outputs of each position.
        local_dimension: Number of outcomes of a position.

    Raises:
        ValueError: The network does not fit the lattice.
    """
    settings.check_lattice(lattice)
    kind, architecture = network_class(NETWORKS[settings.name]), settings.architecture()
    return kind.for_lattice(lattice, architecture, heads=heads, local_dimension=local_dimension)


def _settings_of_arguments(
    kind: type[ArchitectureSettings], arguments: dict[str, object]
) -> ArchitectureSettings:
    try:
        return kind(**arguments)
    except ValueError as error:
        words = str(error).replace("Setting `", "Argument `").replace(f"`{kind.section}.", "`")
        raise ValueError(words) from None


class OutputHeads(keras.layers.Layer):
    """Two-layer networks beside one another, one for each kind of output.

        head(x) = f(x W1 + b1) W2 + b2

    Args:
        heads: Widths of the outputs.
        activation: f, "relu" or "silu", x / (1 + exp(-x)).
        **kwargs: Of `keras.layers.Layer`.

    Call arguments:
        inputs: (..., units).

    Returns:
        (..., sum(heads)).
    """

    def __init__(self, heads: Sequence[int], activation: str = "relu", **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.heads = tuple(heads)
        self.activation = activation

    def build(self, input_shape: Shape) -> None:
        """Creates the layers; the hidden ones of all heads are one."""
        units = input_shape[-1]
        inner = {"dtype": self.dtype_policy}
        self.hidden = keras.layers.Dense(len(self.heads) * units, **inner)
        self.hidden.build(input_shape)
        self.outputs = [keras.layers.Dense(width, **inner) for width in self.heads]
        for output in self.outputs:
            output.build((*input_shape[:-1], units))

    def call(self, inputs: Tensor) -> Tensor:
        """Evaluates all heads."""
        hidden = ops.split(self._activate(self.hidden(inputs)), len(self.heads), axis=-1)
        parts = [output(x) for output, x in zip(self.outputs, hidden, strict=True)]
        return ops.concatenate(parts, axis=-1)

    def linearize(self, inputs: Tensor) -> tuple[Tensor, PullBack]:
        """Evaluates all heads of (positions, batch, units), and prepares their derivatives."""
        sums = self.hidden(inputs)
        parts = ops.split(self._activate(sums), len(self.heads), axis=-1)
        outputs = [output(x) for output, x in zip(self.outputs, parts, strict=True)]

        def pull_back(upstream: Tensor, n_images: int = 1) -> tuple[Tensor, list[Tensor]]:
            of_heads, to_parts, start = [], [], 0
            for output, x in zip(self.outputs, parts, strict=True):
                g = upstream[..., start : start + output.units]
                start += output.units
                of_heads += [kernel_gradient(x, g, n_images), bias_gradient(g, n_images)]
                to_parts.append(ops.matmul(g, ops.transpose(output.kernel)))
            d = ops.concatenate(to_parts, axis=-1) * self._slope(sums)
            of_hidden = [kernel_gradient(inputs, d, n_images), bias_gradient(d, n_images)]
            return ops.matmul(d, ops.transpose(self.hidden.kernel)), [*of_hidden, *of_heads]

        return ops.concatenate(outputs, axis=-1), pull_back

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this layer again."""
        return {**super().get_config(), "heads": self.heads, "activation": self.activation}

    def _activate(self, sums: Tensor) -> Tensor:
        return ops.relu(sums) if self.activation == "relu" else ops.silu(sums)

    def _slope(self, sums: Tensor) -> Tensor:
        """Returns the derivative of the activation."""
        if self.activation == "relu":
            return ops.cast(sums > 0.0, sums.dtype)
        share = ops.sigmoid(sums)
        return share * (1.0 + sums * (1.0 - share))
