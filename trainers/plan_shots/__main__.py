"""Tells what measurements are expected to tell, and which of them to take for a precision.

    python -m trainers.plan_shots --result=result.json --times=0.5,1.0,2.0 --target=0.01 \
        --out_file=plan.csv [--measured=shots.csv]
    python -m trainers.plan_shots --n_sites=4 --guess=ZZ=1.0:0.2,X=0.5:0.2,e01=0.02 \
        --times=0.5,1.0 --shots=20000 --out_file=plan.csv

The parameters are those of a result of `learn-shots`, or of a guess as NAME=VALUE or, with the
standard deviation of what is not known, NAME=VALUE:DEVIATION. Candidates are random settings at the
times, or those of a file. With `--asis` settings of a file are judged as they are.
"""

from typing import TYPE_CHECKING

from absl import flags

from qtf.command_line import run_command
from trainers.named_values import read_number, read_pairs

if TYPE_CHECKING:
    import numpy as np

    from qtf.measurements.experiments import Setting
    from qtf.measurements.model import ShotModel

RESULT = flags.DEFINE_string("result", None, "Result of learn-shots, whose values are the guess.")
GUESS = flags.DEFINE_list("guess", [], "Guess, as NAME=VALUE or NAME=VALUE:DEVIATION.")
SHAPES = flags.DEFINE_string(
    "shapes", None, "File of functions of the time that terms such as pulse*X have, JSON."
)
N_SITES = flags.DEFINE_integer("n_sites", None, "Number of spins, with --guess.", 1)
TIMES = flags.DEFINE_list("times", [], "Times of the candidates.")
CANDIDATES = flags.DEFINE_string("candidates", None, "File of candidates, CSV, instead of --times.")
N_CANDIDATES = flags.DEFINE_integer("n_candidates", 400, "Random candidates.", 1)
PREPARATION = flags.DEFINE_string("preparation", "axes", "Of random ones: axes, random or words.")
SEED = flags.DEFINE_integer("seed", 0, "Seed of random candidates and guesses.", 0)
MEASURED = flags.DEFINE_list("measured", [], "Files of shots that were measured already.")
WANTED = flags.DEFINE_list("wanted", None, "Names of the parameters that are wanted; all.")
TARGET = flags.DEFINE_float("target", None, "Root mean square error that is wanted.")
SHOTS = flags.DEFINE_integer("shots", None, "Number of all shots, instead of --target.")
AS_IS = flags.DEFINE_boolean("asis", False, "Choose nothing; tell errors of the candidates.")
OUT_FILE = flags.DEFINE_string("out_file", None, "File of the plan, CSV.")

# Of a guess with deviations.
N_GUESSES = 20


def main() -> None:
    """Console entry point."""
    run_command("qtf-plan-shots", _main, resumable=False)


def _main() -> None:
    _check_flags()
    # Imported here so that --help and mistakes in the flags answer at once.
    from qtf.files import check_parent
    from qtf.measurements.formats import read_experiments
    from qtf.measurements.planning import expected_errors, plan_shots
    from qtf.measurements.setting_files import write_settings

    if OUT_FILE.value:
        check_parent(OUT_FILE.value)
    model, guesses = _model_and_guesses()
    candidates = _candidates(model.n_sites)
    measured = [s for path in MEASURED.value or () for s in read_experiments(path).settings]
    if AS_IS.value:
        errors = expected_errors(model, guesses, [*measured, *candidates])
        width = max(map(len, model.names))
        for name, error in zip(model.names, errors.tolist(), strict=True):
            print(f"{name:{width}}  {error:9.2g}")
        return
    plan = plan_shots(
        model,
        guesses,
        candidates,
        target=TARGET.value,
        shots=SHOTS.value,
        wanted=WANTED.value,
        measured=measured,
    )
    print("\n".join(plan.lines()))
    if OUT_FILE.value:
        write_settings(OUT_FILE.value, plan.settings)
        print(f"Plan: {OUT_FILE.value}")


def _check_flags() -> None:
    if bool(RESULT.value) == bool(GUESS.value):
        raise ValueError("One of the flags --result and --guess must be given, not both.")
    if GUESS.value and N_SITES.value is None:
        raise ValueError("Flag --n_sites must be given with --guess, but is not.")
    if bool(CANDIDATES.value) == bool(TIMES.value):
        raise ValueError("One of the flags --candidates and --times must be given, not both.")
    if not AS_IS.value and (TARGET.value is None) == (SHOTS.value is None):
        raise ValueError("One of the flags --target and --shots must be given, not both.")


def _model_and_guesses() -> "tuple[ShotModel, np.ndarray]":
    """Returns what is to be learned, and values of it, (m, size)."""
    import numpy as np

    from qtf.measurements.learned import LearnedParameters
    from qtf.measurements.missing import model_of_names
    from qtf.measurements.shape_files import read_shapes
    from qtf.streams import Stream

    if RESULT.value:
        learned = LearnedParameters.read(RESULT.value)
        values = zip(learned.names, learned.values.tolist(), strict=True)
        pairs, n_sites = {name: (value, 0.0) for name, value in values}, learned.n_sites
    else:
        pairs, n_sites = {}, N_SITES.value or 1
        for name, text in read_pairs("guess", GUESS.value):
            value, _, deviation = text.partition(":")
            pairs[name] = (read_number("guess", value), read_number("guess", deviation or "0"))
    model = model_of_names(n_sites, pairs, read_shapes(SHAPES.value) if SHAPES.value else {})
    means, deviations = np.array([pairs[name] for name in model.names]).T
    if not deviations.any():
        return model, means[None]
    random = np.random.default_rng((SEED.value or 0, Stream.SHOT_GUESSES))
    drawn = means + deviations * random.normal(size=(N_GUESSES, model.size))
    return model, np.clip(drawn, *model.bounds)


def _candidates(n_sites: int) -> "list[Setting]":
    from qtf.measurements.drawn_settings import random_settings
    from qtf.measurements.setting_files import read_settings

    if CANDIDATES.value:
        return read_settings(CANDIDATES.value, n_sites=n_sites)
    times = [read_number("times", time) for time in TIMES.value or ()]
    return random_settings(
        n_sites,
        times,
        max(1, (N_CANDIDATES.value or 1) // len(times)),
        preparation=PREPARATION.value or "axes",
        seed=SEED.value or 0,
    )


if __name__ == "__main__":
    main()
