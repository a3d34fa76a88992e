import subprocess
import sys

import qtf.physics


def test_import_brings_neither_scipy_nor_tensorflow_nor_matplotlib():
    absent = {"scipy", "tensorflow", "keras", "matplotlib"}
    code = f"import sys, qtf.physics; print({absent} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def test_every_public_name_is_there_and_documented_with_an_example():
    names = (name for name in qtf.physics.__all__ if not name.isupper() and name != "Lattice")
    for name in names:
        assert ">>> " in getattr(qtf.physics, name).__doc__, name
