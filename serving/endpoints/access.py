"""Who may ask: bearer tokens of a file, and the names under which this machine is reached."""

import functools
import hashlib
import hmac
import ipaddress
import os
from collections.abc import Iterable
from pathlib import Path

from absl import logging

from serving.status import Code, StatusError

_SCHEME = "bearer "
# Fewer characters are guessed.
SHORTEST_TOKEN = 16


class Tokens:
    """Tokens of a file, one a line; read again when it changes.

    Empty lines and those that begin with # count for nothing. A file that cannot be read any more
    or holds no token leaves those that there were.

    Args:
        path: The file.

    Raises:
        OSError: The file cannot be read.
        ValueError: It holds no token, or one that is too short.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = _signature(path)
        self._digests = _read(path)

    def admit(self, header: str | None) -> None:
        """Lets a request pass whose header `Authorization` holds one of the tokens.

        Raises:
            StatusError: UNAUTHENTICATED, there is no header, or it holds none of them.
        """
        if header is None or header[: len(_SCHEME)].lower() != _SCHEME:
            raise _unauthenticated("needs the header `Authorization: Bearer TOKEN`")
        digest = _digest(header[len(_SCHEME) :].strip())
        # All of them are compared, each in constant time.
        if not sum([hmac.compare_digest(digest, known) for known in self._known()]):
            raise _unauthenticated("holds a token that is not known here")

    def _known(self) -> frozenset[bytes]:
        try:
            signature = _signature(self._path)
            if signature != self._seen:
                self._seen = signature
                self._digests = _read(self._path)
                logging.info("Tokens of %s were read again.", self._path)
        except (OSError, ValueError) as error:
            logging.error("Tokens stay as they were: %s", error)
        return self._digests


@functools.lru_cache(256)
def is_loopback(host: str) -> bool:
    """Tells whether an address, or the name of one, is reached from this machine alone.

    Example:
        >>> [is_loopback(host) for host in ("localhost", "127.0.0.1", "::1", "0.0.0.0", "qtf.org")]
        [True, True, True, False, False]
    """
    if host.lower() in ("localhost", "localhost."):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_host(header: str | None) -> None:
    """Checks that the header `Host` of a request names this machine.

    A page from elsewhere whose name has come to point here would otherwise be answered by browsers
    of this machine as if it were our own. Who sends no such header is no browser.

    Raises:
        StatusError: PERMISSION_DENIED, it names another.
    """
    if header is None:
        return
    host = header.strip()
    # What follows the last colon is a port, unless it is part of an address in brackets.
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    else:
        host = host.partition(":")[0]
    if not is_loopback(host):
        raise StatusError(
            Code.PERMISSION_DENIED,
            f"Header `Host` must name this machine, as localhost does, but is {header[:200]}.",
        )


def check_base_paths(paths: Iterable[Path], root: Path | None, *, allowed: bool) -> None:
    """Checks that clients may replace the list of models by one with these base paths.

    Args:
        paths: Base paths of the models.
        root: Folder below which they must be; None: anywhere.
        allowed: Whether clients may replace the list at all.

    Raises:
        StatusError: PERMISSION_DENIED, reloading is off or a path lies elsewhere.
    """
    if not allowed:
        raise StatusError(
            Code.PERMISSION_DENIED,
            "Clients may not replace the list of models: the server was started without"
            " --allow_reload_config and --reload_root.",
        )
    for path in paths:
        # Links lead to where they point.
        if root is not None and not Path(path).resolve().is_relative_to(root.resolve()):
            raise StatusError(
                Code.PERMISSION_DENIED,
                f"Base path {str(path)[:200]} must be below the folder of --reload_root.",
            )


def _signature(path: Path) -> tuple[int, int, int]:
    found = os.stat(path)
    return found.st_mtime_ns, found.st_size, found.st_ino


def _read(path: Path) -> frozenset[bytes]:
    lines = [line.strip() for line in path.read_text().splitlines()]
    tokens = [line for line in lines if line and not line.startswith("#")]
    for number, line in enumerate(lines, start=1):
        if line in tokens and len(line) < SHORTEST_TOKEN:
            raise ValueError(
                f"File {path}, line {number}: a token must have at least {SHORTEST_TOKEN}"
                f" characters, but has {len(line)}."
            )
    if not tokens:
        raise ValueError(f"File {path} must hold a token a line, but has none.")
    return frozenset(map(_digest, tokens))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _unauthenticated(what: str) -> StatusError:
    return StatusError(Code.UNAUTHENTICATED, f"The request {what}.")
