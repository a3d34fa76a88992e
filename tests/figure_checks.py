"""What every figure must hold, checked on what is drawn."""

from collections.abc import Iterator

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

# Boxes of texts have a margin of about so many pixels.
MARGIN = 1.0


def check_texts(figure: Figure) -> None:
    """Asserts that texts and legends lie within the figure, apart, and legends beside panels."""
    figure.draw_without_rendering()
    renderer = FigureCanvasAgg(figure).get_renderer()
    legends = list(_legends(figure, renderer))
    boxes = [*legends, *_texts(figure, renderer)]
    for words, box in boxes:
        within = Bbox.intersection(figure.bbox, box)
        assert within is not None, f"{words!r} leaves the figure"
        assert np.allclose(within.bounds, box.bounds), f"{words!r} leaves the figure"
    for place, (words, box) in enumerate(boxes):
        for others, other in boxes[place + 1 :]:
            assert not _overlap(box, other), f"{words!r} and {others!r} overlap"
    for words, box in legends:
        for panel in figure.axes:
            assert not _overlap(box, panel.bbox), f"{words!r} lies on a panel"


def _overlap(one: Bbox, other: Bbox) -> bool:
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return width > 2 * MARGIN and height > 2 * MARGIN


def _legends(figure, renderer) -> Iterator[tuple[str, Bbox]]:
    for legend in [*figure.legends, *(panel.get_legend() for panel in figure.axes)]:
        if legend is not None:
            words = ", ".join(text.get_text() for text in legend.get_texts())
            yield f"legend of {words}", legend.get_window_extent(renderer)


def _texts(figure, renderer) -> Iterator[tuple[str, Bbox]]:
    found = [figure._suptitle, *figure.texts]
    for panel in figure.axes:
        if not panel.axison:
            continue
        found += [panel.title, panel._left_title, panel._right_title, *panel.texts]
        for axis in (panel.xaxis, panel.yaxis):
            found += [axis.label, axis.get_offset_text(), *_tick_labels(axis)]
    for text in dict.fromkeys(found):
        if text is not None and text.get_visible() and text.get_text().strip():
            yield text.get_text(), text.get_window_extent(renderer)


def _tick_labels(axis) -> Iterator:
    """Yields the labels that are drawn: those of ticks within the view."""
    low, high = sorted(axis.get_view_interval())
    for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
        if low <= tick.get_loc() <= high:
            yield from (tick.label1, tick.label2)
