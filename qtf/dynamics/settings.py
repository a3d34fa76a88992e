"""What a model of dynamics and its training can be told. No Keras."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Annotated, Any

from qtf.checks import (
    COUNT,
    COUNT_OR_0,
    FINITE,
    FLAG,
    FRACTION,
    NOT_NEGATIVE,
    POSITIVE,
    OneOf,
    Optional,
    Several,
)
from qtf.settings import Settings

NETWORK_PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"n_layers": 4, "layer_norm": True, "dropout": 0.005, "predicts": "state"},
    "increment": {
        "n_layers": 1,
        "layer_norm": False,
        "dropout": 0.0,
        "chain_gain": True,
        "predicts": "increment",
        "decoder_initializer": "zeros",
    },
}
LOCAL_GENERATOR = "local_generator"
PRESETS = (*NETWORK_PRESETS, LOCAL_GENERATOR)
PREDICTED = ("state", "increment")
LOSSES = ("mean_squared_error", "squared_distance")


@dataclass(frozen=True)
class AnyModelSettings(Settings, section="model"):
    """What every model has.

    Attributes:
        preset: Preset of the model: the network `increment` or `paper`, or `local_generator`.
        n_max: Largest n; the tables of a network have `2**n_max` rows.
    """

    preset: Annotated[str, OneOf(PRESETS)] = "increment"
    n_max: Annotated[int, COUNT] = 10


@dataclass(frozen=True)
class NetworkSettings(Settings, section="model"):
    """The network; None: as the preset, or the default of `TransferableSRU`, has it.

    Attributes:
        units: Width, an even number.
        n_layers: SRU layers; None: 4 for `paper`, 1 for `increment`.
        activation: Activation of the feed-forward blocks.
        layer_norm: Whether the feed-forward blocks are layer-normalised.
        dropout: Rate of dropout in the feed-forward blocks.
        predicts: What is decoded: the next state or the change of the state.
        increment_scale: Scale of the change of the state.
        chain_gain: Whether the chain encoding also multiplies.
        decoder_initializer: Initializer of the spin decoding.
    """

    units: Annotated[int, COUNT] = 512
    n_layers: Annotated[int | None, Optional(COUNT)] = None
    activation: str = "relu"
    layer_norm: Annotated[bool | None, Optional(FLAG)] = None
    dropout: Annotated[float | None, Optional(FRACTION)] = None
    predicts: Annotated[str | None, Optional(OneOf(PREDICTED))] = None
    increment_scale: Annotated[float | None, Optional(POSITIVE)] = None
    chain_gain: Annotated[bool | None, Optional(FLAG)] = None
    decoder_initializer: str | None = None


@dataclass(frozen=True)
class GeneratorSettings(Settings, section="model"):
    """The local generator; None: as `LocalGenerator` has it.

    Attributes:
        interaction_range: Largest distance of two sites in one term of a local generator; None: 1.
        site_dependent: Whether a local generator has fields of its own on each site of one chain,
            whose n is the only one of `data.n_sites`; no edges.
        fields: Given fields f_i of one chain, whose form a local generator learns:
            sum_i f_i sum_P form_P P_i.
        order: Order of the Taylor series of a local generator; None: chosen at every step.
    """

    interaction_range: Annotated[int | None, Optional(COUNT)] = None
    site_dependent: Annotated[bool | None, Optional(FLAG)] = None
    fields: Annotated[tuple[float, ...] | None, Optional(Several(FINITE))] = None
    order: Annotated[int | None, Optional(COUNT)] = None


@dataclass(frozen=True)
class ModelSettings(GeneratorSettings, NetworkSettings, AnyModelSettings, section="model"):
    """The model, a network or a local generator."""

    def __post_init__(self) -> None:
        """Checks every rule."""
        super().__post_init__()
        other = NetworkSettings() if self.is_generator else GeneratorSettings()
        for key, value in other.as_mapping().items():
            if getattr(self, key) != value:
                raise ValueError(f"Setting `model.{key}` belongs to {self._other_presets}.")

    @property
    def is_generator(self) -> bool:
        """Whether this is a local generator and no network."""
        return self.preset == LOCAL_GENERATOR

    @property
    def belongs_to_one_chain(self) -> bool:
        """Whether the sites of one chain differ, so that no other chain has the same terms."""
        return bool(self.site_dependent) or self.fields is not None

    def given(self) -> dict[str, Any]:
        """Returns the arguments of the model's class that are not left to the preset."""
        kind = GeneratorSettings if self.is_generator else NetworkSettings
        chosen = {field.name: getattr(self, field.name) for field in fields(kind)}
        return {key: value for key, value in chosen.items() if value is not None}

    @property
    def _other_presets(self) -> str:
        if self.is_generator:
            return f'the networks, not to "{LOCAL_GENERATOR}"'
        return f'the preset "{LOCAL_GENERATOR}", not to "{self.preset}"'


@dataclass(frozen=True)
class FitSettings(Settings, section="fit"):
    """The fit of a local generator by the method `lbfgs`.

    Attributes:
        n_trajectories: Trajectories of each n.
        n_steps: Steps of them that are used.
        last_lag: Longest distance of two states, in steps; 0: two thirds of `n_steps`.
        noise: Standard deviation of Gaussian noise added to every real and imaginary part, for
            trials.
    """

    n_trajectories: Annotated[int, COUNT] = 100
    n_steps: Annotated[int, COUNT] = 100
    last_lag: Annotated[int, COUNT_OR_0] = 0
    noise: Annotated[float, NOT_NEGATIVE] = 0.0

    def __post_init__(self) -> None:
        """Checks every rule."""
        super().__post_init__()
        if self.last_lag > self.n_steps:
            raise ValueError(
                f"Setting `fit.last_lag` must be at most `fit.n_steps` = {self.n_steps}, but is"
                f" {self.last_lag}."
            )


def metric_names(n_sites: Iterable[int]) -> tuple[str, ...]:
    """Returns the names of the metrics of a validation at these chain lengths.

    Example:
        >>> metric_names((2, 3))
        ('loss', 'mre', 'loss_n2', 'loss_n3', 'mre_n2', 'mre_n3')
    """
    lengths = tuple(n_sites)
    return ("loss", "mre", *(f"{name}_n{n}" for name in ("loss", "mre") for n in lengths))
