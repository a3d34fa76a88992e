import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def on_both_backends(tmp_path):
    """Function of a program's text: runs it on JAX, then on TensorFlow, with a folder to fill."""

    def run(program):
        for backend in ("jax", "tensorflow"):
            subprocess.run(
                [sys.executable, "-c", program, str(tmp_path)],
                cwd=ROOT,
                env={**os.environ, "KERAS_BACKEND": backend},
                check=True,
            )
        return tmp_path

    return run
