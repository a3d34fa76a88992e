import math

import numpy as np
import pytest

from qtf.checks import (
    ARGUMENT,
    COUNT,
    COUNT_OR_0,
    FINITE,
    FLAG,
    FRACTION,
    NOT_NEGATIVE,
    POSITIVE,
    SEED,
    Number,
    OneOf,
    Optional,
    Several,
    check,
    check_arguments,
    check_settings,
    require,
)


@pytest.mark.parametrize(
    ("rule", "value", "words"),
    [
        (FINITE, math.nan, "be finite, but is nan."),
        (POSITIVE, math.inf, "be finite, but is inf."),
        (POSITIVE, 0.0, "be positive, but is 0.0."),
        (POSITIVE, "3", 'be a number, but is "3".'),
        (POSITIVE, True, "be a number, but is True."),
        (NOT_NEGATIVE, -1, "not be negative, but is -1."),
        (FRACTION, 1.0, "be at least 0 and below 1, but is 1.0."),
        (COUNT, 2.0, "be an integer, but is 2.0."),
        (COUNT, math.inf, "be finite, but is inf."),
        (COUNT, 0, "be positive, but is 0."),
        (COUNT, False, "be an integer, but is False."),
        (COUNT_OR_0, -1, "not be negative, but is -1."),
        (Number(least=2, integer=True), 1, "be at least 2, but is 1."),
        (SEED, 2**31, f"be at least 0 and at most {2**31 - 1}, but is {2**31}."),
        (FLAG, 1, "be True or False, but is 1."),
        (OneOf(("a", "b")), "c", 'be one of a, b, but is "c".'),
        (OneOf(("a", "b")), 3, "be one of a, b, but is 3."),
        (Optional(COUNT), 0, "be positive, but is 0."),
        (Several(COUNT), 3, "hold several values, but is 3."),
        (Several(COUNT, at_least=1), (), r"hold at least 1 value, but is \(\)."),
    ],
)
def test_a_broken_rule_is_named_with_the_value(rule, value, words):
    with pytest.raises(ValueError, match=f"^Setting `x` must {words}$"):
        check("x", value, rule)


def test_an_entry_that_breaks_the_rule_is_named():
    words = "Argument `x` holds values each of which must be an integer, but one is 2.0."
    with pytest.raises(ValueError, match=words):
        check("x", (1, 2.0), Several(COUNT), kind="Argument")


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        (FINITE, -1e300),
        (POSITIVE, np.float32(1e-30)),
        (NOT_NEGATIVE, 0),
        (FRACTION, 0.0),
        (COUNT, np.int64(1)),
        (COUNT_OR_0, 0),
        (SEED, 2**31 - 1),
        (FLAG, False),
        (Optional(COUNT), None),
        (Several(POSITIVE), []),
        (Several(POSITIVE), (1, 2.5)),
    ],
)
def test_what_obeys_is_taken(rule, value):
    check("x", value, rule)


def test_nested_settings_are_named_by_their_path():
    rules = {"a": {"b": COUNT}, "c": POSITIVE}
    check_settings({"a": {"b": 1, "free": "x"}}, rules)
    with pytest.raises(ValueError, match="Setting `s.a.b` must be positive, but is 0."):
        check_settings({"a": {"b": 0}, "c": 1.0}, rules, "s.")


def test_arguments_that_share_a_rule():
    with pytest.raises(ValueError, match="Argument `b` must be positive, but is 0."):
        check_arguments(COUNT, a=1, b=0)


def test_a_value_where_a_section_is_expected_is_named():
    with pytest.raises(ValueError, match="Setting `a` must hold further settings, but is 3."):
        check_settings({"a": 3}, {"a": {"b": COUNT}})


def test_what_no_rule_says_is_told_in_the_same_words():
    require(True, "sampling.n_prefixes", "be 1", 2)
    with pytest.raises(ValueError, match="Setting `sampling.n_prefixes` must be 1, but is 2."):
        require(False, "sampling.n_prefixes", "be 1", 2)
    with pytest.raises(ValueError, match='Argument `order` must be "snake", but is "raster".'):
        require(False, "order", 'be "snake"', "raster", kind=ARGUMENT)
