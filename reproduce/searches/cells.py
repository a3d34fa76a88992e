"""Numbers as tables of growths have them; what is not known is an empty cell."""


def with_bar(value: float | None, bar: float | None) -> str:
    """Returns a number with its error bar, where there is one.

    Example:
        >>> with_bar(3.1e-4, 1e-4)
        '3.1e-04 ± 1e-04'
    """
    return number(value, ".1e") + ("" if value is None or bar is None else f" ± {bar:.0e}")


def number(value: float | None, form: str) -> str:
    """Returns a number in a form as `format` has it."""
    return "" if value is None else format(value, form)
