"""The blocks of Python that README and the first page of the site lead with are run."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = [
    pytest.param(
        page,
        block,
        id=f"{page}-{number}",
        marks=[pytest.mark.long] if "find_ground_state" in block else [],
    )
    for page in ("README.md", "docs/index.md")
    for number, block in enumerate(
        re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.S), 1
    )
]


@pytest.mark.parametrize(("page", "block"), BLOCKS)
def test_a_block_runs(page, block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(compile(block, page, "exec"), names)
    if "learned" in names:
        found = {word: float(value) for word, value in names["learned"].coefficients.items()}
        expected = {word: {"X_i": -0.7, "Z_i Z_{i+1}": -1.0}.get(word, 0.0) for word in found}
        assert found == pytest.approx(expected, abs=1e-6)


def test_the_first_page_has_three():
    assert sum(page.values[0] == "docs/index.md" for page in BLOCKS) == 3
