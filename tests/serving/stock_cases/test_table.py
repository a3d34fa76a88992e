"""The table of the stock server's cases is complete, names tests that exist, and is shown."""

import ast

import pytest

from tests.serving.stock_cases import table
from tests.serving.stock_cases.table import CASES, ROOT

# Cases in release 2.20.0, counted in its files.
N_CASES = {
    "tensorflow_model_server_test.py": 30,
    "http_rest_api_handler_test.cc": 9,
    "json_tensor_test.cc": 38,
    "predict_util_test.cc": 13,
}


def names_in(path):
    """Returns the names of the tests of a file."""
    module = ast.parse((ROOT / path).read_text())
    names = [node.name for node in module.body if isinstance(node, ast.FunctionDef)]
    return {name for name in names if name.startswith("test_")}


def test_every_case_is_listed_once():
    assert CASES["release"] == "2.20.0"
    counts = {file["file"].rpartition("/")[2]: file["n_cases"] for file in CASES["files"]}
    assert counts == N_CASES
    for file in CASES["files"]:
        assert len({case["case"] for case in file["cases"]}) == file["n_cases"]


@pytest.mark.parametrize("file", CASES["files"], ids=lambda file: file["file"].rpartition("/")[2])
def test_every_case_has_a_test_that_exists_or_a_reason(file):
    for case in file["cases"]:
        assert case["tests"] or len(case["note"].split()) > 3, case["case"]
        for test in case["tests"]:
            path, name = test.split("::")
            assert name in names_in(path), test


def test_every_test_of_this_folder_is_named():
    """What is written here for a case is found in the table, so that none is forgotten."""
    named = {test for file in CASES["files"] for case in file["cases"] for test in case["tests"]}
    beyond = {
        "test_context_is_part_of_every_example",
        "test_labels_of_classes",
        "test_values_that_are_not_finite",
        "test_signature_of_another_kind_is_refused",
        "test_outputs_of_another_form_are_told",
        "test_tasks_that_cannot_be_done",
        "test_methods_are_checked_by_name_where_a_flag_says_so",
        "test_float_beyond_single_precision_is_infinite",
        "test_input_without_examples_is_refused",
    }
    for path in (ROOT / "tests/serving/stock_cases").glob("test_*.py"):
        if path.name == "test_table.py":
            continue
        for name in names_in(path) - beyond:
            assert f"{path.relative_to(ROOT)}::{name}" in named, name


def test_page_shows_the_table():
    assert table.PAGE.read_text() == table.page(), (
        "docs/stock_cases.md is old: python -m tests.serving.stock_cases.table"
    )
