"""Pages of one file: tables of facts and numbers, figures within the page."""

import base64
import html
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem;
       color: #222; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; } h2 { font-size: 1.25rem; margin-top: 2.2rem; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { padding: .3rem .8rem; text-align: right; border-bottom: 1px solid #ddd; }
/* A table that is wider than the page scrolls by itself; heads wrap before it comes to that. */
.wide { overflow-x: auto; } th { vertical-align: bottom; overflow-wrap: normal; }
td, td span { white-space: nowrap; } .facts td, .errors td { white-space: normal; }
th:first-child, td:first-child { text-align: left; }
td.best { font-weight: bold; }
img { max-width: 100%; } figcaption, .note { color: #555; font-size: .92rem; }
"""


def make_page(title: str, body: Iterable[str]) -> str:
    """Returns a whole page.

    Args:
        title: Title of the window.
        body: Parts in HTML.

    Example:
        >>> make_page("a < b", ["<h1>x</h1>"]).partition("<style>")[0]
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>a &lt; b</title>"
    """
    head = f"<meta charset='utf-8'><title>{html.escape(title)}</title><style>{STYLE}</style>"
    return f"<!doctype html><html lang='en'><head>{head}</head><body>{''.join(body)}</body></html>"


def facts_table(facts: Mapping[str, str]) -> str:
    """Returns a table of names and words.

    Args:
        facts: Name -> words.
    """
    rows = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{html.escape(words)}</td></tr>"
        for name, words in facts.items()
    )
    return f"<div class='wide'><table class='facts'>{rows}</table></div>"


def number_table(head: Sequence[str], rows: Iterable[Sequence[str | float]]) -> str:
    """Returns a table of numbers.

    Args:
        head: Names of the columns.
        rows: Words and numbers of each row, numbers as `short_number` writes them.

    Example:
        >>> print(number_table(["n", "x"], [["a", 0.25]]))
        <div class='wide'><table><tr><th>n</th><th>x</th></tr><tr><td>a</td><td>0.25</td></tr></table></div>
    """  # noqa: E501
    names = "".join(f"<th>{html.escape(name)}</th>" for name in head)
    lines = "".join(
        f"<tr>{''.join(f'<td>{html.escape(short_number(cell))}</td>' for cell in row)}</tr>"
        for row in rows
    )
    return f"<div class='wide'><table><tr>{names}</tr>{lines}</table></div>"


def figure_section(title: str, caption: str, png: bytes) -> str:
    """Returns a heading and a figure, which the page holds itself.

    Args:
        title: Words of the heading.
        caption: Words below the figure.
        png: The picture.
    """
    data = base64.b64encode(png).decode()
    return (
        f"<h2>{html.escape(title)}</h2><figure><img alt='{html.escape(title)}'"
        f" src='data:image/png;base64,{data}'><figcaption>{html.escape(caption)}"
        "</figcaption></figure>"
    )


def png_of(figure: Any) -> bytes:
    """Returns a Matplotlib figure as PNG, the same bytes whatever the version of Matplotlib."""
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


def short_number(value: str | float) -> str:
    """Returns a number with four digits; words stay as they are.

    Example:
        >>> short_number(0.25), short_number(1e-5), short_number(3)
        ('0.25', '1.00e-05', '3')
    """
    if not isinstance(value, float):
        return str(value)
    return f"{value:.4g}" if value == 0 or 1e-2 <= abs(value) < 1e3 else f"{value:.2e}"
