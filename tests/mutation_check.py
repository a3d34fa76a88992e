"""Breaks chosen lines one by one and tells which of them no test notices.

    python -m tests.mutation_check [ROOM ...]

Each line of `tests/broken_lines` is changed in a copy of the tree, in which the tests that
should notice it run until one fails. Ends with 1 if a change goes unnoticed, and with an error if
a line is gone. Takes half an hour for all rooms; `make test` does not run it.
"""

import argparse
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests import preloaded
from tests.broken_lines import BROKEN_LINES, BrokenLine

ROOT = Path(__file__).parents[1]
COPIED = (
    "commands",
    "configs",
    "data_gen",
    "qtf",
    "reports",
    "reproduce",
    "serving",
    "tests",
    "trainers",
    "deploy",
)
NOTICED, UNNOTICED = "noticed", "NOT NOTICED"
# Of pytest: all tests passed, some failed, none was there.
PASSED, FAILED, NO_TESTS = 0, 1, 5
# Long tests only where quick ones notice nothing.
MARKS = ("not slow and not long", "long and not slow")


def main() -> int:
    """Prints a row for each change; returns 1 if one goes unnoticed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rooms", nargs="*", help="only these, for example physics")
    rooms = parser.parse_args().rooms
    chosen = [line for line in BROKEN_LINES if not rooms or line.room in rooms]
    for line in chosen:
        changed_text(line, ROOT)
    prepare_environment()
    unnoticed = 0
    print("| room | file | line | becomes | tests | result | seconds |\n" + 7 * "| --- " + "|")
    with tempfile.TemporaryDirectory() as folder:
        tree = copy_tree(Path(folder) / "tree")
        passing: set[tuple[str, str]] = set()
        for line in chosen:
            started = time.monotonic()
            result = check(line, tree, passing)
            unnoticed += result != NOTICED
            cells = (line.room, line.path, f"`{line.old.strip()}`", f"`{line.new.strip()}`")
            seconds = f"{time.monotonic() - started:.0f}"
            row = " | ".join((*cells, line.tests, result, seconds)).replace("\n", " ")
            print(f"| {row} |", flush=True)
    print(f"\n{len(chosen) - unnoticed} of {len(chosen)} changes are noticed.")
    return min(unnoticed, 1)


def prepare_environment() -> None:
    """Sets what tests/conftest.py sets, before the first import of TensorFlow."""
    importlib.import_module("tests.conftest")
    # Changed files of one size and second would be taken for one another.
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"


def copy_tree(tree: Path) -> Path:
    """Returns `tree` with everything that tests need."""
    tree.mkdir()
    for name in COPIED:
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (*ROOT.glob("*.toml"), *ROOT.glob("*.md"), *ROOT.glob("*.txt"), ROOT / "setup.py"):
        shutil.copy(path, tree)
    return tree


def check(line: BrokenLine, tree: Path, passing: set[tuple[str, str]]) -> str:
    """Returns what became of one change; `passing` are tests known to pass without any."""
    for marks in MARKS:
        tests = (line.tests, marks)
        if tests not in passing and run_tests(line, tree, marks) not in (PASSED, NO_TESTS):
            return "fails without"
        passing.add(tests)
        code = run_changed(line, tree, marks)
        if code not in (PASSED, NO_TESTS):
            return NOTICED if code == FAILED else f"pytest ended with {code}"
    return UNNOTICED


def run_changed(line: BrokenLine, tree: Path, marks: str) -> int:
    """Returns the exit code of pytest on a tree with the change."""
    path = tree / line.path
    whole = path.read_text()
    path.write_text(changed_text(line, tree))
    try:
        return run_tests(line, tree, marks)
    finally:
        path.write_text(whole)


def changed_text(line: BrokenLine, tree: Path) -> str:
    """Returns the file with the change.

    Raises:
        ValueError: The text does not stand there exactly once.
    """
    text = (tree / line.path).read_text()
    if text.count(line.old) != 1:
        raise ValueError(
            f"File {line.path} must hold the text once, but holds it {text.count(line.old)} times:"
            f" {line.old}"
        )
    return text.replace(line.old, line.new)


def run_tests(line: BrokenLine, tree: Path, marks: str) -> int:
    """Returns the exit code of pytest, which stops at the first failure."""
    options = ["-x", "-q", "-p", "no:cacheprovider", "--no-header", "-m", marks]
    command = [sys.executable, "-m", "pytest", *options, *line.tests.split(" ")]
    nowhere = subprocess.DEVNULL
    process = preloaded.Popen(command, cwd=tree, stdout=nowhere, stderr=nowhere)
    return process.wait()


if __name__ == "__main__":
    sys.exit(main())
