"""Requests over REST: the standard library's HTTP, and JSON."""

import http.client
import json
import ssl
from collections import deque
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import numpy as np
import orjson
from numpy.typing import ArrayLike

from serving.client.address import Address, Certificates
from serving.client.deadline import Deadline
from serving.client.errors import ServingError, readable, unusable_answer
from serving.client.rest_connection import RestConnection
from serving.client.transport import UNNAMED, ModelName
from serving.status import Code

# HTTP tells fewer codes apart; where several share a status, this is the likeliest.
_CODES = {
    400: Code.INVALID_ARGUMENT,
    401: Code.UNAUTHENTICATED,
    403: Code.PERMISSION_DENIED,
    404: Code.NOT_FOUND,
    405: Code.UNIMPLEMENTED,
    408: Code.DEADLINE_EXCEEDED,
    409: Code.ABORTED,
    413: Code.RESOURCE_EXHAUSTED,
    429: Code.RESOURCE_EXHAUSTED,
    499: Code.CANCELLED,
    500: Code.INTERNAL,
    501: Code.UNIMPLEMENTED,
    502: Code.UNAVAILABLE,
    503: Code.UNAVAILABLE,
    504: Code.DEADLINE_EXCEEDED,
}
_TRANSIENT = {429, 503}
_LONGEST_QUOTE = 300


class RestTransport:
    """Connections to one server, kept open; safe to use from many threads.

    Args:
        address: Address of the server.
        certificates: Files for TLS.
        token: Token of every request; None: none.

    Raises:
        ValueError: A certificate is no PEM file.
    """

    def __init__(
        self, address: Address, certificates: Certificates, token: str | None = None
    ) -> None:
        self._address = address
        self._token = token
        self._context = _context(certificates) if address.is_secure else None
        self._idle: deque[RestConnection] = deque()

    def predict(
        self,
        model: ModelName,
        signature: str,
        inputs: Mapping[str, np.ndarray],
        deadline: Deadline,
    ) -> tuple[dict[str, np.ndarray], int | None]:
        """Returns float32 outputs by name, and the version if it was chosen.

        Raises:
            ServingError: The request was not answered.
        """
        body = _encode({"signature_name": signature, "inputs": inputs})
        answer = self._answer("POST", f"{_path(model)}:predict", body, deadline)
        outputs = answer.get("outputs") if isinstance(answer, dict) else None
        if isinstance(outputs, list):
            outputs = {UNNAMED: outputs}
        if not isinstance(outputs, dict):
            raise unusable_answer("no outputs by name.")
        return {name: _array(name, values) for name, values in outputs.items()}, model.version

    def status(self, model: ModelName, deadline: Deadline) -> dict[str, Any]:
        """Returns the answer of the model service in the protocol's JSON form.

        Raises:
            ServingError: The request was not answered.
        """
        return self._answer("GET", _path(model), None, deadline)

    def metadata(self, model: ModelName, deadline: Deadline) -> dict[str, Any]:
        """Returns the model's metadata in the protocol's JSON form.

        Raises:
            ServingError: The request was not answered.
        """
        return self._answer("GET", f"{_path(model)}/metadata", None, deadline)

    def close(self) -> None:
        """Closes all idle connections."""
        while self._idle:
            self._idle.pop().close()

    def _answer(self, method: str, path: str, body: bytes | None, deadline: Deadline) -> Any:
        try:
            status, content = self._sent(method, self._address.path + path, body, deadline)
        except TimeoutError as error:
            text = f"No answer from {self._address} in time."
            raise ServingError(Code.DEADLINE_EXCEEDED, text) from error
        except ssl.SSLError as error:
            text = f"No secure connection to {self._address}: {error}."
            raise ServingError(Code.UNAVAILABLE, text) from error
        except (http.client.IncompleteRead, OSError) as error:
            text = f"No connection to {self._address}: {_reason(error)}."
            raise ServingError(Code.UNAVAILABLE, text, is_transient=True) from error
        except http.client.HTTPException as error:
            raise unusable_answer(f"{self._address} does not speak HTTP.") from error
        if status != 200:
            code = _CODES.get(status, Code.UNKNOWN)
            text = _error_text(status, content)
            raise ServingError(code, text, is_transient=status in _TRANSIENT)
        return _decode(content)

    def _sent(
        self, method: str, path: str, body: bytes | None, deadline: Deadline
    ) -> tuple[int, bytes]:
        connection = self._take()
        was_open = connection.is_open
        try:
            answer = connection.request(method, path, body, deadline)
        except ConnectionError:
            # The server may close what has been idle for long; that says nothing about it.
            if not was_open:
                raise
            answer = connection.request(method, path, body, deadline)
        if connection.is_open:
            self._idle.append(connection)
        return answer

    def _take(self) -> RestConnection:
        try:
            return self._idle.pop()
        except IndexError:
            return RestConnection(self._address, self._context, self._token)


def _context(certificates: Certificates) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=certificates.authority)
        if certificates.chain is not None:
            context.load_cert_chain(certificates.chain, certificates.key)
    except ssl.SSLError as error:
        raise ValueError(f"Argument `certificate` must name a PEM file: {error}.") from error
    return context


def _path(model: ModelName) -> str:
    path = f"/v1/models/{quote(model.name, safe='')}"
    if model.version is not None:
        return f"{path}/versions/{model.version}"
    if model.label is not None:
        return f"{path}/labels/{quote(model.label, safe='')}"
    return path


def _encode(content: Mapping[str, Any]) -> bytes:
    arrays = content["inputs"].values()
    # The fast writer has no tokens for what is not finite.
    if all(np.isfinite(array).all() for array in arrays):
        return orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)
    return json.dumps(content, default=np.ndarray.tolist).encode()


def _decode(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except ValueError:
        # Maybe a NaN, which only the standard library reads.
        pass
    try:
        return json.loads(content)
    except ValueError as error:
        raise unusable_answer("no JSON.") from error


def _array(name: str, values: ArrayLike) -> np.ndarray:
    try:
        with np.errstate(over="ignore"):
            return np.array(values, np.float32)
    except (TypeError, ValueError) as error:
        raise unusable_answer(f"output `{name}` is no array of numbers.") from error


def _error_text(status: int, content: bytes) -> str:
    try:
        return readable(json.loads(content)["error"])
    except (ValueError, KeyError, TypeError):
        quoted = " ".join(content[:_LONGEST_QUOTE].decode(errors="replace").split())
        return f"HTTP status {status}: {quoted or http.client.responses.get(status, '')}"


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
