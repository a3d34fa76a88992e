"""The pages of benchmarks in docs are what is written from the numbers beside them."""

from pathlib import Path

from benchmarks.load import page as load_page
from benchmarks.load.results import Results
from benchmarks.page import page
from benchmarks.rows import load_rows
from qtf.files import read_json
from reports.records import read_record

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_of_benchmarks_is_written_from_its_rows():
    assert page(load_rows(DOCS / "benchmarks.json")) == (DOCS / "benchmarks.md").read_text()


def test_the_page_of_serving_is_written_from_its_numbers():
    results = read_record(Results, read_json(DOCS / "serving_results.json"))
    assert load_page.page(results) == (DOCS / "serving_results.md").read_text()
