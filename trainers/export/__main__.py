"""Exports the best weights of a run as the next version of a SavedModel.

    python -m trainers.export --workdir=RUN --model_dir=MODELS/ising

The run is one of trainers.dynamics, trainers.ground_state or trainers.open_system; of a growth,
the largest size that has weights, or RUN/size-032 for another one. Of an open system that is
followed in time the last weights are taken, not the best.
"""

import sys

from absl import flags

from qtf.command_line import positive_integers, run_command, typed_name, value_of
from qtf.export.settings import ExportSettings

WORKDIR = flags.DEFINE_string("workdir", None, "Run folder of the model.")
MODEL_DIR = flags.DEFINE_string("model_dir", None, "Folder of all versions of the model.")
MAX_STEPS = flags.DEFINE_integer(
    "max_steps", None, "Dynamics: largest number of steps of one request; 1000 by default."
)
N_SITES = flags.DEFINE_list(
    "n_sites",
    [],
    "Dynamics: chain lengths to serve; by default those of the training, and for a local"
    " generator 2 to 12.",
)
XLA = flags.DEFINE_bool(
    "xla_signature", False, "Dynamics: also write `rollout_xla`, for servers started with XLA."
)
MAX_SAMPLES = flags.DEFINE_integer(
    "max_samples",
    None,
    "Ground states and open systems: largest number of configurations of one request; 4096 by"
    " default.",
)
SYMMETRIZED = flags.DEFINE_bool(
    "symmetrized", False, "Ground states: average over the run's `symmetry.group`."
)
AVERAGE_WITH = flags.DEFINE_list(
    "average_with", [], "Open systems: run folders whose probabilities are averaged with it."
)

# In names of folders: TensorFlow's own loader looks for other folders then.
ONLY_FOR_US = frozenset("[\\")


def main() -> None:
    """Console entry point."""
    flags.mark_flags_as_required(["workdir", "model_dir"])
    run_command("qtf-export", _main, resumable=False)


def _main() -> None:
    settings = ExportSettings(
        max_steps=MAX_STEPS.value,
        xla_signature=XLA.value,
        n_sites=tuple(positive_integers(N_SITES)),
        max_samples=MAX_SAMPLES.value,
        symmetrized=SYMMETRIZED.value,
        average_with=tuple(AVERAGE_WITH.value),
    )
    # Imported here so that --help and mistakes in the flags answer at once.
    from qtf.quiet_import import import_tensorflow_quietly

    import_tensorflow_quietly()
    from qtf.export.exporters import run

    version = run(value_of(WORKDIR), value_of(MODEL_DIR), settings)
    print(f"SavedModel: {version}")
    if not ONLY_FOR_US.isdisjoint(str(version.resolve())):
        print(
            f"{typed_name('qtf-export')}: TensorFlow takes [ and \\ in paths for patterns;"
            " qtf-serve reads this"
            " model, but tf.saved_model.load and TensorFlow Serving need a folder of another name.",
            file=sys.stderr,
        )


if __name__ == "__main__":
    main()
