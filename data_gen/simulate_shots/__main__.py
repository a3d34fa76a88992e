"""Simulates experiments: strings of bits after a preparation, a time and a basis.

    python -m data_gen.simulate_shots --config=ising_shots --out_file=shots.csv [--workers=K]

The file ends with .csv, .json or .npz. It is the same whatever the number of workers, and whole or
not there; the same command continues a simulation that was interrupted or killed. With
`--settings=plan.csv`, as `plan-shots` writes it, these are measured.
"""

from absl import flags

from qtf.command_line import run_command, value_of
from qtf.configuration_files import define_configuration, require_flags

define_configuration("What is measured, for example `ising_shots`.", "measurements")
OUT_FILE = flags.DEFINE_string("out_file", None, "File of the shots: .csv, .json or .npz.")
SETTINGS = flags.DEFINE_string("settings", None, "File of the settings to measure, CSV.")
WORKERS = flags.DEFINE_integer("workers", 1, "Processes.", 1)


def main() -> None:
    """Console entry point."""
    require_flags("out_file")
    run_command("qtf-simulate-shots", _simulate)


def _simulate() -> None:
    # Imported here so that --help and mistakes in the flags answer at once.
    from data_gen.shot_settings import ShotSettings
    from qtf.resolved_configuration import settings_from_flags

    settings = settings_from_flags(ShotSettings)
    from data_gen.shots import simulate
    from qtf.measurements.formats import check_ending
    from qtf.measurements.setting_files import read_settings

    # Before anything is computed.
    path = check_ending(value_of(OUT_FILE))
    planned = read_settings(SETTINGS.value) if SETTINGS.value else None
    experiments = simulate(settings, path, measured=planned, workers=WORKERS.value or 1)
    print(f"File {path}: {len(experiments.settings)} settings, {experiments.shots} shots.")


if __name__ == "__main__":
    main()
