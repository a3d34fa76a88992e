"""Finds a ground state by variational Monte Carlo with an autoregressive wave function.

    python -m trainers.ground_state --config=ising_square --workdir=RUN

With `refinement.n_epochs` a small system ends on sums over all its configurations, see
configs/ground_state/heisenberg_square.py. With `growth.sizes` it is retrained on larger and
larger lattices, see configs/ground_state/grow_chain.py.

Stopped by Ctrl-C, SIGTERM or kill -9, the same command continues.
"""

import os
from typing import TYPE_CHECKING

from absl import flags

from qtf.command_line import run_command
from qtf.configuration_files import define_configuration, require_flags
from qtf.extras import check_installed
from qtf.quiet_import import import_backend_quietly
from trainers.flags import (
    define_backend,
    define_change,
    define_extend,
    define_init_from,
    define_profile,
    extend,
)

if TYPE_CHECKING:
    from qtf.ground_states.runs.settings import GroundStateSettings

define_configuration("Which ground state, and how.", "ground_state")
WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.")
INIT_FROM = define_init_from()
EXTEND = define_extend()
CHANGE = define_change()
BACKEND = define_backend()
PROFILE = define_profile()


def main() -> None:
    """Console entry point."""
    require_flags("workdir")
    run_command("qtf-ground-state", _main)


def _main() -> None:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Imported here so that --help and mistakes in the flags answer at once.
    from qtf.ground_states.runs.settings import GroundStateSettings
    from qtf.resolved_configuration import settings_from_flags

    settings = extend(settings_from_flags(GroundStateSettings), EXTEND.value)
    # Exact energies come first, and may take minutes.
    check_installed(BACKEND.value, "trainers")
    command = _grow if settings.growth.sizes else _search
    command(settings, str(WORKDIR.value))


def _search(settings: "GroundStateSettings", workdir: str) -> None:
    from qtf.ground_states.runs.facts import find_facts

    facts = find_facts(settings)
    import_backend_quietly(BACKEND.value)
    from qtf.ground_states.runs.refinement import run_and_refine
    from qtf.ground_states.runs.report import lines, measure, write_result

    training = run_and_refine(
        settings,
        facts,
        workdir,
        init_from=INIT_FROM.value,
        change=CHANGE.value,
        profile=PROFILE.value,
    )
    result = measure(training, workdir, facts.reference)
    write_result(result, workdir)
    for line in lines(result, settings.physics.hamiltonian):
        print(line)
    print(f"Run folder: {workdir}")


def _grow(settings: "GroundStateSettings", workdir: str) -> None:
    for flag in (INIT_FROM, CHANGE):
        if flag.value:
            raise ValueError(f"Flag --{flag.name} must not be given for a growth, but is.")
    from trainers.ground_state.growth.stages import find_all_facts, make_stages

    facts = find_all_facts(make_stages(settings))
    import_backend_quietly(BACKEND.value)
    from trainers.ground_state.growth.grow import grow
    from trainers.ground_state.growth.report import HEADER, bulk_line, lines

    print(HEADER)
    for growth in grow(settings, facts, workdir, profile=PROFILE.value):
        for line in lines(growth.rows[-1]):
            print(line, flush=True)
    if growth.bulk is not None:
        print(bulk_line(growth.bulk))
    print(f"Folder of the growth: {workdir}")


if __name__ == "__main__":
    main()
