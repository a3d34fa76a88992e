"""Pages whose blocks are one script are run as such."""

import re
import runpy
from pathlib import Path

import numpy as np
import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def run_page(tmp_path, monkeypatch):
    """Function of a page's name: runs its blocks and returns all names."""
    monkeypatch.chdir(tmp_path)

    def run(name):
        blocks = re.findall(r"^```python\n(.*?)^```", (DOCS / name).read_text(), re.M | re.S)
        # In a file: TensorFlow reads the text of functions.
        script = tmp_path / "page.py"
        script.write_text("\n".join(blocks))
        return runpy.run_path(str(script))

    return run


def test_the_page_of_keras_compiles_fits_and_predicts(run_page):
    names = run_page("keras.md")
    losses = names["history"].history
    assert losses["loss"][-1] < losses["loss"][0]
    assert losses["val_loss"][-1] < losses["val_loss"][0]
    assert names["predicted"].shape == (5, 21, 8)


def test_the_page_of_driven_systems_gives_what_it_says(run_page):
    names = run_page("driven.md")
    floquet = names["floquet"]
    np.testing.assert_allclose(floquet @ floquet.conj().T, np.eye(64), atol=1e-10)
    assert names["coarse"].errors[0] > names["result"].errors[0] > 0
    assert np.abs(names["coarse"].states - names["result"].states).max() < 1e-4
    assert names["psi"].shape == (2, 64)
    np.testing.assert_allclose(np.trace(names["rho"], axis1=1, axis2=2), 1.0, atol=1e-12)
