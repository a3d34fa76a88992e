"""The blocks of docs/python.md are executed one by one, each in a fresh namespace."""

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "python.md").read_text()
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S))
BLOCKS = [
    pytest.param(
        block,
        id=f"{title.lower().replace(' ', '-')}-{number}",
        marks=[pytest.mark.long] if "find_ground_state" in block else [],
    )
    for title, text in SECTIONS.items()
    for number, block in enumerate(re.findall(r"```python\n(.*?)```", text, re.S), 1)
]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_runs_and_says_what_is_so(block):
    exec(compile(block, "docs/python.md", "exec"), {})


def test_links_lead_to_files():
    links = re.findall(r"\]\(([^)#]+)", PAGE)
    assert links
    for link in links:
        assert (Path(__file__).parents[2] / "docs" / link).exists()
