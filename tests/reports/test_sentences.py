import pytest

from reports.requirements import Requirement
from reports.sentences import enumerate_words, list_shortfalls


@pytest.mark.parametrize(
    ("words", "listed"), [(["a"], "a"), (["a", "b"], "a and b"), ("abc", "a, b and c")]
)
def test_words_are_listed_as_in_a_sentence(words, listed):
    assert enumerate_words(words) == listed


def test_only_what_falls_short_is_listed():
    requirements = [Requirement(str(holds), "1", holds, "2") for holds in (True, False, None)]
    assert list_shortfalls(requirements) == "- Falls short: False, 1; asked for: 2."
    assert list_shortfalls(requirements[:1]) == ""
