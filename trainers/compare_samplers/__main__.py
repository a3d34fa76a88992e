"""Compares direct samples of wave functions with Markov chains, in two figures.

    python -m trainers.compare_samplers --workdir=W --run=RUN

modes.png: configurations and magnetisations of the wave function of RUN, a run of
trainers.ground_state, sampled directly and by chains; left out without --run. training.png:
trainings of the Ising model on an open square on direct samples and on chains; left out with
--n_steps=0. Stopped, the same command continues with the first training that is missing.
"""

import os

from absl import flags

from qtf.command_line import positive_integers, run_command, value_of
from trainers.compare_samplers.settings import ChainTrainingSettings, ModesSettings

WORKDIR = flags.DEFINE_string("workdir", None, "Folder for figures and numbers.")
RUN = flags.DEFINE_string(
    "run", None, "Run folder of trainers.ground_state; of a growth, its largest size is taken."
)
N_CHAINS = flags.DEFINE_integer("n_chains", 4, "Chains of RUN, half from up, half from down.")
N_KEPT = flags.DEFINE_integer("n_kept", 1000, "Configurations kept of each chain of RUN.")
KEEP_EVERY = flags.DEFINE_integer("keep_every", 0, "Steps between these; 0: one for each site.")
SYMMETRIZED = flags.DEFINE_bool("symmetrized", False, "Average over RUN's `symmetry.group`.")
SIDE = flags.DEFINE_integer("side", 4, "Rows and columns of the square to train on.")
FIELD = flags.DEFINE_float("field", 3.0, "Its transverse field.")
STEPS_BETWEEN = flags.DEFINE_list(
    "k", ["10", "50", "100", "300"], "Steps of a chain between samples, one training for each."
)
N_STEPS = flags.DEFINE_integer("n_steps", 300, "Optimiser steps; 0: no training.", lower_bound=0)
N_SAMPLES = flags.DEFINE_integer("n_samples", 128, "Samples of an optimiser step.")
WIDTH = flags.DEFINE_integer("width", 16, "Channels of the PixelCNN.")
DEPTH = flags.DEFINE_integer("depth", 4, "Convolutions of the PixelCNN.")
LEARNING_RATE = flags.DEFINE_float("learning_rate", 2e-3, "Learning rate of Adam.")
CHUNK = flags.DEFINE_integer("chunk", 0, "Flips at once in local energies; 0: as memory allows.")
SEED = flags.DEFINE_integer("seed", 0, "Seed of weights and samples.", lower_bound=0)


def main() -> None:
    """Console entry point."""
    flags.mark_flags_as_required(["workdir"])
    run_command("qtf-compare-samplers", _main)


def _main() -> None:
    steps_between = positive_integers(STEPS_BETWEEN)
    if RUN.value is None and not N_STEPS.value:
        raise ValueError("Flag --run must name a run folder if --n_steps is 0: nothing is asked.")
    modes, training = _modes(), _training()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Imported here so that --help and mistakes in the flags answer at once.
    from qtf.quiet_import import import_tensorflow_quietly

    import_tensorflow_quietly()
    from trainers.compare_samplers.comparison import run

    workdir = value_of(WORKDIR)
    run(workdir, modes=modes, training=training, steps_between=steps_between, tell=print)
    print(f"Figures and numbers: {workdir}")


def _modes() -> ModesSettings | None:
    if RUN.value is None:
        return None
    return ModesSettings(
        run=RUN.value,
        n_chains=N_CHAINS.value,
        n_kept=N_KEPT.value,
        keep_every=KEEP_EVERY.value,
        seed=SEED.value,
        symmetrized=SYMMETRIZED.value,
    )


def _training() -> ChainTrainingSettings | None:
    if not N_STEPS.value:
        return None
    return ChainTrainingSettings(
        side=SIDE.value,
        field=FIELD.value,
        width=WIDTH.value,
        depth=DEPTH.value,
        n_samples=N_SAMPLES.value,
        n_steps=N_STEPS.value,
        learning_rate=LEARNING_RATE.value,
        chunk=CHUNK.value,
        seed=SEED.value,
    )


if __name__ == "__main__":
    main()
