"""HTTP without meaning: bodies read within limits, answers written."""

import asyncio
import gzip
import json
import re
import zlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, cast

from absl import logging

from serving.endpoints.aside import aside
from serving.status import Code, StatusError, invalid_argument

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
JSON = "application/json"
# Where a request has its `Connection`.
CONNECTION = "qtf.connection"
# Below this many bytes packing an answer takes longer than sending it; numbers hardly get
# smaller by more work than that of the first level.
SMALLEST_ZIPPED, _LEVEL = 1024, 1
# Of what gzip makes of zeros.
_LARGEST_RATIO = 1032


class ClientGone(Exception):
    """The client closed the connection before its answer was ready."""


@dataclass(frozen=True)
class Answer:
    """What goes back to a client."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


class BodyTooLarge(Exception):
    """A body is longer than allowed."""


def error_answer(error: StatusError) -> Answer:
    """Returns the answer that TensorFlow Serving gives for an error."""
    return plain_error(error.code.http_status, error.message)


def plain_error(status: int, message: str) -> Answer:
    """Returns `{"error": message}` with an HTTP status."""
    headers = {"Connection": "close"} if status in (413, 504) else {}
    if status == Code.UNAUTHENTICATED.http_status:
        headers = {"WWW-Authenticate": "Bearer"}
    return Answer(status, json.dumps({"error": message}).encode(), headers=headers)


async def read_body(scope: Scope, receive: Receive, *, max_bytes: int) -> bytes:
    """Returns the body of a request.

    Raises:
        BodyTooLarge: It is longer than `max_bytes`, or says that it is.
        ClientGone: The connection closed in the middle.
        StatusError: INVALID_ARGUMENT, it cannot be unpacked.
    """
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > max_bytes:
            raise BodyTooLarge
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > max_bytes:
            raise BodyTooLarge
        if not message.get("more_body", False):
            break
    body = b"".join(parts)
    if not _is_zipped(scope):
        return body
    return await aside(_LARGEST_RATIO * len(body), _unzip, body, max_bytes)


class Connection(Protocol):
    """What a request came by."""

    def cancel_when_lost(self, task: asyncio.Task) -> None:
        """Cancels a task when the client goes away."""
        ...

    def keep(self, task: asyncio.Task) -> None:
        """Cancels it no more."""
        ...

    @property
    def is_lost(self) -> bool:
        """Whether the client has gone away."""
        ...


async def until_gone(work: Awaitable[Answer], connection: Connection) -> Answer:
    """Does the work in this task, unless the client goes away first.

    A task of its own, and one that waits for the end of the connection, would take longer than a
    small answer.

    Raises:
        ClientGone: The client went away.
        StatusError: As the work.
    """
    task = cast(asyncio.Task, asyncio.current_task())
    connection.cancel_when_lost(task)
    try:
        return await work
    except asyncio.CancelledError:
        if connection.is_lost:
            raise ClientGone from None
        raise
    finally:
        connection.keep(task)


def failure(error: Exception) -> Answer:
    """Returns the answer after a defect of ours, which is told in full to the log only."""
    logging.error("A request failed.", exc_info=error)
    return plain_error(500, "The server failed; its log says why.")


def _is_zipped(scope: Scope) -> bool:
    return any(
        name == b"content-encoding" and value.lower() == b"gzip" for name, value in scope["headers"]
    )


def _unzip(body: bytes, max_bytes: int) -> bytes:
    """Unpacks no more than allowed: a small body can hold any amount of zeros."""
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        unpacked = unpacker.decompress(body, max_bytes + 1)
    except zlib.error as error:
        raise invalid_argument(f"Body is not what Content-Encoding says: {error}") from None
    if len(unpacked) > max_bytes:
        raise BodyTooLarge
    if not unpacker.eof:
        raise invalid_argument("Body is not what Content-Encoding says: it ends too early")
    return unpacked


def header(scope: Scope, name: str) -> str | None:
    """Returns the first value of a header, None if there is none.

    Args:
        scope: The request.
        name: Its name in small letters.
    """
    wanted = name.encode()
    for key, value in scope["headers"]:
        if key == wanted:
            return value.decode("latin-1")
    return None


async def zipped(answer: Answer, scope: Scope) -> Answer:
    """Returns the answer packed by gzip, if the client takes that and it is worth it."""
    if len(answer.body) < SMALLEST_ZIPPED:
        return answer
    if not _takes_gzip(header(scope, "accept-encoding") or ""):
        return answer
    body = await aside(len(answer.body), gzip.compress, answer.body, _LEVEL, mtime=0)
    headers = {**answer.headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return replace(answer, body=body, headers=headers)


def _takes_gzip(accepted: str) -> bool:
    for entry in accepted.lower().split(","):
        name, _, weight = entry.partition(";")
        if name.strip() in ("gzip", "*"):
            return re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", weight) is None
    return False


async def send_answer(answer: Answer, send: Send, *, head_only: bool = False) -> None:
    """Writes an answer to the connection."""
    headers = {
        "Content-Type": answer.content_type,
        "Content-Length": str(len(answer.body)),
        **answer.headers,
    }
    encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
    await send({"type": "http.response.body", "body": b"" if head_only else answer.body})
