import pytest

from serving.protocol.json_requests import parse_object

# What only the slower of the two readers takes.
NOT_A_NUMBER = "NaN"


@pytest.mark.parametrize("beside", ["0", NOT_A_NUMBER])
@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        ("18446744073709551615", 2**64 - 1),
        ("18446744073709551616", 2.0**64),
        ("-9223372036854775808", -(2**63)),
        ("-9223372036854775809", -(2.0**63)),
        ("1180591620717411303424", 2.0**70),
    ],
)
def test_whole_numbers_beyond_64_bits_are_doubles_for_both_readers(digits, expected, beside):
    document = parse_object(f'{{"inputs": [{digits}, {beside}]}}'.encode())
    number = document["inputs"][0]
    assert type(number) is type(expected)
    assert number == expected
