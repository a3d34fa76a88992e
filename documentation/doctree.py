"""Pages as Sphinx has read them: numbers stay on one line, and pictures open in full size."""

import re
from collections.abc import Iterator
from typing import Any

from docutils import nodes

# What would break after the sign of its exponent, or behind the sign of an error bar.
NUMBER = re.compile(r"((?:± )?-?\d[\d.]*e[-+]\d+)")
# Texts that are written as they stand, and those in which a class has no place.
AS_IT_STANDS = (nodes.literal, nodes.literal_block, nodes.title, nodes.math, nodes.raw)


def finish_page(app: Any, page: nodes.document, name: str) -> None:
    """Keeps numbers together and links pictures, on a page that is about to be written.

    Args:
        app: The application of Sphinx.
        page: The page.
        name: Its name.
    """
    if app.builder.format == "html":
        keep_numbers_whole(page)
        files = {source: file for source, (_, file) in app.env.images.items()}
        link_pictures(page, app.builder.imagedir, files, depth=name.count("/"))


def keep_numbers_whole(page: nodes.document) -> None:
    """Gives numbers with an exponent the class `number`, whose style keeps them on one line.

    Args:
        page: The page.
    """
    for text in list(page.findall(nodes.Text)):
        pieces = NUMBER.split(text.astext())
        if len(pieces) > 1 and not any(isinstance(node, AS_IT_STANDS) for node in _around(text)):
            text.parent.replace(text, [_piece(place, piece) for place, piece in enumerate(pieces)])


def link_pictures(page: nodes.document, folder: str, files: dict[str, str], *, depth: int) -> None:
    """Links each picture that has no other link to its file, where it has its full size.

    Args:
        page: The page.
        folder: Folder of the pictures on the site.
        files: Source of each picture -> its name in the folder.
        depth: Number of folders that the page is in.
    """
    for image in list(page.findall(nodes.image)):
        file = files.get(image["uri"])
        if file and not any(isinstance(node, nodes.reference) for node in _around(image)):
            uri = f"{'../' * depth}{folder}/{file}"
            link = nodes.reference(refuri=uri, classes=["picture"], internal=True)
            image.replace_self(link)
            link += image


def _around(node: nodes.Node) -> Iterator[nodes.Node]:
    while node.parent is not None:
        node = node.parent
        yield node


def _piece(place: int, text: str) -> nodes.Node:
    return nodes.inline(text, text, classes=["number"]) if place % 2 else nodes.Text(text)
