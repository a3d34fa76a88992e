import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import preloaded

ROOT = Path(__file__).parents[2]


@pytest.fixture
def on_both_backends(tmp_path):
    """Function of a program's text: runs it on JAX, then on TensorFlow, with a folder to fill."""

    def run(program):
        command = [sys.executable, "-c", program, str(tmp_path)]
        on_jax = {**os.environ, "KERAS_BACKEND": "jax"}
        subprocess.run(command, cwd=ROOT, env=on_jax, check=True)
        preloaded.run(command, cwd=ROOT, check=True)
        return tmp_path

    return run
