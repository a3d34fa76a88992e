"""Follows an open quantum system in time, or finds its steady state, as outcome probabilities.

    python -m trainers.open_system --config=heisenberg_chain --workdir=RUN

Stopped by Ctrl-C, SIGTERM or kill -9, the same command continues.
"""

import os

from absl import flags

from qtf.command_line import run_command, value_of
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

define_configuration("Which system, and how.", "open_system")
WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.")
INIT_FROM = define_init_from()
EXTEND = define_extend()
CHANGE = define_change()
BACKEND = define_backend()
PROFILE = define_profile()


def main() -> None:
    """Console entry point."""
    require_flags("workdir")
    run_command("qtf-open-system", _main)


def _main() -> None:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Imported here so that --help and mistakes in the flags answer at once.
    from qtf.open_systems.runs.settings import OpenSystemSettings
    from qtf.resolved_configuration import settings_from_flags

    settings = extend(settings_from_flags(OpenSystemSettings), EXTEND.value)
    import_backend_quietly(BACKEND.value)
    from qtf.open_systems.runs.assembly import run
    from qtf.open_systems.runs.report import lines, measure

    workdir = value_of(WORKDIR)
    training = run(
        settings,
        workdir,
        init_from=INIT_FROM.value,
        change=CHANGE.value,
        profile=PROFILE.value,
    )
    for line in lines(measure(training, workdir)):
        print(line)
    print(f"Run folder: {workdir}")


if __name__ == "__main__":
    main()
