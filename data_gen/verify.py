"""Verifies a folder of trajectories or files of shots; exits with 1 if anything is wrong.

    python -m data_gen.verify --data_dir=D [--n_samples=2]
    python -m data_gen.verify --shots=shots.csv[,more.json]

What is checked of trajectories stands in `data_gen.verification.verify`. Of shots it is everything
that `learn-shots` asks for: header, letters, lengths, counts that add up to the shots.
"""

import sys
from collections.abc import Sequence

from absl import flags

from qtf.command_line import run_command, typed_name

_DATA_DIR = flags.DEFINE_string("data_dir", None, "Folder that data_gen.generate has written.")
_SHOTS = flags.DEFINE_list("shots", [], "Files of shots instead: .csv, .json or .npz.")
_N_SAMPLES = flags.DEFINE_integer(
    "n_samples", 2, "Records of every file compared with the Schroedinger equation.", 0
)

# So many problems are printed; the rest is only counted.
_MOST_LINES = 50


def main() -> None:
    """Runs the command `qtf-verify`."""
    run_command("qtf-verify", _verify)


def _verify() -> int:
    if bool(_DATA_DIR.value) == bool(_SHOTS.value):
        raise ValueError("One of the flags --data_dir and --shots must be given, not both.")
    return _verify_shots(_SHOTS.value) if _SHOTS.value else _verify_trajectories()


def _verify_shots(paths: Sequence[str]) -> int:
    """Returns 1 if a file is damaged; the first mistake in each is told."""
    from qtf.measurements.formats import read_experiments

    n_problems = 0
    for path in paths:
        try:
            shots = read_experiments(path)
        except (ValueError, OSError) as error:
            n_problems += 1
            print(f"{typed_name('qtf-verify')}: {error}", file=sys.stderr)
        else:
            settings = f"{len(shots.settings)} settings of {shots.n_sites} sites"
            print(f"File {path}: {settings}, {shots.shots} shots.")
    print(f"{len(paths)} files: {n_problems} problems.")
    return 1 if n_problems else 0


def _verify_trajectories() -> int:
    # Imported here so that --help and mistakes in the flags answer at once.
    from data_gen.verification import verify

    done = verify(str(_DATA_DIR.value), n_samples=_N_SAMPLES.value)
    for problem in done.problems[:_MOST_LINES]:
        print(f"{typed_name('qtf-verify')}: {problem}", file=sys.stderr)
    print(
        f"{done.n_files} files, {done.n_records} records, {done.n_samples} of them compared"
        f" with the Schroedinger equation: {len(done.problems)} problems."
    )
    return 1 if done.problems else 0


if __name__ == "__main__":
    main()
