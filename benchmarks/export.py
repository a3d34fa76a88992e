"""The exported SavedModel, run as a server runs it, against the rollout in Python.

Both signatures of the recommended network, seven spins, 100 steps; and how long writing takes.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.rows import BOUND, Row, compare
from benchmarks.timing import Run, clock, run_in_turns

ROOM = "export"
N_SITES, N_STEPS = 7, 100
BATCHES = (1, 64)


def measure(count: int) -> list[Row]:
    """Returns the rows of this room, `count` runs each."""
    from qtf.dynamics.rollout import Rollout

    rows = []
    with tempfile.TemporaryDirectory() as folder:
        model, version = export_network(Path(folder) / "ising", n_layers=1, xla_signature=True)
        for batch_size in BATCHES:
            psi = random_states(batch_size)
            rollout = Rollout(model)
            timings = run_in_turns(
                {
                    "ours": clock(lambda psi=psi, rollout=rollout: rollout(psi, N_STEPS)),
                    "rollout": _signature(version, "rollout", psi),
                    "rollout_xla": _signature(version, "rollout_xla", psi),
                },
                count,
            )
            rows += [
                compare(
                    ROOM,
                    f"signature `{name}`, {N_STEPS} steps, n = {N_SITES}, batch {batch_size}",
                    timings[name],
                    "`Rollout` in Python",
                    timings["ours"],
                    BOUND,
                )
                for name in ("rollout", "rollout_xla")
            ]
    return rows


def export_network(
    base_path: Path, *, units: int = 512, n_layers: int = 4, xla_signature: bool = False
) -> tuple[Any, Path]:
    """Writes a SavedModel with random weights, which are as fast as trained ones.

    Returns:
        The model and the folder of its first version.
    """
    import keras

    from qtf.dynamics.transferable_sru import TransferableSRU
    from qtf.export.saved_model import export_dynamics
    from qtf.physics import Chain, ising

    keras.utils.set_random_seed(0)
    model = TransferableSRU.from_preset("increment", n_max=N_SITES, units=units, n_layers=n_layers)
    physics = {"hamiltonian": {"name": "ising"}, "dt": 0.002, "initial_states": "paper"}
    config = {"physics": physics, "data": {"n_sites": [N_SITES]}}
    hamiltonians = {N_SITES: ising(Chain(N_SITES))}
    version = export_dynamics(model, base_path, hamiltonians, config, xla_signature=xla_signature)
    return model, Path(version)


def random_states(size: int) -> np.ndarray:
    """Returns normalised states of seven spins, complex64 (size, 128)."""
    parts = np.random.default_rng(0).normal(size=(2, size, 2**N_SITES))
    parts /= np.sqrt(np.sum(parts**2, axis=(0, 2)))[None, :, None]
    return (parts[0] + 1j * parts[1]).astype(np.complex64)


def _signature(version: Path, name: str, psi: np.ndarray) -> Run:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(version))
    function = loaded.signatures[name]
    request = {
        "psi0_re": tf.constant(psi.real),
        "psi0_im": tf.constant(psi.imag),
        "n_steps": tf.fill([len(psi)], N_STEPS),
    }
    # The function would vanish with what it was loaded from.
    return clock(lambda _=loaded: function(**request)["psi_re"].numpy())
