"""Lists of NAME=VALUE behind a flag."""

from collections.abc import Iterable


def read_pairs(flag: str, entries: Iterable[str] | None) -> list[tuple[str, str]]:
    """Returns names and values.

    Args:
        flag: Name of the flag, for messages.
        entries: Its words.

    Raises:
        ValueError: A word has another form.

    Example:
        >>> read_pairs("fixed", ["ZZ=1.0"])
        [('ZZ', '1.0')]
    """
    pairs = []
    for entry in entries or ():
        name, equals, value = entry.partition("=")
        if not (name and equals and value):
            raise ValueError(f"Flag --{flag} must hold NAME=VALUE, but holds {entry!r}.")
        pairs.append((name, value))
    return pairs


def read_number(flag: str, text: str) -> float:
    """Returns a number behind a flag.

    Args:
        flag: Name of the flag, for messages.
        text: The number.

    Raises:
        ValueError: It is none.
    """
    try:
        return float(text)
    except ValueError as error:
        raise ValueError(f"Flag --{flag} must hold numbers, but holds {text!r}.") from error
