"""Computes references of an open system by quantum trajectories of pure states.

    python -m trainers.trajectories --config=ising_chain:16,2.0 --workdir=REFERENCE

Configurations are those of open systems: of one that follows time come the means after each of its
steps, of one that looks for a steady state those at rest. Stopped by Ctrl-C, SIGTERM or kill -9,
the same command continues; with more trajectories it adds to those that are there.
"""

import os

from absl import flags

from qtf.command_line import run_command, value_of
from qtf.configuration_files import define_configuration, require_flags

define_configuration("Which system, a configuration of open systems.", "open_system")
WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the trajectories.")
N_TRAJECTORIES = flags.DEFINE_integer("n_trajectories", 100, "Number of trajectories.", 2)
TIMES = flags.DEFINE_list("times", None, "Times of the means; those of the configuration if not.")
BURN_IN = flags.DEFINE_float("burn_in", 10.0, "Time before averages at rest begin.", 0.0)
DURATION = flags.DEFINE_float("duration", 50.0, "Time that averages at rest last.")
INTERVAL = flags.DEFINE_float("interval", 0.25, "Time between measurements at rest.")
CONTROLS = flags.DEFINE_boolean(
    "controls", True, "At rest, whether operators of mean zero take most of the noise."
)
SEED = flags.DEFINE_integer("seed", 0, "Seed of the trajectories.", 0)
WORKERS = flags.DEFINE_integer("workers", None, "Processes; by default one for each core.", 1)


def main() -> None:
    """Console entry point."""
    require_flags("workdir")
    run_command("qtf-trajectories", _main)


def _main() -> None:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Imported here so that --help and mistakes in the flags answer at once.
    from qtf.open_systems.runs.settings import OpenSystemSettings
    from qtf.resolved_configuration import settings_from_flags

    settings = settings_from_flags(OpenSystemSettings)
    from qtf.open_systems.runs.trajectories import AtRest, TrajectorySettings
    from qtf.worker_processes import default_workers
    from trainers.trajectories.computation import follow
    from trainers.trajectories.report import lines

    workdir = value_of(WORKDIR)
    asked = TrajectorySettings.of_run(
        settings,
        times=_times(TIMES.value),
        at_rest=AtRest(BURN_IN.value, DURATION.value, INTERVAL.value, CONTROLS.value),
        seed=SEED.value,
    )
    done = follow(
        asked,
        workdir,
        n_trajectories=N_TRAJECTORIES.value,
        workers=WORKERS.value or default_workers(),
    )
    for line in lines(done):
        print(line)
    print(f"Folder: {workdir}")


def _times(words: list[str] | None) -> list[float] | None:
    if words is None:
        return None
    try:
        times = [float(word) for word in words]
    except ValueError:
        times = []
    if not times or not all(0.0 <= time < float("inf") for time in times):
        raise ValueError(f"Flag --times must hold times of at least 0, but is {','.join(words)}.")
    return sorted(times)


if __name__ == "__main__":
    main()
