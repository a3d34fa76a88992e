"""The table of times: one trajectory at a time, the best exact method, the network.

python -m reproduce.times --workdir=RUN --out_file=FILE.json

Everything is measured in turns on this machine, the fastest of several runs counts. Exact
methods include the diagonalisation and work in double precision; the network works in its
own, its compilation is left out.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from absl import flags

from qtf.command_line import run_command
from qtf.files import write_json

# One trajectory at a time takes exactly this long times the batch; no need to wait for it.
MEASURED_TRAJECTORIES = 4


def main() -> None:
    """Defines the flags and runs the command."""
    workdir = flags.DEFINE_string("workdir", None, "Run folder of the network.")
    out_file = flags.DEFINE_string("out_file", None, "File of times to write.")
    n_sites = flags.DEFINE_list("n_sites", ["2", "3", "4", "5", "6", "7"], "Numbers of spins.")
    sizes = flags.DEFINE_list("batch_sizes", ["1", "64", "128", "256"], "Trajectories at once.")
    n_steps = flags.DEFINE_integer("n_steps", 100, "Steps of a trajectory.", lower_bound=1)
    repeats = flags.DEFINE_integer("repeats", 5, "Runs of which the fastest counts.", 1)
    flags.mark_flags_as_required(["workdir", "out_file"])
    run_command(
        "reproduce-times",
        lambda: _write(
            Path(out_file.value),
            Path(workdir.value),
            [int(n) for n in n_sites.value],
            [int(size) for size in sizes.value],
            n_steps.value,
            repeats.value,
        ),
        resumable=False,
    )


def _write(
    out_file: Path,
    workdir: Path,
    n_sites: Sequence[int],
    batch_sizes: Sequence[int],
    n_steps: int,
    repeats: int,
) -> None:
    from qtf.quiet_import import import_tensorflow_quietly

    import_tensorflow_quietly()
    from reproduce.networks import load_rollout

    rollout, config = load_rollout(workdir)
    rows = []
    for n in n_sites:
        for batch_size in batch_sizes:
            rows.append(measure(rollout, config, n, batch_size, n_steps, repeats))
            print(row_text(rows[-1]), flush=True)
    write_json(out_file, {"n_steps": n_steps, "rows": rows})


def measure(
    rollout: Callable[[np.ndarray, int], np.ndarray],
    config: dict[str, Any],
    n_sites: int,
    batch_size: int,
    n_steps: int,
    repeats: int,
) -> dict[str, Any]:
    """Returns one row of the table, in seconds for the whole batch.

    Args:
        rollout: Takes initial states and a number of steps.
        config: Of the run, with its physics.
        n_sites: Number of spins.
        batch_size: Trajectories at once.
        n_steps: Steps of a trajectory.
        repeats: Runs of which the fastest counts.
    """
    from reproduce.exact_methods import (
        by_eigenbasis,
        by_interpolation,
        by_propagator,
        one_at_a_time,
    )

    case = _case(config, n_sites, batch_size, n_steps)
    few = case | {"psi0": case["psi0"][:MEASURED_TRAJECTORIES]}
    exact = {
        function.__name__.removeprefix("by_"): (lambda function=function: function(**case))
        for function in (by_eigenbasis, by_interpolation, by_propagator)
    }
    candidates = {
        "one_at_a_time": lambda: one_at_a_time(**few),
        "network": lambda: rollout(case["psi0"], n_steps),
        **exact,
    }
    seconds = _fastest(candidates, repeats)
    best = min(exact, key=seconds.__getitem__)
    return {
        "n_sites": n_sites,
        "batch_size": batch_size,
        "one_at_a_time": seconds["one_at_a_time"] * batch_size / len(few["psi0"]),
        "exact": seconds[best],
        "exact_method": best,
        "network": seconds["network"],
    }


def row_text(row: dict[str, Any]) -> str:
    """Returns a row as one line."""
    return (
        f"n = {row['n_sites']}, batch {row['batch_size']:>3}: one at a time"
        f" {row['one_at_a_time']:.3g} s, best exact {row['exact']:.3g} s"
        f" ({row['exact_method']}), network {row['network']:.3g} s"
    )


def _case(config: dict[str, Any], n_sites: int, batch_size: int, n_steps: int) -> dict[str, Any]:
    from qtf.physics import sample_initial_states
    from reproduce.networks import hamiltonian_of

    physics = config["physics"]
    psi0 = sample_initial_states(physics["initial_states"], n_sites, batch_size, seed=0)
    return {
        "hamiltonian": hamiltonian_of(config, n_sites),
        "psi0": psi0,
        "dt": physics["dt"],
        "n_steps": n_steps,
    }


def _fastest(candidates: dict[str, Callable[[], Any]], repeats: int) -> dict[str, float]:
    # In turns, so that a change of the machine's speed hits all of them.
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for function in candidates.values():
        function()
    for _ in range(repeats):
        for name, function in candidates.items():
            started = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - started)
    return {name: min(values) for name, values in times.items()}


if __name__ == "__main__":
    main()
