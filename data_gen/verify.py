"""Verifies a folder of trajectories; exits with 1 if anything is wrong.

    python -m data_gen.verify --data_dir=D [--n_samples=2]

What is checked stands in `data_gen.verification.verify`.
"""

import sys

from absl import flags

from qtf.command_line import run_command, typed_name

_DATA_DIR = flags.DEFINE_string("data_dir", None, "Folder that data_gen.generate has written.")
_N_SAMPLES = flags.DEFINE_integer(
    "n_samples", 2, "Records of every file compared with the Schroedinger equation.", 0
)

# So many problems are printed; the rest is only counted.
_MOST_LINES = 50


def main() -> None:
    """Runs the command `qtf-verify`."""
    flags.mark_flag_as_required("data_dir")
    run_command("qtf-verify", _verify)


def _verify() -> int:
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
