"""Flags that every training has."""

from typing import TypeVar

from absl import flags

from qtf.quiet_import import JAX, TENSORFLOW
from qtf.settings import Settings

S = TypeVar("S", bound=Settings)

# They belong to the command that asks for them.
flags.disclaim_key_flags()


def define_backend() -> flags.FlagHolder:
    """Defines the flag --backend."""
    return flags.DEFINE_enum(
        "backend",
        TENSORFLOW,
        [TENSORFLOW, JAX],
        "What computes; jax needs no TensorFlow, and uses one device.",
    )


def define_profile() -> flags.FlagHolder:
    """Defines the flag --profile."""
    return flags.DEFINE_boolean("profile", False, "Trace ten of the first steps for TensorBoard.")


def define_extend() -> flags.FlagHolder:
    """Defines the flag --extend."""
    return flags.DEFINE_integer(
        "extend",
        None,
        "Epochs that follow those of the configuration, with the last learning rate of its"
        " schedule; a refinement that ends the run is extended itself.",
        lower_bound=1,
    )


def define_change() -> flags.FlagHolder:
    """Defines the flag --change."""
    return flags.DEFINE_boolean(
        "change",
        False,
        "Let the run in --workdir go on with other settings, such as the learning rate, from now"
        " on; it is kept as it was in the folder `before-STEP`.",
    )


def define_init_from() -> flags.FlagHolder:
    """Defines the flag --init_from."""
    return flags.DEFINE_string("init_from", None, "Run whose best weights to start from.")


def extend(settings: S, n_epochs: int | None) -> S:
    """Returns the settings of a training with the value of --extend."""
    return settings if n_epochs is None else settings.changed({"training": {"extend": n_epochs}})
