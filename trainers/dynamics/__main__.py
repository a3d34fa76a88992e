"""Trains a model to predict the time evolution of spin chains.

    python -m trainers.dynamics --config=increment --data_dir=DATA --workdir=RUN

Stopped by Ctrl-C, SIGTERM or kill -9, the same command continues.
"""

import os
import shlex
from pathlib import Path

from absl import flags

from qtf.command_line import run_command
from qtf.configuration_files import define_configuration, require_flags
from qtf.quiet_import import import_backend_quietly
from trainers.flags import (
    define_backend,
    define_change,
    define_extend,
    define_init_from,
    define_profile,
    extend,
)

define_configuration("What to train.", "dynamics")
DATA_DIR = flags.DEFINE_string("data_dir", None, "Folder of trajectories from data_gen.")
WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.")
INIT_FROM = define_init_from()
EXTEND = define_extend()
CHANGE = define_change()
BACKEND = define_backend()
PROFILE = define_profile()


def main() -> None:
    """Console entry point."""
    require_flags("workdir")
    run_command("qtf-train", _main)


def _main() -> None:
    # Threads of NumPy that wait for cores busy with training are slower than one thread.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Imported here so that --help and mistakes in the flags answer at once.
    from qtf.dynamics.runs.settings import DynamicsSettings
    from qtf.resolved_configuration import settings_from_flags

    settings = extend(settings_from_flags(DynamicsSettings), EXTEND.value)
    settings.check_data_dir(DATA_DIR.value)
    import_backend_quietly(BACKEND.value)
    from qtf.dynamics.runs.assembly import run
    from qtf.dynamics.runs.generator_fitting import summary

    workdir = str(WORKDIR.value)
    result = run(
        settings,
        workdir,
        data_dir=DATA_DIR.value,
        init_from=INIT_FROM.value,
        change=CHANGE.value,
        profile=PROFILE.value,
    )
    if result is not None:
        print(summary(result))
    print(f"Run folder: {workdir}")
    if (Path(workdir) / "tensorboard").exists():
        print(f"TensorBoard: tensorboard --logdir {shlex.quote(f'{workdir}/tensorboard')}")


if __name__ == "__main__":
    main()
