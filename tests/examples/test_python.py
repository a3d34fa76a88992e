"""The examples of docs/python.md, each run as it stands and held against exact values."""

import ast
import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from qtf.physics import Chain, Square, evolve, j1j2, xxz

FOLDER = Path(__file__).parents[2] / "examples" / "python"
EXAMPLES = sorted(FOLDER.glob("*.py"))
# Energy of the periodic 4 x 4 square with J2 = 0.5, Pauli units.
J1J2 = -33.83169340558


def run(name, folder, monkeypatch):
    """Returns the names that an example leaves, and where it has written its files."""
    monkeypatch.chdir(folder)
    return runpy.run_path(str(FOLDER / name))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_has_at_most_12_lines(path):
    text = path.read_text()
    docstring = ast.parse(text).body[0]
    lines = text.splitlines()[docstring.end_lineno :]
    assert len([line for line in lines if line.strip() and not line.startswith("#")]) <= 12


def test_quench_is_that_of_the_exact_chain(tmp_path, monkeypatch):
    names = run("quench.py", tmp_path, monkeypatch)
    assert names["profile"].shape == (81, 12)
    np.testing.assert_allclose(names["profile"][0], [1, -1] * 6, atol=1e-12)
    # The total magnetisation is conserved.
    np.testing.assert_allclose(names["profile"].sum(axis=1), 0.0, atol=1e-9)
    assert (tmp_path / "quench.png").read_bytes().startswith(b"\x89PNG")


def test_hamiltonian_is_learned_from_arrays_of_scipy(tmp_path, monkeypatch, capsys):
    names = run("hamiltonian_from_arrays.py", tmp_path, monkeypatch)
    learned, exact = names["learned"], xxz(Chain(10), coupling=0.8, anisotropy=1.5)
    assert learned.identification.parameters["anisotropy"] == pytest.approx(1.5, abs=1e-9)
    psi0 = np.eye(1, 2**10, 5)[0]
    expected = evolve(exact, psi0, 0.05 * np.arange(21))
    np.testing.assert_allclose(np.abs(learned.rollout(psi0, 20)), np.abs(expected), atol=1e-7)
    assert "XXZ chain with coupling 0.800000000" in capsys.readouterr().out


@pytest.mark.long
def test_frustrated_square_has_its_exact_energy_and_correlations(tmp_path, monkeypatch):
    names = run("ground_state.py", tmp_path, monkeypatch)
    ground_state = names["ground_state"]
    assert abs(float(ground_state.energy) - J1J2) < 1e-3
    assert ground_state.energy.v_score < 1e-5
    # All bonds of a kind are alike, so that the energy is a sum of two correlations.
    square = Square(4, 4, periodic=True)
    near, far = (float(names["correlations"][square.bonds(order)[0]]) for order in (1, 2))
    assert 3 * 32 * (near + 0.5 * far) == pytest.approx(J1J2, abs=5e-3)
    hamiltonian = j1j2(square, next_nearest_coupling=0.5, units="pauli")
    assert float(ground_state.expectation(hamiltonian)) == pytest.approx(J1J2, abs=1e-3)
    assert (tmp_path / "correlations.png").exists()


@pytest.mark.slow
def test_frustrated_square_needs_less_than_4_gigabytes(tmp_path):
    # In a process of its own, whose memory is its own: others of this test run count for nothing.
    with subprocess.Popen([sys.executable, FOLDER / "ground_state.py"], cwd=tmp_path) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    assert usage.ru_maxrss < 4e6


@pytest.mark.long
def test_triangular_lattice_has_the_energy_of_lanczos(tmp_path, monkeypatch):
    names = run("triangular.py", tmp_path, monkeypatch)
    assert abs(float(names["ground_state"].energy) - names["exact"]) < 1e-3


@pytest.mark.long
def test_steady_state_with_dephasing_is_the_exact_one(tmp_path, monkeypatch):
    names = run("steady_state.py", tmp_path, monkeypatch)
    assert names["distance"] < 5e-3


@pytest.mark.long
def test_network_predicts_states_that_it_has_not_seen(tmp_path, monkeypatch):
    names = run("network_from_arrays.py", tmp_path, monkeypatch)
    exact = names["psi"][3][450:]
    overlaps = np.einsum("bx,bx->b", exact[:, -1].conj(), names["predicted"][:, -1])
    assert np.square(np.abs(overlaps)).mean() > 0.99


@pytest.mark.long
def test_export_answers_as_the_wave_function_that_was_loaded(tmp_path, monkeypatch):
    names = run("export_and_load.py", tmp_path, monkeypatch)
    answer = names["served"](bits=names["tf"].constant(names["bits"]))
    expected = names["ground_state"].psi(names["bits"])
    np.testing.assert_allclose(answer["log_modulus"], expected[0], rtol=1e-5)
