"""The one error that a call of the client raises, whatever the transport."""

import re

from serving.status import Code

_ASSERTION = re.compile(r"assertion failed: ((?:\[[^\]]*\]\s*)+)")
_FAILED_NODE = re.compile(r"\s*\[\[\{\{(?:function_)?node .*", re.DOTALL)


class ServingError(Exception):
    """A request that was not answered: refused, failed, lost or out of time.

    Attributes:
        code: Canonical status code, the same over gRPC and REST as far as HTTP tells them
            apart.
        message: The server's message on one line, or what went wrong on the way to it.
        is_transient: Whether the same request may succeed a moment later.
    """

    def __init__(self, code: Code, message: str, *, is_transient: bool = False) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.is_transient = is_transient

    def __str__(self) -> str:
        return f"{self.code.name}: {self.message}"


def unusable_answer(message: str) -> ServingError:
    """Returns the error of an answer that is not what the signature promises."""
    return ServingError(Code.INTERNAL, f"The server's answer cannot be used: {message}")


def readable(message: str) -> str:
    r"""Returns a server's message as one line, without the graph's internals.

    A check inside the graph arrives as a list of its parts followed by the node's name.

    Example:
        >>> readable("assertion failed: [Input `n_steps` holds] [3000]\n\t [[{{node A}}]]")
        'Input `n_steps` holds 3000'
    """
    message = _FAILED_NODE.sub("", message)
    match = _ASSERTION.search(message)
    if match:
        message = " ".join(re.findall(r"\[([^\]]*)\]", match[1]))
    return " ".join(message.split())
