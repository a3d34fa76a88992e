"""Finds a ground state by variational Monte Carlo with an autoregressive wave function.

    python -m trainers.ground_state --config=configs/ground_state/ising_square.py --workdir=RUN

With `refinement.n_epochs` a small system ends on sums over all its configurations, see
configs/ground_state/heisenberg_square.py. With `growth.sizes` it is retrained on larger and
larger lattices, see configs/ground_state/grow_chain.py.

Stopped by Ctrl-C, SIGTERM or kill -9, the same command continues.
"""

import os
from typing import Any

from absl import flags

from qtf.command_line import run_command
from qtf.configuration_files import define_configuration

CONFIG = define_configuration("Which ground state, and how.")
WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.")
PROFILE = flags.DEFINE_boolean("profile", False, "Trace ten of the first steps for TensorBoard.")


def main() -> None:
    """Console entry point."""
    flags.mark_flags_as_required(["config", "workdir"])
    run_command("qtf-ground-state", _main)


def _main() -> None:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Imported here so that --help and mistakes in the flags answer at once.
    from qtf.quiet_import import import_tensorflow_quietly
    from trainers.ground_state import config as ground_state_config

    config = ground_state_config.resolved(CONFIG.value)
    import_tensorflow_quietly()
    from trainers.ground_state.references import find_reference, reference_entries
    from trainers.ground_state.refinement import run_and_refine
    from trainers.ground_state.report import lines, measure

    if config["growth"]["sizes"]:
        _grow(config)
        return
    task, model = run_and_refine(config, WORKDIR.value, profile=PROFILE.value)
    found = measure(task, model, WORKDIR.value, more=reference_entries(find_reference(config)))
    for line in lines(found, config["physics"]["hamiltonian"]):
        print(line)
    print(f"Run folder: {WORKDIR.value}")


def _grow(config: dict[str, Any]) -> None:
    from trainers.ground_state.growth.report import HEADER, bulk_line, line
    from trainers.ground_state.growth.sizes import grow

    print(HEADER)
    for found in grow(config, WORKDIR.value, profile=PROFILE.value):
        row = found["rows"][-1]
        for text in (line(row), *(f"Warning: {warning}" for warning in row["warnings"])):
            print(text, flush=True)
    if found["bulk"] is not None:
        print(bulk_line(found["bulk"]))
    print(f"Folder of the growth: {WORKDIR.value}")


if __name__ == "__main__":
    main()
