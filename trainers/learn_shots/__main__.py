"""Learns couplings, rates of jumps and readout errors from shots, and prints them with error bars.

    python -m trainers.learn_shots --data=shots.csv [--terms=X,ZZ,Z@each] [--jumps=decay] \
        [--readout=e01,e10] [--fixed=ZZ=1.0] [--out_file=result.json]

Terms are Pauli strings along a chain: ZZ is the sum over neighbours, ZIZ over second neighbours,
X@2 acts on site 2, X@each has a coefficient for each site.
"""

from collections.abc import Iterable

from absl import flags

from qtf.command_line import run_command, value_of

DATA = flags.DEFINE_string("data", None, "File of shots: .csv, .json or .npz.")
TERMS = flags.DEFINE_list("terms", None, "Terms; by default all of one site and of neighbours.")
JUMPS = flags.DEFINE_list("jumps", [], "Jumps: decay, pump, dephasing, also decay@2, decay@each.")
READOUT = flags.DEFINE_list("readout", [], "Readout errors: e01, e10, also e01@2, e01@each.")
FIXED = flags.DEFINE_list("fixed", [], "Parameters that are known, as NAME=VALUE.")
PRIORS = flags.DEFINE_list("priors", [], "Gaussian priors, as NAME=MEAN:DEVIATION.")
STARTS = flags.DEFINE_integer("n_starts", 10, "Starts, where one does not explain the data.", 1)
SEED = flags.DEFINE_integer("seed", 0, "Seed of the starts after the first.", 0)
OUT_FILE = flags.DEFINE_string("out_file", None, "File of the result, JSON.")


def main() -> None:
    """Console entry point."""
    flags.mark_flag_as_required("data")
    run_command("qtf-learn-shots", _main, resumable=False)


def _main() -> None:
    fixed = {name: _number("fixed", value) for name, value in _pairs("fixed", FIXED.value)}
    priors = {}
    for name, value in _pairs("priors", PRIORS.value):
        mean, _, deviation = value.partition(":")
        priors[name] = (_number("priors", mean), _number("priors", deviation))
    # Imported here so that --help and mistakes in the flags answer at once.
    from qtf.files import write_json
    from qtf.measurements.fit import fit_words
    from qtf.measurements.formats import read_experiments

    fit = fit_words(
        read_experiments(value_of(DATA)),
        terms=TERMS.value,
        jumps=JUMPS.value,
        readout=READOUT.value,
        fixed=fixed,
        priors=priors,
        n_starts=STARTS.value or 1,
        seed=SEED.value or 0,
        report=lambda line: print(line, flush=True),
    )
    for line in fit.lines():
        print(line)
    if OUT_FILE.value:
        write_json(OUT_FILE.value, fit.to_dict())
        print(f"Result: {OUT_FILE.value}")


def _pairs(flag: str, entries: Iterable[str] | None) -> list[tuple[str, str]]:
    pairs = []
    for entry in entries or ():
        name, equals, value = entry.partition("=")
        if not (name and equals and value):
            raise ValueError(f"Flag --{flag} must hold NAME=VALUE, but holds {entry!r}.")
        pairs.append((name, value))
    return pairs


def _number(flag: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ValueError(f"Flag --{flag} must hold numbers, but holds {text!r}.") from error


if __name__ == "__main__":
    main()
