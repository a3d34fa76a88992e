"""HTTP without meaning: bodies read within limits, answers written."""

import asyncio
import gzip
import json
import re
import time
import zlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from absl import logging

from serving.endpoints.aside import aside
from serving.status import Code, StatusError, deadline_exceeded, invalid_argument

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
JSON = "application/json"
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


async def read_body(scope: Scope, receive: Receive, *, max_bytes: int, deadline: float) -> bytes:
    """Returns the body of a request.

    Raises:
        BodyTooLarge: It is longer than `max_bytes`, or says that it is.
        ClientGone: The connection closed in the middle.
        StatusError: DEADLINE_EXCEEDED, it did not arrive in time; INVALID_ARGUMENT, it
            cannot be unpacked.
    """
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > max_bytes:
            raise BodyTooLarge
    parts, size = [], 0
    try:
        async with asyncio.timeout_at(deadline):
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
    except TimeoutError:
        raise deadline_exceeded() from None
    body = b"".join(parts)
    if not _is_zipped(scope):
        return body
    return await aside(_LARGEST_RATIO * len(body), _unzip, body, max_bytes)


async def until_gone(work: Awaitable[Answer], receive: Receive, deadline: float) -> Answer:
    """Does the work unless the client goes away or time runs out first, which cancels it.

    Raises:
        ClientGone: The client went away.
        StatusError: DEADLINE_EXCEEDED.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(receive())
    try:
        await asyncio.wait(
            {working, leaving},
            timeout=max(0.0, deadline - time.monotonic()),
            return_when=asyncio.FIRST_COMPLETED,
        )
        if not working.done():
            raise ClientGone if leaving.done() else deadline_exceeded()
        return _outcome(working)
    finally:
        working.cancel()
        leaving.cancel()


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


def _outcome(done: asyncio.Future[Answer]) -> Answer:
    error = done.exception()
    if error is None:
        return done.result()
    if isinstance(error, StatusError):
        return error_answer(error)
    # A defect of ours: told in full to the log only.
    logging.error("A request failed.", exc_info=error)
    return plain_error(500, "The server failed; its log says why.")


def header(scope: Scope, name: str) -> str | None:
    """Returns the first value of a header, None if there is none.

    Args:
        scope: The request.
        name: Its name in small letters.
    """
    wanted = name.encode()
    found = (value.decode("latin-1") for key, value in scope["headers"] if key == wanted)
    return next(found, None)


async def zipped(answer: Answer, scope: Scope) -> Answer:
    """Returns the answer packed by gzip, if the client takes that and it is worth it."""
    is_wanted = _takes_gzip(header(scope, "accept-encoding") or "")
    if len(answer.body) < SMALLEST_ZIPPED or not is_wanted:
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
