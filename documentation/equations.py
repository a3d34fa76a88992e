"""Equations of pages as MathML, which browsers set without a script from anywhere."""

from typing import Any

from docutils.nodes import SkipNode
from latex2mathml.converter import convert


def add_to(app: Any) -> None:
    """Makes MathML what equations of a site become.

    Args:
        app: Application of Sphinx.
    """
    app.add_html_math_renderer("mathml", (_write_inline, None), (_write_block, None))


def _write_inline(writer: Any, node: Any) -> None:
    writer.body.append(convert(node.astext()))
    raise SkipNode


def _write_block(writer: Any, node: Any) -> None:
    writer.body.append(f'<div class="math">{convert(node.astext(), display="block")}</div>')
    raise SkipNode
