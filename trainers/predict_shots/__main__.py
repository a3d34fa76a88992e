"""Predicts means over time of chains of any length, with error bars, from what shots have told.

    python -m trainers.predict_shots --result=result.json --n_sites=12 --times=0:4:0.1 \
        --out_file=twelve.csv [--figure=twelve.png]

Couplings and rates are drawn from their covariance, and the band holds 95 % of the draws. ZZ is the
mean over neighbours, Z@2 that of site 2, Z@each of every site. With rates of jumps there may be at
most 8 spins, without 16.
"""

from pathlib import Path

from absl import flags

from qtf.command_line import run_command, value_of
from trainers.named_values import read_number

RESULT = flags.DEFINE_string("result", None, "Result of learn-shots, JSON.")
N_SITES = flags.DEFINE_integer("n_sites", None, "Number of spins.", 1)
TIMES = flags.DEFINE_list("times", None, "Times, as numbers or as FIRST:LAST:STEP.")
PREPARATION = flags.DEFINE_string("preparation", "+z", "One word for all sites, or one for each.")
OBSERVABLES = flags.DEFINE_list("observables", ["X", "Y", "Z", "XX", "YY", "ZZ"], "Pauli strings.")
N_SAMPLES = flags.DEFINE_integer("n_samples", 200, "Draws of the parameters.", 1)
SEED = flags.DEFINE_integer("seed", 0, "Seed of the draws.", 0)
OUT_FILE = flags.DEFINE_string("out_file", None, "File of the prediction: .csv or .json.")
FIGURE = flags.DEFINE_string("figure", None, "File of a figure, PNG.")

MOST_TIMES = 10_000


def main() -> None:
    """Console entry point."""
    flags.mark_flags_as_required(["result", "n_sites", "times"])
    run_command("qtf-predict-shots", _main, resumable=False)


def _main() -> None:
    times = read_times(TIMES.value or ())
    # Imported here so that --help and mistakes in the flags answer at once.
    from qtf.extras import check_installed
    from qtf.files import check_parent, write_atomically, write_figure, write_json
    from qtf.measurements.learned import LearnedParameters
    from qtf.measurements.predictions import predict_means

    for path in filter(None, (OUT_FILE.value, FIGURE.value)):
        check_parent(path)
    if OUT_FILE.value and Path(OUT_FILE.value).suffix not in (".csv", ".json"):
        raise ValueError(f"Flag --out_file must end with .csv or .json, but is {OUT_FILE.value}.")
    if FIGURE.value:
        check_installed("matplotlib", "trainers")
    prediction = predict_means(
        LearnedParameters.read(value_of(RESULT)),
        N_SITES.value or 1,
        times,
        preparation=PREPARATION.value or "+z",
        observables=OBSERVABLES.value or (),
        n_samples=N_SAMPLES.value or 1,
        seed=SEED.value or 0,
        report=lambda line: print(line, flush=True),
    )
    print("\n".join(prediction.lines()))
    if OUT_FILE.value:
        if Path(OUT_FILE.value).suffix == ".csv":
            write_atomically(OUT_FILE.value, prediction.csv_text())
        else:
            write_json(OUT_FILE.value, prediction.to_dict())
        print(f"Prediction: {OUT_FILE.value}")
    if FIGURE.value:
        write_figure(FIGURE.value, prediction.plot())
        print(f"Figure: {FIGURE.value}")


def read_times(words: "list[str] | tuple[str, ...]") -> list[float]:
    """Returns the times behind a flag.

    Args:
        words: Numbers, and ranges FIRST:LAST:STEP with both ends.

    Raises:
        ValueError: A word is neither, or a step is not positive.

    Example:
        >>> read_times(["0:0.3:0.1", "2"])
        [0.0, 0.1, 0.2, 0.3, 2.0]
    """
    times: list[float] = []
    for word in words:
        parts = [read_number("times", part) for part in word.split(":")]
        if len(parts) == 1:
            times += parts
            continue
        n_steps = round((parts[1] - parts[0]) / parts[2], 6) if _is_range(parts) else -1.0
        if not 0 <= n_steps < MOST_TIMES:
            raise ValueError(
                f"Flag --times must hold numbers or FIRST:LAST:STEP, at most {MOST_TIMES} times,"
                f" but holds {word!r}."
            )
        # Rounded as somebody would write them.
        times += [round(parts[0] + k * parts[2], 12) for k in range(int(n_steps) + 1)]
    return times


def _is_range(parts: list[float]) -> bool:
    return len(parts) == 3 and parts[2] > 0


if __name__ == "__main__":
    main()
