"""Texts of pages of numbers: fields that may be empty, and sentences that several pages have."""

from collections.abc import Iterable

from reports.requirements import Requirement


def fill_text(text: str, **fields: object) -> str:
    r"""Returns a text with its fields, without paragraphs that are nothing but an empty field.

    Args:
        text: Text with fields in braces.
        **fields: Their values.

    Example:
        >>> fill_text("A {word}.\n\n{more}\n\nEnd.", word="part", more="")
        'A part.\n\nEnd.'
    """
    paragraphs = map(str.strip, text.format(**fields).split("\n\n"))
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def enumerate_words(words: Iterable[str]) -> str:
    """Returns words as a sentence lists them.

    Args:
        words: At least one.

    Example:
        >>> enumerate_words(["6"]), enumerate_words(["6", "8", "10"])
        ('6', '6, 8 and 10')
    """
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def list_shortfalls(requirements: Iterable[Requirement]) -> str:
    """Returns a list in markdown of what falls short, empty where nothing does.

    Args:
        requirements: Requirements, each with its limit.

    Example:
        >>> list_shortfalls([Requirement("error", "2e-3", False, "1e-3")])
        '- Falls short: error, 2e-3; asked for: 1e-3.'
    """
    return "\n".join(
        f"- Falls short: {asked.words}, {asked.measured}; asked for: {asked.limit}."
        for asked in requirements
        if asked.holds is False
    )
