"""A growth as its run folder has it, without a training."""

import json

import h5py
import numpy as np
import pytest

from qtf.ground_states.growth_folders import folder_name

HEISENBERG = {"name": "heisenberg", "lattice": "square", "units": "spin", "coupling": 1.0}


def row(size, **changes):
    """Of an open Heisenberg square, as `growth.json` has it."""
    n = size**2
    return {
        "size": size,
        "n_sites": n,
        "n_steps": 200,
        "n_samples": 512,
        "n_evaluation": 10000,
        "energy": -0.6 * n,
        "energy_error": 1e-4 * n,
        "energy_variance": 0.01,
        "v_score": n * 0.01 / (0.6 * n) ** 2,
        "reference_energy": -0.601 * n,
        "reference_source": "DMRG",
        "reference_kind": "variational",
        "relative_error": 0.001 / 0.601,
        "relative_error_bar": 1e-4 / 0.601,
        "energy_with_symmetries": -0.6005 * n,
        "energy_error_with_symmetries": 5e-5 * n,
        "relative_error_with_symmetries": 0.0005 / 0.601,
        "relative_error_bar_with_symmetries": 5e-5 / 0.601,
        "seconds": 60.0 * size,
        **changes,
    }


def write_growth(
    workdir, rows, *, hamiltonian=None, sizes=None, bulk=None, sampling=None, **result
):
    """Writes the run folder of a growth whose sizes are finished."""
    workdir.mkdir(parents=True, exist_ok=True)
    growth = {"sizes": sizes or [values["size"] for values in rows], "n_averages": [400]}
    config = {
        "physics": {"hamiltonian": hamiltonian or HEISENBERG},
        "network": {"name": "gated_2d", "units": 4},
        "wave_function": {"order": "snake"},
        "growth": growth,
        "sampling": sampling or {},
    }
    (workdir / "config.json").write_text(json.dumps(config))
    (workdir / "growth.json").write_text(json.dumps({"rows": rows, "bulk": bulk}))
    for values in rows:
        _write_size(workdir / folder_name(values["size"]), values, result)


def _write_size(folder, values, result):
    if folder.exists():
        return
    (folder / "checkpoints").mkdir(parents=True)
    for step in (values["n_steps"] - 50, values["n_steps"]):
        for ending in ("index", "data-00000-of-00001"):
            (folder / "checkpoints" / f"ckpt-{step}.{ending}").write_text(f"{step}")
    (folder / "config.json").write_text("{}")
    (folder / "model.json").write_text("{}")
    (folder / "relative_error.png").write_bytes(b"picture")
    measured = {"magnetization": 0.001, "magnetization_error": 0.01, "abs_magnetization": 0.16}
    (folder / "result.json").write_text(json.dumps({**measured, **result}))
    lines = [
        {"step": 100 * i, "kind": "validation", "relative_error": 0.1**i, "energy": 1.0}
        for i in (1, 2)
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with h5py.File(folder / "best.weights.h5", "w") as file:
        file["layers/cell/vars/0"] = np.zeros((3, 4), np.float32)
        file["layers/head/vars/0"] = np.zeros(5, np.float32)


@pytest.fixture
def grow(tmp_path):
    """Returns the run folder of a growth after writing the sizes that it has finished."""

    def write(*sizes, **options):
        workdir = tmp_path / "out" / "runs" / "heisenberg"
        write_growth(workdir, [row(size) for size in sizes], **options)
        return workdir

    return write
