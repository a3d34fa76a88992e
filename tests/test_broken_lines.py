"""The lines that `tests.mutation_check` breaks are still there, each once."""

import pytest

from tests.broken_lines import BROKEN_LINES
from tests.mutation_check import ROOT, changed_text


@pytest.mark.parametrize("line", BROKEN_LINES, ids=lambda line: f"{line.path}: {line.old}")
def test_the_line_is_there(line):
    assert changed_text(line, ROOT) != (ROOT / line.path).read_text()
