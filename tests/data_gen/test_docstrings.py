"""In a process of its own: `data_gen.shard_writer` imports `tfrecord`."""

import subprocess
import sys
from pathlib import Path


def test_examples_of_docstrings_are_true():
    code = (
        "import doctest, importlib, pkgutil, data_gen;"
        "modules = [importlib.import_module(f'data_gen.{m.name}')"
        " for m in pkgutil.iter_modules(data_gen.__path__) if m.name != 'import_arrays'];"
        "results = [doctest.testmod(m) for m in modules];"
        "assert sum(r.attempted for r in results) > 5, results;"
        "assert sum(r.failed for r in results) == 0"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
