"""Flags that every training has."""

from absl import flags

from qtf.quiet_import import JAX, TENSORFLOW

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
