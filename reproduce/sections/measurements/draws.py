"""Draws experiments of a case, learns from each, and records errors beside error bars.

    python -m reproduce.sections.measurements.draws --case=wilde --n_draws=20 --out_file=FILE.json

Each finished draw is a line of FILE.jsonl; stopped at any time, the same command continues.
"""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from absl import flags

from qtf.command_line import run_command
from qtf.files import locked, read_json_lines, writable_folder, write_atomically, write_json
from qtf.measurements.fit import fit_shots
from qtf.measurements.missing import narrow
from qtf.measurements.simulation import simulate_shots
from qtf.progress import announced
from reproduce.sections.measurements.all_cases import ALL_CASES
from reproduce.sections.measurements.cases import DrawnCase
from reproduce.sections.measurements.further import FurtherCase

# With the number of a draw, its seed.
SEED = 7


def draw(case: DrawnCase, number: int) -> dict[str, Any]:
    """Returns what was learned in one draw.

    Args:
        case: The case.
        number: Number of the draw.
    """
    problem = case.make(np.random.default_rng((SEED, number)))
    model, truth, settings = problem
    shots = simulate_shots(model, truth, settings, seed=1000 * SEED + number)
    before = time.process_time()
    fit = fit_shots(model, shots)
    processor_seconds = time.process_time() - before
    left_out = {}
    for name in case.left_out:
        # A start more would not find what is not in the model.
        poorer = fit_shots(narrow(model, [name]), shots, n_starts=1)
        first = poorer.missing[0].name if poorer.missing else ""
        left_out[name] = {"p_value": poorer.goodness.p_value, "named": first}
    return {
        "number": number,
        "off": (fit.parameters - truth).tolist(),
        "errors": fit.errors.tolist(),
        "shots": shots.shots,
        "p_value": fit.goodness.p_value,
        "n_starts": fit.n_starts,
        "seconds": fit.seconds,
        "processor_seconds": processor_seconds,
        "left_out": left_out,
    }


def draw_all(case: DrawnCase | FurtherCase, n_draws: int, out_file: Path) -> None:
    """Writes the draws of a case, those that are there already not again.

    Args:
        case: The case.
        n_draws: Their number.
        out_file: File of all of them.
    """
    lines = out_file.with_suffix(".jsonl")
    with locked(writable_folder(out_file.parent)):
        done = list(read_json_lines(lines, keys=["number"])) if lines.exists() else []
        with announced(f"draws of {case.name}", n_draws, patience=2.0) as activity:
            activity.advance(min(len(done), n_draws))
            for number in range(len(done), n_draws):
                one = case.draw(number) if isinstance(case, FurtherCase) else draw(case, number)
                done.append(one)
                write_atomically(lines, "".join(json.dumps(one) + "\n" for one in done))
                activity.advance(1)
        write_json(out_file, done[:n_draws])


def main() -> None:
    """Defines the flags and runs the command."""
    case = flags.DEFINE_enum("case", None, list(ALL_CASES), "The case.", required=True)
    n_draws = flags.DEFINE_integer("n_draws", 20, "Number of draws.", lower_bound=1)
    out_file = flags.DEFINE_string("out_file", None, "File of the numbers.", required=True)
    run_command(
        "draws", lambda: draw_all(ALL_CASES[case.value], n_draws.value, Path(out_file.value or ""))
    )


if __name__ == "__main__":
    main()
