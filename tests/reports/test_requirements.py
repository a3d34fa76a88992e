import pytest

from reports.requirements import Requirement, keeps, tally


@pytest.mark.parametrize(
    ("holds", "cell", "line"),
    [
        (True, "holds", "holds        a: 1"),
        (False, "**falls short**", "FALLS SHORT  a: 1"),
        (None, "", "run          a: 1"),
    ],
)
def test_verdicts_on_pages_and_terminals(holds, cell, line):
    requirement = Requirement("a", "1", holds)
    assert (requirement.cell, requirement.line) == (cell, line)


@pytest.mark.parametrize(
    ("value", "limit", "holds"),
    [(1.0, 1.0, True), (1.1, 1.0, False), (None, 1.0, False), (1.0, None, None)],
)
def test_a_value_keeps_its_limit(value, limit, holds):
    assert keeps(value, limit) is holds


def test_what_nothing_is_required_of_does_not_count():
    requirements = [Requirement("a", "1", holds) for holds in (True, False, None)]
    assert tally(requirements, "promises") == "1 of 2 promises hold"
