"""The pages in docs are what is written from the numbers beside them."""

import re
from pathlib import Path

import pytest

from qtf.files import read_json
from reports.records import read_record
from reproduce.__main__ import SECTIONS
from reproduce.other_results import TITLE
from reproduce.sections.dynamics.page import page
from reproduce.sections.dynamics.requirements import all_requirements
from reproduce.sections.dynamics.results import Results

DOCS = Path(__file__).parents[2] / "docs"
# Minutes of the stages are in the journal, which is not kept beside the page.
MINUTES = re.compile(r"^\| `(\w+)` \| ([\d.]+) \|$", re.MULTILINE)


@pytest.mark.parametrize("name", [name for name in SECTIONS if SECTIONS[name].page])
def test_a_page_is_written_from_its_numbers(name):
    stored = SECTIONS[name].page()
    assert stored.text(stored.read(DOCS)) == (DOCS / f"{stored.name}.md").read_text()


def test_the_page_of_the_dynamics_is_written_from_its_numbers():
    text = (DOCS / "results.md").read_text()
    results = read_record(Results, read_json(DOCS / "results.json"))
    before, how = text.split("\n\n## How to get this page")
    # As the other pages were when this one was written.
    others = TITLE + before.split(TITLE)[1]
    figures = sorted(path.stem[len("results_") :] for path in DOCS.glob("figures/results_*.png"))
    assert text == page(
        results,
        all_requirements(results),
        figures,
        {stage: float(value) for stage, value in MINUTES.findall(how)},
        others,
    )
