"""Writes old_runs.json: what run folders and exports of an earlier version of qtf hold.

    python tests/golden/old_runs.py

The folders themselves are in old_runs.tar.xz, written by version 0.1.0 of revision d3302a1; so was
old_runs.json, and neither is to be written anew by later code, as the two together show that
later code reads them. They are tiny runs of `demo`, `local_generator`, `heisenberg_chain`,
`grow_chain`, a refined `heisenberg_square` of 2x2 spins, and `ising_chain` with decay.
"""

import json
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from qtf.training.run_folder import RunFolder

PATH = Path(__file__).with_suffix(".json")
ARCHIVE = Path(__file__).with_suffix(".tar.xz")
# Run folders, with the number of sites of their models.
SPINS = {"ground_state": 4, "growth/size-004": 4, "growth/size-006": 6, "refined": 4}
SPINS["refined/refinement"] = 4
STATES = ("dynamics", "local_generator")
OUTCOMES = {"open_system": 3}
EXPORTS = (*STATES, "ground_state", "open_system")
N_STEPS = 3


def unpack(folder: Path) -> Path:
    """Unpacks the old folders into a folder and returns it."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    return folder


def model_values(folder: Path) -> dict[str, Any]:
    """Returns for each run the logarithms of all configurations or outcomes, or weights."""
    values: dict[str, Any] = {}
    for name, n_sites in SPINS.items():
        log_modulus, phase = RunFolder(folder / name).load_model()(every(2, n_sites))
        values[name] = [as_list(log_modulus), as_list(phase)]
    for name, n_sites in OUTCOMES.items():
        values[name] = as_list(RunFolder(folder / name).load_model()(every(4, n_sites)))
    for name in STATES:
        weights = RunFolder(folder / name).load_model().get_weights()
        values[name] = [[list(weight.shape), float(np.abs(weight).sum())] for weight in weights]
    return values


def served_values(folder: Path) -> dict[str, Any]:
    """Returns what the exports answer, by the names of their outputs."""
    values: dict[str, Any] = {}
    for name in EXPORTS:
        signatures = tf.saved_model.load(str(folder / "exports" / name / "1")).signatures
        for key, request in requests(name).items():
            answer = signatures[key](**request)
            values[f"{name}.{key}"] = {part: as_list(value) for part, value in answer.items()}
    return values


def requests(name: str) -> dict[str, dict[str, tf.Tensor]]:
    """Returns a request for each signature of an export whose answers are kept."""
    if name in STATES:
        up = tf.constant([[1.0, 0.0, 0.0, 0.0]])
        n_steps = tf.constant([N_STEPS], tf.int32)
        return {"rollout": {"psi0_re": up, "psi0_im": tf.zeros_like(up), "n_steps": n_steps}}
    samples = {"observables": {"seed": tf.constant([7, 8], tf.int64)}}
    if name in SPINS:
        return {"log_psi": {"bits": tf.constant(every(2, SPINS[name]), tf.int32)}, **samples}
    return {"log_prob": {"outcomes": tf.constant(every(4, OUTCOMES[name]), tf.int32)}, **samples}


def every(dimension: int, n_sites: int) -> np.ndarray:
    """Returns all rows of `n_sites` numbers below `dimension`, (dimension**n_sites, n_sites)."""
    return np.stack(np.unravel_index(range(dimension**n_sites), (dimension,) * n_sites), axis=1)


def as_list(values: Any) -> list[Any]:
    """Returns a tensor as nested lists."""
    return np.asarray(values, "float64").tolist()


def main() -> None:
    """Writes the file."""
    with tempfile.TemporaryDirectory() as name:
        folder = unpack(Path(name))
        values = {"models": model_values(folder), "exports": served_values(folder)}
    PATH.write_text(json.dumps(values) + "\n")


if __name__ == "__main__":
    main()
