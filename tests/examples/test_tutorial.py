import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]


def test_tutorial_runs_in_reduced_form_and_says_what_it_found(tmp_path):
    script = ROOT / "examples" / "learn_and_predict_12_spins.py"
    figure = tmp_path / "six.png"
    result = subprocess.run(
        [sys.executable, str(script), "--n_sites=6", "--n_steps=20", f"--figure={figure}"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    sentences = [line.strip() for line in lines if "Ising chain with coupling" in line]
    assert sentences[0].startswith("Ising chain with coupling 1.000000000 +- ")
    assert len(sentences) == 2
    errors = [float(line.split()[3]) for line in lines if "largest amplitude error" in line]
    assert errors[0] < 1e-13
    assert 1e-9 < errors[1] < 1e-3
    assert figure.read_bytes().startswith(b"\x89PNG")
