"""The table of times: one trajectory at a time, the best exact method, the network.

python -m reproduce.sections.dynamics.times --workdir=RUN --out_file=FILE.json

Everything is measured in turns on this machine, the fastest of several runs counts. Exact
methods include the diagonalisation and work in double precision; the network works in its
own, its compilation is left out.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from absl import flags

from qtf.command_line import run_command
from qtf.files import write_json
from reproduce.sections.dynamics.material import Times
from reproduce.sections.dynamics.networks import Network, load_network

# One trajectory at a time takes exactly this long times the batch; no need to wait for it.
MEASURED_TRAJECTORIES = 4


def main() -> None:
    """Defines the flags and runs the command."""
    workdir = flags.DEFINE_string("workdir", None, "Run folder of the network.", required=True)
    out_file = flags.DEFINE_string("out_file", None, "File of times to write.", required=True)
    n_sites = flags.DEFINE_list("n_sites", ["2", "3", "4", "5", "6", "7"], "Numbers of spins.")
    sizes = flags.DEFINE_list("batch_sizes", ["1", "64", "128", "256"], "Trajectories at once.")
    n_steps = flags.DEFINE_integer("n_steps", 100, "Steps of a trajectory.", lower_bound=1)
    repeats = flags.DEFINE_integer("repeats", 5, "Runs of which the fastest counts.", 1)
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
    network = load_network(workdir)
    rows = []
    for n in n_sites:
        for batch_size in batch_sizes:
            row = measure(network, n, batch_size, n_steps, repeats)
            rows.append(asdict(row))
            print(row_text(row), flush=True)
    write_json(out_file, {"n_steps": n_steps, "rows": rows})


def measure(network: Network, n_sites: int, batch_size: int, n_steps: int, repeats: int) -> Times:
    """Returns one row of the table, in seconds for the whole batch.

    Args:
        network: The network, and the physics that the exact methods compute.
        n_sites: Number of spins.
        batch_size: Trajectories at once.
        n_steps: Steps of a trajectory.
        repeats: Runs of which the fastest counts.
    """
    # Imported here so that --help and mistakes in the flags answer at once.
    from qtf.physics import sample_initial_states
    from reproduce.sections.dynamics import exact_methods

    physics = network.physics
    psi0 = sample_initial_states(physics.initial_states, n_sites, batch_size, seed=0)
    hamiltonian = physics.make_hamiltonian(n_sites)
    few = psi0[:MEASURED_TRAJECTORIES]
    exact = {
        method.__name__.removeprefix("by_"): partial(method, hamiltonian, psi0, physics.dt, n_steps)
        for method in exact_methods.METHODS
    }
    slow = partial(exact_methods.one_at_a_time, hamiltonian, few, physics.dt, n_steps)
    rollout = partial(network.rollout, psi0, n_steps)
    seconds = _time_fastest({"one_at_a_time": slow, "network": rollout, **exact}, repeats)
    best = min(exact, key=seconds.__getitem__)
    return Times(
        n_sites=n_sites,
        batch_size=batch_size,
        one_at_a_time=seconds["one_at_a_time"] * batch_size / len(few),
        exact=seconds[best],
        exact_method=best,
        network=seconds["network"],
    )


def row_text(row: Times) -> str:
    """Returns a row as one line."""
    return (
        f"n = {row.n_sites}, batch {row.batch_size:>3}: one at a time"
        f" {row.one_at_a_time:.3g} s, best exact {row.exact:.3g} s"
        f" ({row.exact_method}), network {row.network:.3g} s"
    )


def _time_fastest(candidates: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
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
