"""Tables as markdown."""

from collections.abc import Iterable, Sequence


def table(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] | None = None
) -> str:
    """Returns a table.

    Args:
        head: Names of the columns.
        rows: Cells of each row.
        right: Places of the columns that are aligned right; by default all but the first.

    Example:
        >>> print(table(["n", "error"], [["2", "0.1"]]))
        | n | error |
        | --- | ---: |
        | 2 | 0.1 |
    """
    aligned_right = range(1, len(head)) if right is None else right
    rule = ["---:" if place in aligned_right else "---" for place in range(len(head))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *rows))
