"""Weak scaling of stochastic reconfiguration: as many samples in each process, on its own cores.

    python -m benchmarks.replicas PROCESSES SIDE SAMPLES CORE,CORE.. RUNS

is one of the processes that `TF_CONFIG` names, or the only one; it prints the seconds of its steps.
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence

from benchmarks.rows import BOUND, Row, compare
from benchmarks.timing import Timings, run_in_turns

ROOM = "weak scaling of reconfiguration"
SIDE, UNITS, N_SAMPLES = 6, 32, 256
EFFICIENCY = 0.8


def measure(count: int) -> list[Row]:
    """Returns the rows of this room, at most seven steps each."""
    cores = sorted(os.sched_getaffinity(0))
    rows = []
    count = min(count, 7)
    for n_processes in (2, 4, 8):
        # One process alone has as many cores as it has beside others.
        share = len(cores) // n_processes
        if not share:
            break
        parts = [cores[i * share : (i + 1) * share] for i in range(n_processes)]
        rows.append(
            compare(
                ROOM,
                f"{n_processes} processes, {N_SAMPLES} samples in each, {SIDE} x {SIDE},"
                f" gated cell {UNITS} wide",
                time_steps(parts, count),
                "1 process",
                time_steps(parts[:1], count),
                BOUND,
                limit=1 / EFFICIENCY,
            )
        )
    return rows


def time_steps(
    parts: Sequence[Sequence[int]], count: int, *, side: int = SIDE, n_samples: int = N_SAMPLES
) -> Timings:
    """Returns the times of steps that several processes take together.

    Args:
        parts: Cores of each process.
        count: Number of steps.
        side: Side of the square.
        n_samples: Samples in each process.
    """
    cluster = {"worker": [f"localhost:{_free_port()}" for _ in parts]}
    processes = []
    for index, cores in enumerate(parts):
        task = {"cluster": cluster, "task": {"type": "worker", "index": index}}
        words = [len(parts), side, n_samples, ",".join(map(str, cores)), count]
        processes.append(
            subprocess.Popen(
                [sys.executable, "-m", "benchmarks.replicas", *map(str, words)],
                env={**os.environ, "TF_CONFIG": json.dumps(task)},
                stdout=subprocess.PIPE,
                text=True,
            )
        )
    outputs = [process.communicate()[0] for process in processes]
    if failed := [process.returncode for process in processes if process.returncode]:
        raise RuntimeError(f"Processes of a step together must end with 0, but with {failed}.")
    return Timings(tuple(json.loads(outputs[0].splitlines()[-1])))


def _free_port() -> int:
    with socket.socket() as server:
        server.bind(("localhost", 0))
        return server.getsockname()[1]


def _main(n_processes: str, side: str, n_samples: str, cores: str, count: str) -> None:
    # Before threads are made.
    os.sched_setaffinity(0, map(int, cores.split(",")))
    from qtf.quiet_import import import_tensorflow_quietly

    import_tensorflow_quietly()
    from benchmarks.ground_states import training_step
    from qtf.configuration import config_dict, from_config
    from qtf.ground_states.runs.recipes import use_known_signs
    from qtf.ground_states.runs.settings import RunSettings

    config = config_dict(RunSettings())
    config.physics.hamiltonian = {
        "name": "heisenberg",
        "lattice": "square",
        "n_rows": int(side),
        "n_columns": int(side),
    }
    config.network.name, config.network.units = "gated_2d", UNITS
    config.wave_function.order = "snake"
    use_known_signs(config)
    config.sampling.n_samples = int(n_samples)
    config.min_sr.diag_shift = 1e-3
    config.training.optimizer.name, config.training.optimizer.clip_norm = "sgd", 0.0
    config.training.strategy = "multi_worker" if int(n_processes) > 1 else "one_device"
    step = training_step(from_config(RunSettings, config))
    print(json.dumps(run_in_turns({"step": step}, int(count))["step"].seconds))


if __name__ == "__main__":
    _main(*sys.argv[1:])
