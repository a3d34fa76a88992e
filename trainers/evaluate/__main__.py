"""Compares a trained model with exact evolution and with trivial predictors.

python -m trainers.evaluate --workdir=RUN --data_dir=DATA --out_dir=REPORT

Without --data_dir, states are drawn from the law of the run, for --n_sites=5,8,12.
"""

from absl import flags

from qtf.command_line import positive_integers, run_command

WORKDIR = flags.DEFINE_string("workdir", None, "Run folder of the model.")
DATA_DIR = flags.DEFINE_string("data_dir", None, "Folder of trajectories with a test split.")
OUT_DIR = flags.DEFINE_string("out_dir", None, "Folder for metrics, figures and report.")
N_STEPS = flags.DEFINE_integer("n_steps", 100, "Steps to predict.", lower_bound=1)
N_SITES = flags.DEFINE_list("n_sites", [], "Chain lengths; by default those of the data.")
N_SAMPLES = flags.DEFINE_integer(
    "n_samples", 1000, "Test sequences for each n, at most.", lower_bound=1
)


def main() -> None:
    """Console entry point."""
    flags.mark_flags_as_required(["workdir", "out_dir"])
    run_command("qtf-evaluate", _main, resumable=False)


def _main() -> None:
    n_sites = positive_integers(N_SITES)
    # Imported here so that --help and mistakes in the flags answer at once.
    from qtf.quiet_import import import_tensorflow_quietly

    import_tensorflow_quietly()
    from trainers.evaluate.evaluation import run
    from trainers.evaluate.report import mre_table

    page, evaluations = run(
        str(WORKDIR.value),
        DATA_DIR.value,
        str(OUT_DIR.value),
        n_steps=N_STEPS.value,
        n_samples=N_SAMPLES.value,
        n_sites=n_sites,
    )
    print(f"Mean relative entropy at step {N_STEPS.value}:")
    for row in mre_table(evaluations, N_STEPS.value):
        errors = "  ".join(f"{name} {value:.2e}" for name, value in row.errors.items())
        print(f"  n {row.n_sites}  {errors}")
    print(f"Report: {page}")


if __name__ == "__main__":
    main()
