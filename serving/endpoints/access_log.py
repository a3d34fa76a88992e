"""One line of JSON for each request."""

import json
import re
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

# What clients may call a request: nothing that could break a line or fill the disk.
_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
_TRACE = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


class AccessLog:
    """Appends a line of JSON for each request to a file.

    Opened anew for each line, so that the file may be moved away while the server runs. Lines of
    several processes do not mix.

    Args:
        path: The file.

    Raises:
        OSError: It cannot be written to.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._write("")

    def add(
        self,
        *,
        request_id: str,
        api: str,
        request: str,
        status: int | str,
        seconds: float,
        bytes_in: int,
        bytes_out: int,
        client: str,
    ) -> None:
        """Appends a line.

        Args:
            request_id: How the request is called.
            api: "REST" or "GRPC".
            request: Method and path.
            status: Status code of the answer.
            seconds: From the first look at the request to its answer.
            bytes_in: Bytes of the request.
            bytes_out: Bytes of the answer.
            client: Address that it came from.
        """
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "id": request_id,
            "api": api,
            "request": request[:1024],
            "status": status,
            "milliseconds": round(1e3 * seconds, 3),
            "bytes_in": bytes_in,
            "bytes_out": bytes_out,
            "client": client,
        }
        self._write(json.dumps(line) + "\n")

    def _write(self, text: str) -> None:
        with self._lock, open(self._path, "a") as file:
            file.write(text)


def request_id(header: Callable[[str], str | None]) -> str:
    """Returns how a request is called: by its `x-request-id`, its `traceparent`, or a new name.

    Args:
        header: Returns the value of a header of a name in small letters, if it is there.

    Example:
        >>> request_id({"x-request-id": "run-7"}.get)
        'run-7'
        >>> request_id({"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"}.get) == "ab" * 16
        True
    """
    given = header("x-request-id")
    if given is not None and _ID.fullmatch(given):
        return given
    trace = _TRACE.fullmatch(header("traceparent") or "")
    return trace[1] if trace else uuid.uuid4().hex
