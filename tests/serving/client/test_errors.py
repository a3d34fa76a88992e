"""Messages of the server as a person reads them."""

import pickle

import pytest

from serving.client import Code, ServingError, errors


def test_error_survives_pickling():
    found = pickle.loads(pickle.dumps(ServingError(Code.NOT_FOUND, "no such model")))
    assert (found.code, found.message) == (Code.NOT_FOUND, "no such model")
    assert str(found) == "NOT_FOUND: no such model"


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("plain", "plain"),
        ("two\n lines", "two lines"),
        (
            "Graph execution error:\n\nassertion failed: [Input `psi0_re` must be 2**n wide for n"
            " in 2, 3, but is] [5] [wide.]\n\t [[{{node Assert_1/Assert}}]]",
            "Input `psi0_re` must be 2**n wide for n in 2, 3, but is 5 wide.",
        ),
        ("Matrix is singular\n\t [[{{node a}}]] [Op:b]", "Matrix is singular"),
        (
            "assertion failed: [`n` holds] [41]\n\t [[{{function_node f}}{{node A/Assert}}]]",
            "`n` holds 41",
        ),
    ],
)
def test_messages_become_one_readable_line(message, text):
    assert errors.readable(message) == text
