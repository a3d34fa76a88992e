"""Trajectories from the paper's printed initial states, exact and predicted.

    python -m reproduce.sections.dynamics.printed_states --run=RUN [--run=RUN2] --out_file=FILE.npz

Every run folder gives arrays `NAME_nN` (complex, (n_steps + 1, 2**N)) beside `exact_nN`;
NAME is the name of the folder.
"""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from absl import flags

from qtf.command_line import run_command
from qtf.files import write_atomically


def main() -> None:
    """Defines the flags and runs the command."""
    runs = flags.DEFINE_multi_string(
        "run", None, "Run folder; may be given several times.", required=True
    )
    out_file = flags.DEFINE_string(
        "out_file", None, "File of trajectories to write.", required=True
    )
    n_sites = flags.DEFINE_list("n_sites", ["2", "3", "4", "5", "6", "7"], "Numbers of spins.")
    n_steps = flags.DEFINE_integer("n_steps", 250, "Steps to predict.", lower_bound=1)
    run_command(
        "reproduce-printed-states",
        lambda: _write(
            Path(out_file.value),
            [Path(run) for run in runs.value],
            [int(n) for n in n_sites.value],
            n_steps.value,
        ),
        resumable=False,
    )


def _write(out_file: Path, runs: Sequence[Path], n_sites: Sequence[int], n_steps: int) -> None:
    from qtf.quiet_import import import_tensorflow_quietly

    import_tensorflow_quietly()
    content = io.BytesIO()
    arrays: dict[str, Any] = {**predict_trajectories(runs, n_sites, n_steps)}
    np.savez_compressed(content, **arrays)
    write_atomically(out_file, content.getvalue())
    print(f"Trajectories: {out_file}")


def predict_trajectories(
    runs: Sequence[Path], n_sites: Sequence[int], n_steps: int
) -> dict[str, np.ndarray]:
    """Returns exact and predicted trajectories from the printed states.

    Args:
        runs: Run folders; all of them must have learned the same physics.
        n_sites: Numbers of spins, within 2 .. 7.
        n_steps: Steps of the rollouts.

    Returns:
        `exact_nN` and `NAME_nN`, complex (n_steps + 1, 2**N).
    """
    # Imported here, after TensorFlow was imported quietly.
    from qtf.physics import evolve, printed_state
    from reproduce.sections.dynamics import networks

    psi = {}
    for run in runs:
        network = networks.load_network(run)
        times = network.physics.dt * np.arange(n_steps + 1)
        for n in n_sites:
            psi0 = printed_state(n)
            hamiltonian = network.physics.make_hamiltonian(n)
            psi[f"exact_n{n}"] = evolve(hamiltonian, psi0, times)
            psi[f"{run.name}_n{n}"] = network.rollout(psi0, n_steps)
    return psi


if __name__ == "__main__":
    main()
