"""What follows the colon of `--config=FILE:CHOICE`, read by the file itself."""

from collections.abc import Callable
from typing import Any


def parse_choice(text: str, form: str, *kinds: Callable[[str], Any]) -> list[Any]:
    """Returns what follows the colon of --config, one value for each kind.

    Raises:
        ValueError: It has not this form: more or fewer values, or one of another kind.
    """
    try:
        return [kind(part) for kind, part in zip(kinds, text.split(","), strict=True)]
    except ValueError as error:
        raise ValueError(f'What follows the colon must be {form}, but is "{text}".') from error


def parse_word(*words: str) -> Callable[[str], str]:
    """Returns a function that returns one of these words, for `parse_choice`."""

    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(text)
        return text

    return parse
