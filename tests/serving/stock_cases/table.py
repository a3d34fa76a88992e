"""Writes docs/stock_cases.md from cases.json: python -m tests.serving.stock_cases.table

cases.json lists every case of four tests of the stock server, in the order of its files, with the
tests here that show the same, and what differs, or why a case does not apply.
"""

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
CASES = json.loads(Path(__file__).with_name("cases.json").read_text())
PAGE = ROOT / "docs" / "stock_cases.md"
HEAD = """# Cases of the stock server's tests

<!-- Written by python -m tests.serving.stock_cases.table from cases.json beside it. -->
This page is for those who want to replace TensorFlow Serving by `qtf serve` and need to know how
far the two agree. TensorFlow Serving {release} has tests of its own that hold it to its contract.
Four of their files are about answers and not about classes of C++. Each of their cases is listed
here, either with the test of `qtf serve` that shows the same fact and was written anew, or with
the reason why the case does not apply. Of {n_cases} cases, {n_shown} are shown. Other differences
are listed under [serving](serving.md#where-qtf-serve-differs-from-the-stock-server).

A test of qtf checks this table: every test that it names must exist, and the numbers must agree.
"""


def page():
    """Returns the text of the page."""
    files = CASES["files"]
    n_cases = sum(file["n_cases"] for file in files)
    n_shown = sum(bool(case["tests"]) for file in files for case in file["cases"])
    parts = [HEAD.format(release=CASES["release"], n_shown=n_shown, n_cases=n_cases)]
    parts += [_section(file) for file in files]
    return "\n".join(parts)


def _section(file):
    shown = sum(bool(case["tests"]) for case in file["cases"])
    name = file["file"].rpartition("/")[2]
    lines = [
        f"## `{name}`",
        "",
        f"`{file['file']}`: {shown} of {file['n_cases']} cases.",
        "",
        "| case | shown by | note |",
        "| --- | --- | --- |",
        *map(_row, file["cases"]),
    ]
    return "\n".join(lines) + "\n"


def _row(case):
    tests = [test.removeprefix("tests/serving/").split("::") for test in case["tests"]]
    shown = "<br>".join(f"`{file}`: `{test}`" for file, test in tests)
    return f"| `{case['case']}` | {shown or 'does not apply'} | {case.get('note', '')} |"


if __name__ == "__main__":
    PAGE.write_text(page())
