"""Large JSON read and freed piece by piece, so that other threads have their turn in between.

The parser holds the interpreter until it is done, a tenth of a second for two million numbers. So
a text is cut at commas within arrays, 64 KiB apart, each piece is opened with the brackets that are
open at its start and closed with those at its end, and the values are put together again.
"""

import re
import secrets
from collections.abc import Callable
from typing import Any

from qtf.typing import Json

# Bytes of a text that are read at a stretch, and values that are freed so.
PIECE = 2**16
_N_FREED = 2**15
_FURTHEST = 16
# After a comma within an object comes a text; within an array of other values, one of these.
_CUT = re.compile(rb",(?=\s*[\[{\-0-9tfnNI])")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_MOST_LEVELS = 16
# Stands for keys whose objects began in a piece before, and for the end of a piece.
_MARK = secrets.token_hex(16)
_OPEN = {ord("["): b"[", ord("{"): b'{"%s":' % _MARK.encode()}
_CLOSE = {ord("["): b"]", ord("{"): b"}"}
_END = b',"%s"' % _MARK.encode()


class CannotCut(Exception):
    """A text cannot be read piece by piece; whether it is JSON at all remains open."""


def parse_in_pieces(body: bytes, parse: Callable[[bytes], Json]) -> Json:
    """Returns the value of a JSON text.

    Args:
        body: The text.
        parse: Reads one piece, all of it; raises `ValueError` if it is no JSON.

    Raises:
        CannotCut: Long texts, brackets or commas within texts, keys that appear twice, many
            brackets within one another, or what is no JSON.
    """
    root: list[Json] = []
    # The first array holds the document itself.
    containers: list[Any] = [root]
    opened, start = b"[", 0
    while start < len(body):
        # Not further: a search holds the interpreter, too.
        furthest = start + _FURTHEST * PIECE
        cut = _CUT.search(body, start + PIECE, furthest)
        if cut is None and furthest < len(body):
            raise CannotCut
        end = cut.start() if cut else len(body)
        text = body[start:end]
        still_opened = _brackets_after(opened, text)
        if cut is None and still_opened != b"[" or not still_opened.endswith(b"["):
            raise CannotCut
        head = b"".join(_OPEN[bracket] for bracket in opened)
        tail = b"".join(_CLOSE[bracket] for bracket in reversed(still_opened))
        try:
            piece = parse(b"".join((head, text, _END, tail)))
        except ValueError:
            raise CannotCut from None
        ends = _last_containers(piece, still_opened)
        ends[-1].pop()
        containers = _append(containers, piece, ends)
        opened, start = still_opened, end + 1
    if len(root) != 1:
        raise CannotCut
    return root[0]


def free(value: object) -> None:
    """Empties lists and objects that nobody needs any more, in pieces."""
    waiting = [value]
    while waiting:
        container = waiting.pop()
        if isinstance(container, dict):
            waiting.extend(container.values())
            container.clear()
        while isinstance(container, list) and container:
            freed = container[-_N_FREED:]
            del container[-_N_FREED:]
            if isinstance(freed[0], list | dict):
                waiting.extend(freed)


def _brackets_after(opened: bytes, text: bytes) -> bytes:
    """Returns the brackets that are open after a text, outermost first."""
    brackets = text.translate(None, _NO_BRACKETS)
    for _ in range(_MOST_LEVELS):
        n_before = len(brackets)
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if len(brackets) == n_before:
            break
    closing = len(brackets) - len(brackets.lstrip(b"]}"))
    new = brackets[closing:]
    if closing >= len(opened) or new.strip(b"[{") or len(opened) + len(new) > _MOST_LEVELS:
        raise CannotCut
    return opened[: len(opened) - closing] + new


def _last_containers(piece: Json, opened: bytes) -> list[Any]:
    """Returns the containers that are open at the end of a piece, outermost first."""
    containers: list[Any] = [piece]
    for bracket in opened[1:]:
        outer = containers[-1]
        inner = list(outer.values())[-1] if isinstance(outer, dict) else outer[-1]
        if not isinstance(inner, list if bracket == ord("[") else dict):
            raise CannotCut
        containers.append(inner)
    # Of keys that appear twice the last value counts, at the place of the first.
    if containers[-1][-1:] != [_MARK]:
        raise CannotCut
    return containers


def _append(containers: list[Any], piece: Json, ends: list[Any]) -> list[Any]:
    """Adds a piece to the containers that are open at its start; returns those at its end."""
    places = {id(end): level for level, end in enumerate(ends)}
    inner: Any = piece
    for level, container in enumerate(containers):
        added = inner
        if id(added) in places:
            ends[places[id(added)]] = container
        if level == len(containers) - 1:
            container.extend(added)
        elif isinstance(container, dict):
            inner = added.pop(_MARK)
            container.update(added)
        else:
            inner = added[0]
            container.extend(added[1:])
    return ends
