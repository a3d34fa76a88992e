"""One network that predicts the next state of a spin chain of any length."""

from typing import Any

import keras
from keras import ops

from qtf.checks import COUNT, POSITIVE, OneOf, check_arguments
from qtf.dynamics.settings import NETWORK_PRESETS, PREDICTED
from qtf.layers import SRU, ChainEncoding, FeedForward, SpinDecoding, SpinEncoding
from qtf.layers.spin_encoding import check_parts
from qtf.typing import Index, Pair, Tensor


@keras.saving.register_keras_serializable("qtf")
class TransferableSRU(keras.Model):
    """Predicts psi(t + dt) from psi(t) and a memory, for chains of any length n.

    Spin encoding, plus chain encoding, a feed-forward block, a stack of SRU layers, a
    second feed-forward block, spin decoding. Called on a trajectory it predicts every
    next state from the exact one before it (teacher forcing); `step` carries the cell
    states instead.

    Args:
        n_max: Largest number of spins.
        units: Width of the network, an even number.
        n_layers: Number of SRU layers.
        activation: Of the feed-forward blocks.
        layer_norm: Whether the feed-forward blocks are layer-normalised.
        dropout: Rate in the feed-forward blocks.
        chain_gain: Whether the chain encoding also multiplies; see `ChainEncoding`.
        predicts: "state", or "increment": psi(t + dt) = psi(t) + scale * decoded.
        increment_scale: The scale of the increment.
        decoder_initializer: Of the spin decoding; see `SpinDecoding`.
        seed: Seed of the dropout masks, which differ from layer to layer.
        **kwargs: Of `keras.Model`.

    Call arguments:
        psi: Real and imaginary parts at successive times, (batch, time, 2, 2**n).
        training: Whether dropout is applied.

    Returns:
        The predicted states one step later, (batch, time, 2, 2**n).

    Raises:
        ValueError: An argument is out of range, the input is complex or of another shape, or
            2**n does not fit `n_max`.

    Example:
        >>> import numpy as np
        >>> model = TransferableSRU.from_preset("paper", n_max=3, units=8, n_layers=1)
        >>> tuple(model(np.ones((2, 5, 2, 4), "float32")).shape)
        (2, 5, 2, 4)

    Source: zhang2020, figure 1 and appendix A.
    """

    def __init__(
        self,
        *,
        n_max: int = 10,
        units: int = 512,
        n_layers: int = 4,
        activation: str = "relu",
        layer_norm: bool = True,
        dropout: float = 0.005,
        chain_gain: bool = False,
        predicts: str = "state",
        increment_scale: float = 0.1,
        decoder_initializer: str = "glorot_normal",
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        # The input keeps its precision: an increment is added to it.
        super().__init__(autocast=False, **kwargs)
        check_arguments(COUNT, n_max=n_max, n_layers=n_layers)
        check_arguments(POSITIVE, increment_scale=increment_scale)
        check_arguments(OneOf(PREDICTED), predicts=predicts)
        self.n_max = n_max
        self.units = units
        self.n_layers = n_layers
        self.activation = activation
        self.layer_norm = layer_norm
        self.dropout = dropout
        self.chain_gain = chain_gain
        self.predicts = predicts
        self.increment_scale = increment_scale
        self.decoder_initializer = decoder_initializer
        self.seed = seed
        self._make_layers()
        self._build_layers()

    @classmethod
    def from_preset(cls, preset: str, **overrides: Any) -> "TransferableSRU":
        """Makes the network of a preset.

        Args:
            preset: "paper" (the published network) or "increment" (recommended: decodes
                the change of the state, starting from none; one SRU layer, a chain encoding
                that multiplies, no layer normalisation and no dropout).
            **overrides: Arguments that differ from the preset.

        Raises:
            ValueError: The preset is unknown.
        """
        check_arguments(OneOf(NETWORK_PRESETS), preset=preset)
        return cls(**{**NETWORK_PRESETS[preset], **overrides})

    def call(self, psi: Tensor, training: bool = False) -> Tensor:
        """Predicts every next state of whole trajectories."""
        features = self.features(psi, training=training)
        decoded = self.spin_decoding(features, dimension=ops.shape(psi)[-1])
        return self.next_state(psi, ops.transpose(decoded, (1, 0, 2, 3)))

    def features(self, psi: Tensor, training: bool = False) -> Tensor:
        """Returns what the spin decoding decodes, time first, (time, batch, units)."""
        check_parts(psi, self.n_max, axes=("batch", "time"))
        x = ops.transpose(self.spin_encoding(psi), (1, 0, 2))
        x = self.chain_encoding(x, dimension=ops.shape(psi)[-1])
        x = self.first_block(x, training=training)
        for sru in self.sru_layers:
            x = sru(x, training=training)
        return self.second_block(x, training=training)

    def initial_cells(self, batch_size: Index) -> Tensor:
        """Returns the cell states before the first step, (n_layers, batch, units)."""
        return ops.zeros((self.n_layers, batch_size, self.units), self.variable_dtype)

    def step(self, psi: Tensor, cells: Tensor) -> Pair:
        """Advances states by one time step.

        Args:
            psi: (batch, 2, 2**n). The network knows states of norm 1, as those of its
                training are, and is not linear; `Rollout` takes others, too.
            cells: Cell states, (n_layers, batch, units).

        Returns:
            The next states and the next cell states, shaped as the arguments.
        """
        check_parts(psi, self.n_max, axes=("batch",))
        dimension = ops.shape(psi)[-1]
        features, cells = self.step_features(self.spin_encoding(psi), cells, dimension)
        return self.next_state(psi, self.spin_decoding(features, dimension=dimension)), cells

    def step_features(self, encoded: Tensor, cells: Tensor, dimension: Index) -> Pair:
        """Does the part of a step between spin encoding and spin decoding.

        Args:
            encoded: Of the states, (batch, units).
            cells: Cell states, (n_layers, batch, units).
            dimension: Number of amplitudes 2**n, an integer or a scalar tensor.

        Returns:
            What the spin decoding decodes, (batch, units), and the next cell states.
        """
        x = self.first_block(self.chain_encoding(encoded, dimension=dimension))
        y, cells = self.recurrent_step(x, cells)
        return self.second_block(y), cells

    def recurrent_step(self, x: Tensor, cells: Tensor) -> Pair:
        """Does the SRU layers' part of a step, (batch, units) to (batch, units)."""
        next_cells = []
        for layer, sru in enumerate(self.sru_layers):
            x, cell = sru.step(x, cells[layer])
            next_cells.append(cell)
        return x, ops.stack(next_cells)

    def next_state(self, psi: Tensor, decoded: Tensor) -> Tensor:
        """Returns the next states from what the spin decoding made of the features."""
        if self.predicts == "state":
            return decoded
        return ops.cast(psi, decoded.dtype) + self.increment_scale * decoded

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this model again."""
        arguments = {
            "n_max": self.n_max,
            "units": self.units,
            "n_layers": self.n_layers,
            "activation": self.activation,
            "layer_norm": self.layer_norm,
            "dropout": self.dropout,
            "chain_gain": self.chain_gain,
            "predicts": self.predicts,
            "increment_scale": self.increment_scale,
            "decoder_initializer": self.decoder_initializer,
            "seed": self.seed,
        }
        base = {key: value for key, value in super().get_config().items() if key != "autocast"}
        return {**base, **arguments}

    def _make_layers(self) -> None:
        inner = {"dtype": self.dtype_policy}
        block = {
            "activation": self.activation,
            "dropout": self.dropout,
            "layer_norm": self.layer_norm,
            **inner,
        }
        second_seed = None if self.seed is None else self.seed + 1
        self.spin_encoding = SpinEncoding(self.n_max, self.units, **inner)
        self.chain_encoding = ChainEncoding(self.n_max, self.chain_gain, **inner)
        self.first_block = FeedForward(seed=self.seed, **block)
        self.sru_layers = [SRU(self.units, time_major=True, **inner) for _ in range(self.n_layers)]
        self.second_block = FeedForward(seed=second_seed, **block)
        self.spin_decoding = SpinDecoding(self.n_max, self.decoder_initializer, **inner)

    def _build_layers(self) -> None:
        """Creates all weights at once: none depends on the number of spins."""
        self.spin_encoding.build((None, None, 2, None))
        wide = (None, None, self.units)
        layers: list[keras.layers.Layer] = [self.chain_encoding, self.first_block]
        layers += [*self.sru_layers, self.second_block, self.spin_decoding]
        for layer in layers:
            layer.build(wide)
        self.built = True
