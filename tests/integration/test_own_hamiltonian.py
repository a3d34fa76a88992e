"""The JSON file of docs/hamiltonians.md by command, held against Kronecker products."""

import functools
import json
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from qtf.training.run_folder import RunFolder
from tests import preloaded

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "hamiltonians.md"
(RING,) = re.findall(r"^```json\n(.*?)^```", PAGE.read_text(), re.M | re.S)
PAULIS = {
    "X": np.array([[0, 1], [1, 0]]),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.array([[1, 0], [0, -1]]),
}
QUICK = ("--config.sampling.n_validation=256", "--config.training.xla=False")


def search(folder, *changes):
    command = (sys.executable, "-m", "trainers.ground_state", "--config=custom:ring.json")
    return preloaded.run(
        [*command, *QUICK, "--workdir=run", *changes],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )


def string(**letters):
    """The matrix of Pauli matrices at some of eight sites, s3="X" for example."""
    factors = (PAULIS[letters[f"s{i}"]] if f"s{i}" in letters else np.eye(2) for i in range(8))
    return functools.reduce(np.kron, factors)


def exact_energy():
    numbers = {"XX": -0.44, "YY": -0.44, "XY": -0.24, "YX": 0.24, "ZZ": 0.25}
    matrix = sum(
        number * string(**{f"s{i}": pair[0], f"s{(i + 1) % 8}": pair[1]})
        for i in range(8)
        for pair, number in numbers.items()
    )
    return np.linalg.eigvalsh(matrix)[0]


def test_ground_state_of_the_ring_of_the_page_is_found_by_command(tmp_path):
    (tmp_path / "ring.json").write_text(RING)
    done = search(tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    exact = exact_energy()
    assert result["reference_energy"] == pytest.approx(exact, rel=1e-10)
    energy = result["energy_from_all_configurations"]
    assert exact - 1e-6 < energy < exact + 1e-5 * abs(exact)
    assert result["warnings"] == []
    # The run folder needs the file no more.
    (tmp_path / "ring.json").unlink()
    recorded = RunFolder(tmp_path / "run").load_config()["physics"]["hamiltonian"]
    assert recorded == {"name": "custom", **json.loads(RING)}


@pytest.mark.parametrize(
    ("content", "changes", "words"),
    [
        (None, (), "`terms_file` must be a file that can be read, but ring.json is not"),
        ("[[1, ", (), "`terms_file` must be a file of JSON, but ring.json is not"),
        (RING.replace("0.25", '"i"'), (), "`coefficient` must be real, but is 'i'"),
        (RING.replace('"nearest"', '"near"'), (), "`on` must be one of sites, nearest,"),
        (RING, ("--config.wave_function.positive=True",), "`wave_function.positive` must be F"),
        (RING, ("--config.symmetry.group=lattice",), '"lattice" changes it, by moving its sites'),
        (RING, ("--config.symmetry.group=flip",), '"flip" changes it, by turning every spin'),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(tmp_path, content, changes, words):
    if content is not None:
        (tmp_path / "ring.json").write_text(content)
    done = search(tmp_path, *changes)
    # 2: the configuration cannot be loaded.
    assert done.returncode in (1, 2)
    assert done.stderr.count("\n") == 1, done.stderr
    assert words in done.stderr
    assert not (tmp_path / "run").exists()
