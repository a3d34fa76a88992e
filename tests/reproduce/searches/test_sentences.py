import pytest

from reproduce.searches.limits import LimitedNumber
from reproduce.searches.sentences import describe_reached, describe_size, describe_verdict


def limited(found, holds):
    return LimitedNumber("error", "relative_error", 1e-3, found=found, holds=holds)


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ([limited(1e-4, True)], "1 of 1 requirements hold."),
        ([limited(1e-2, False)], "0 of 1 requirements hold."),
        ([limited(1e-4, True), limited(None, False)], "The other one has not been measured yet,"),
        ([limited(1e-2, False), limited(None, False)], "Of the other 2, 1 has not been measured"),
        ([limited(None, False)] * 2, "0 of 2 requirements hold. None of them has been measured"),
        ([limited(0, True), *[limited(None, False)] * 2], "The other 2 have not been measured"),
    ],
)
def test_what_is_not_measured_is_told_apart_from_what_falls_short(numbers, said):
    words = describe_verdict(numbers)
    assert said in words
    assert ("been measured" in words) == any(number.found is None for number in numbers)


def test_sizes_are_named_as_those_of_their_lattice():
    assert describe_size(3, {"name": "ising", "lattice": "ladder"}) == "3 rungs"
    assert describe_size(3, {"name": "ising", "lattice": "triangular"}) == "3 x 3"


def test_a_size_without_reference_has_no_error():
    words = describe_reached("Chain", "6 spins", None, error="", averaged=True)
    assert words == "- Chain: 6 spins, where no reference is known."
