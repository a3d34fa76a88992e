"""The blocks of docs/keras.md are run one after the other."""

import re
import runpy
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "keras.md"


def test_the_page_compiles_fits_and_predicts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.M | re.S)
    # In a file: TensorFlow reads the text of functions.
    script = tmp_path / "page.py"
    script.write_text("\n".join(blocks))
    names = runpy.run_path(str(script))
    losses = names["history"].history
    assert losses["loss"][-1] < losses["loss"][0]
    assert losses["val_loss"][-1] < losses["val_loss"][0]
    assert names["predicted"].shape == (5, 21, 8)
