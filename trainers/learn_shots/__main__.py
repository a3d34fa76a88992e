"""Learns couplings, rates of jumps and errors from shots, and prints them with error bars.

    python -m trainers.learn_shots --data=shots.csv [--terms=X,ZZ,Z@each] [--jumps=decay] \
        [--readout=e01,e10] [--preparation_errors=depolarised] [--fixed=ZZ=1.0] \
        [--out_file=result.json] [--report=report.html]
    python -m trainers.learn_shots --data=shots.csv --select [--range=2] [--noeach] [--keep=ZZ@1]
    python -m trainers.learn_shots --data=shots.csv --terms=X,ZZ --workdir=RUN --dt=0.02
    python -m trainers.learn_shots --data=shots.csv --jumps=decay --workdir=RUN --dt=0.1 \
        --n_steps=20

Terms are Pauli strings along a chain: ZZ is the sum over neighbours, ZIZ over second neighbours,
X@2 acts on site 2, X@each has a coefficient for each site, pulse*X is multiplied by a function of
the time that the file of --shapes has. With --select they are a dictionary, of which those are kept
that the data ask for. Chains of more than 16 sites, with jumps or errors of the preparation 7, are
learned by patches.

With --workdir what was learned becomes a run folder, as `train` leaves it of a local generator, or
with --jumps as `open-system` leaves it of a system that is followed in time.
"""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from absl import flags

from qtf.command_line import run_command
from trainers.learn_shots.run_folder import Wanted
from trainers.named_values import read_number, read_pairs

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from qtf.measurements.experiments import Experiments
    from qtf.measurements.result import ShotFit
    from qtf.measurements.selection import Selection

DATA = flags.DEFINE_list("data", None, "File of shots: .csv, .json or .npz; or several.")
TERMS = flags.DEFINE_list("terms", None, "Terms; by default all of one site and of neighbours.")
JUMPS = flags.DEFINE_list("jumps", [], "Jumps: decay, pump, dephasing, also decay@2, decay@each.")
READOUT = flags.DEFINE_list("readout", [], "Readout errors: e01, e10, also e01@2, e01@each.")
PREPARATION_ERRORS = flags.DEFINE_list(
    "preparation_errors", [], "Errors of the preparation: depolarised, also depolarised@each."
)
SHAPES = flags.DEFINE_string(
    "shapes", None, "File of functions of the time that terms such as pulse*X have, JSON."
)
FIXED = flags.DEFINE_list("fixed", [], "Parameters that are known, as NAME=VALUE.")
PRIORS = flags.DEFINE_list("priors", [], "Gaussian priors, as NAME=MEAN:DEVIATION.")
SELECT = flags.DEFINE_boolean("select", False, "Keep only what the data ask for.")
RANGE = flags.DEFINE_integer("range", 1, "Largest distance of two sites in terms by default.", 1)
EACH = flags.DEFINE_boolean("each", None, "Terms by default for each site; so with --select.")
KEEP = flags.DEFINE_list("keep", [], "Names that --select keeps, whatever their values.")
PATCHES = flags.DEFINE_boolean(
    "patches", False, "Learn by patches; so beyond 16 sites, with noise 7."
)
WORKERS = flags.DEFINE_integer("workers", 1, "Processes of patches.", 1)
DASK = flags.DEFINE_string(
    "dask_scheduler", None, "Address or file of a dask scheduler for patches, or 'local'."
)
STARTS = flags.DEFINE_integer("n_starts", 10, "Starts, where one does not explain the data.", 1)
SEED = flags.DEFINE_integer("seed", 0, "Seed of the starts after the first.", 0)
OUT_FILE = flags.DEFINE_string("out_file", None, "File of the result, JSON.")
WORKDIR = flags.DEFINE_string("workdir", None, "Folder of a run of the model that was learned.")
DT = flags.DEFINE_float("dt", None, "Its time step; with --workdir.", 0.0)
N_STEPS = flags.DEFINE_integer("n_steps", None, "With --jumps: steps that are followed.", 1)
N_SITES = flags.DEFINE_integer("n_sites", None, "With --jumps: spins; as many as measured.", 1)
PREPARATION = flags.DEFINE_string("preparation", "+z", "With --jumps: direction of all spins.")
PRESET = flags.DEFINE_enum(
    "preset", "small", ["quick", "small", "large"], "With --jumps: size of the network."
)
REPORT = flags.DEFINE_string("report", None, "File of a report with figures, HTML.")


def main() -> None:
    """Console entry point."""
    flags.mark_flag_as_required("data")
    run_command("qtf-learn-shots", _main, resumable=False)


def _main() -> None:
    fixed = {name: read_number("fixed", value) for name, value in read_pairs("fixed", FIXED.value)}
    priors = {}
    for name, value in read_pairs("priors", PRIORS.value):
        mean, _, deviation = value.partition(":")
        priors[name] = (read_number("priors", mean), read_number("priors", deviation))
    if KEEP.value and not SELECT.value:
        raise ValueError("Flag --keep must be given with --select, but is given without.")
    wanted = _wanted_run()
    # Imported here so that --help and mistakes in the flags answer at once.
    from qtf.extras import check_installed
    from qtf.files import check_parent, write_json
    from qtf.measurements.experiments import Experiments
    from qtf.measurements.formats import read_experiments

    for path in filter(None, (OUT_FILE.value, REPORT.value)):
        check_parent(path)
    if REPORT.value:
        check_installed("matplotlib", "trainers")
    if wanted:
        check_installed("tensorflow", "trainers")
    experiments = Experiments.join([read_experiments(path) for path in DATA.value or ()])
    fit = _learn(experiments, fixed=fixed, priors=priors)
    print("\n".join([*fit.lines(), *_about_more_shots(fit, experiments)]))
    if OUT_FILE.value:
        write_json(OUT_FILE.value, fit.to_dict())
        print(f"Result: {OUT_FILE.value}")
    if REPORT.value:
        from qtf.measurements.report import write_report

        write_report(REPORT.value, fit, experiments, data=", ".join(DATA.value or ()))
        print(f"Report: {REPORT.value}")
    if wanted:
        from qtf.measurements.selection import Selection

        print("\n".join(wanted.write(fit.fit if isinstance(fit, Selection) else fit)))


def _wanted_run() -> Wanted | None:
    """Returns the run folder that the flags ask for, if they ask for one."""
    if (WORKDIR.value is None) != (DT.value is None):
        raise ValueError("Flags --workdir and --dt must be given together, but one of them is not.")
    if WORKDIR.value is None:
        return None
    wanted = Wanted(
        workdir=WORKDIR.value,
        dt=DT.value or 0.0,
        n_steps=N_STEPS.value,
        n_sites=N_SITES.value,
        preparation=PREPARATION.value or "+z",
        preset=PRESET.value or "small",
        seed=SEED.value or 0,
    )
    wanted.check(has_jumps=bool(JUMPS.value))
    return wanted


def _learn(experiments: "Experiments", **options: Any) -> "ShotFit | Selection":
    """Returns the fit that the flags ask for."""
    from qtf.measurements.chain_fit import PatchFitting, fit_chain, needs_patches
    from qtf.measurements.fit import WholeFitting, fit_words
    from qtf.measurements.selection import dictionary_words, select_words
    from qtf.measurements.shape_files import read_shapes

    shapes = read_shapes(SHAPES.value) if SHAPES.value else {}
    each = SELECT.value if EACH.value is None else EACH.value
    options |= {
        "terms": TERMS.value
        or dictionary_words(experiments.n_sites, RANGE.value or 1, each=each, shapes=shapes),
        "shapes": shapes,
        "jumps": JUMPS.value,
        "readout": READOUT.value,
        "preparation_errors": PREPARATION_ERRORS.value,
        "report": lambda line: print(line, flush=True),
    }
    is_mixed = bool(JUMPS.value or PREPARATION_ERRORS.value)
    if not (PATCHES.value or needs_patches(experiments.n_sites, is_mixed=is_mixed)):
        whole = WholeFitting(STARTS.value or 1, SEED.value or 0)
        if SELECT.value:
            return select_words(experiments, keep=KEEP.value or (), fitting=whole, **options)
        return fit_words(experiments, n_starts=whole.n_starts, seed=whole.seed, **options)
    with _executor() as executor:
        how: dict[str, Any] = {"workers": WORKERS.value or 1, "executor": executor}
        if SELECT.value:
            fitting = PatchFitting(**how, report=options["report"])
            return select_words(experiments, keep=KEEP.value or (), fitting=fitting, **options)
        return fit_chain(experiments, **how, **options)


@contextlib.contextmanager
def _executor() -> Iterator["Executor | None"]:
    """Yields the executor of a cluster, if one is asked for."""
    from qtf.cluster import cluster_client

    if not DASK.value:
        yield None
        return
    with cluster_client(DASK.value, WORKERS.value or 1, flag="dask_scheduler") as client:
        yield client.get_executor(pure=False)


def _about_more_shots(fit: "ShotFit | Selection", experiments: "Experiments") -> list[str]:
    """Returns a line where the data are not explained; selections have one of their own."""
    from qtf.measurements.patches import ChainModel
    from qtf.measurements.plateau import find_plateau
    from qtf.measurements.result import ShotFit

    if not isinstance(fit, ShotFit) or fit.explains_the_data or fit.n_settings == 1:
        return []
    # Halves of the settings are fitted as a whole.
    if isinstance(fit.model, ChainModel):
        return []
    return [find_plateau(fit, experiments).line]


if __name__ == "__main__":
    main()
