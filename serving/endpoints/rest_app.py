"""The REST interface of TensorFlow Serving, with the metrics and the page beside it."""

import asyncio
import functools
import json
import re
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import unquote

from google.protobuf import json_format
from google.protobuf.message import Message
from tensorflow_serving.apis import get_model_metadata_pb2

from qtf.typing import Json
from serving.endpoints import http, model_service, prediction_service
from serving.endpoints.access import check_host
from serving.endpoints.access_log import request_id
from serving.endpoints.aside import LARGE, aside
from serving.endpoints.http import Answer, Receive, Send
from serving.endpoints.infer import infer
from serving.endpoints.service import Service
from serving.protocol import json_pieces, json_requests, json_responses
from serving.protocol.examples import read_examples, serialized
from serving.protocol.inference import Classes, find_task
from serving.protocol.json_numbers import Field
from serving.protocol.prediction import check_method, wanted_outputs
from serving.protocol.signature import Signature
from serving.status import Code, StatusError, deadline_exceeded, invalid_argument

_CHOICE = r"(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
_POST = re.compile(
    rf"/v1/models/(?P<name>[^/:]+){_CHOICE}:(?P<method>classify|regress|predict)", re.IGNORECASE
)
_GET = re.compile(
    rf"/v1/models(?:/(?P<name>[^/:]+))?{_CHOICE}(?P<metadata>/metadata)?", re.IGNORECASE
)

# Whether the process lives, and whether all models answer; open to everyone.
LIVE_ROUTE, READY_ROUTE = "/healthz", "/readyz"
HEALTH_ROUTES = (LIVE_ROUTE, READY_ROUTE)

# What lets pages from anywhere read an answer.
CORS_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Content-Type, Authorization, X-Request-Id",
}


class Page(Protocol):
    """Web pages beside the interface."""

    def answer(self, method: str, path: str, body: bytes) -> Any:
        """Returns status, content_type, body and headers, None for a path not its own."""
        ...


@dataclass(frozen=True)
class _Target:
    """What a path points to."""

    name: str
    version: int | None
    label: str | None


@dataclass
class _Request:
    """A request with what is told of it afterwards."""

    scope: http.Scope
    started: float
    body: bytes = b""

    @cached_property
    def path(self) -> str:
        return self.scope["raw_path"].decode("latin-1").partition("?")[0]


class RestApp:
    """An ASGI application, for connections that are `http.Connection`.

    Args:
        service: Models, metrics, limits and who may ask.
        page: Page that is served at the root; None for nothing.
        metrics_route: Path of the Prometheus metrics; None for nowhere.
        is_local: Whether it listens to this machine alone, under whose names it is asked then.
        with_cors: Whether pages from anywhere may read its answers.
    """

    def __init__(
        self,
        service: Service,
        *,
        page: Page | None = None,
        metrics_route: str | None = None,
        is_local: bool = False,
        with_cors: bool = False,
    ) -> None:
        self._service = service
        self._page = page
        self._metrics_route = metrics_route
        self._is_local = is_local
        self._with_cors = with_cors
        # Exact evolution must not hold up the reading of requests.
        self._executor = ThreadPoolExecutor(2, "page")

    async def __call__(self, scope: http.Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        request = _Request(scope, time.monotonic())
        try:
            deadline = request.started + self._service.limits.rest_seconds
            async with asyncio.timeout_at(deadline):
                answer = await self._answer_or_error(request, receive, deadline)
        except http.ClientGone:
            return
        except TimeoutError:
            answer = http.error_answer(deadline_exceeded())
        if self._with_cors:
            answer = replace(answer, headers={**answer.headers, **CORS_HEADERS})
        answer = await http.zipped(answer, scope)
        answer = self._note(answer, request)
        # Whoever does not read is cut off by the connection.
        await http.send_answer(answer, send, head_only=scope["method"] == "HEAD")

    async def _answer_or_error(
        self, request: "_Request", receive: Receive, deadline: float
    ) -> Answer:
        max_bytes = self._service.limits.max_request_bytes
        scope = request.scope
        try:
            self._admit(scope, request.path)
            request.body = await http.read_body(scope, receive, max_bytes=max_bytes)
            if self._with_cors and scope["method"] == "OPTIONS":
                _check_origin(http.header(scope, "origin"))
                return Answer(200, b"")
            work = self._answer(scope["method"], request.path, request.body, deadline)
            return await http.until_gone(work, scope[http.CONNECTION])
        except http.BodyTooLarge:
            return http.plain_error(413, f"Request body must have at most {max_bytes} bytes.")
        except StatusError as error:
            return http.error_answer(error)
        except (http.ClientGone, TimeoutError):
            raise
        except Exception as error:  # noqa: BLE001  costs this request only
            return http.failure(error)

    def _admit(self, scope: http.Scope, path: str) -> None:
        if self._is_local:
            check_host(http.header(scope, "host"))
        # What a browser asks before it asks holds no token.
        is_open = path in HEALTH_ROUTES or (self._with_cors and scope["method"] == "OPTIONS")
        if self._service.tokens is not None and not is_open:
            self._service.tokens.admit(http.header(scope, "authorization"))

    def _note(self, answer: Answer, request: "_Request") -> Answer:
        """Writes the request into the access log, if there is one, and its name into the answer."""
        if self._service.log is None:
            return answer
        scope = request.scope
        name = request_id(functools.partial(http.header, scope))
        client = scope.get("client") or ("",)
        self._service.log.add(
            request_id=name,
            api="REST",
            request=f"{scope['method']} {request.path}",
            status=answer.status,
            seconds=time.monotonic() - request.started,
            bytes_in=len(request.body),
            bytes_out=len(answer.body),
            client=str(client[0]),
        )
        return replace(answer, headers={**answer.headers, "X-Request-Id": name})

    async def _answer(self, method: str, path: str, body: bytes, deadline: float) -> Answer:
        if path in HEALTH_ROUTES and method in ("GET", "HEAD"):
            is_well = path == LIVE_ROUTE or self._service.models.is_ready()
            return Answer(200 if is_well else 503, b"ok" if is_well else b"not ready", "text/plain")
        if path.lower().startswith("/v1/"):
            return await self._interface(method, path, body, deadline)
        if path == self._metrics_route and method in ("GET", "HEAD"):
            return Answer(200, (await self._service.metrics_text()).encode(), "text/plain")
        if self._page is not None:
            loop = asyncio.get_running_loop()
            answering = loop.run_in_executor(self._executor, self._page.answer, method, path, body)
            page = await answering
            if page is not None:
                return Answer(page.status, page.body, page.content_type, page.headers)
        return http.plain_error(404, f"Nothing is served at {path[:200]}")

    async def _interface(self, method: str, path: str, body: bytes, deadline: float) -> Answer:
        match = {"GET": _GET, "POST": _POST}.get(method, _POST).fullmatch(path)
        if match is None or method not in ("GET", "POST"):
            raise invalid_argument(f"Malformed request: {method} {path[:200]}")
        if path.lower() == "/v1/models":
            names = sorted(model.config.name for model in self._service.models.models)
            return _json({"models": list(map(self._listed, names))})
        if match["name"] is None:
            raise invalid_argument("Missing model name in request.")
        target = _target(match)
        if method == "GET":
            return self._metadata(target) if match["metadata"] else self._status(target)
        if match["method"] == "predict":
            return await self._predict(target, body, deadline)
        if match["method"] in ("classify", "regress"):
            return await self._infer(target, body, match["method"], deadline)
        raise invalid_argument(f"Malformed request: {method} {path[:200]}")

    async def _predict(self, target: _Target, body: bytes, deadline: float) -> Answer:
        with self._service.request("predict", "REST") as record:
            record.model_name = target.name
            parsed = [await aside(len(body), json_requests.parse_predict, body)]
            with self._use(target) as (_, servable):
                is_large = len(body) >= LARGE
                request = await aside(
                    len(body), _read, parsed, servable.loaded.signatures, is_large=is_large
                )
                signature = request.signature
                if self._service.limits.by_method:
                    check_method(signature)
                outputs = await servable.execution.run(
                    signature, request.inputs, wanted_outputs((), signature), deadline
                )
            n_bytes = sum(array.nbytes for array in outputs.values())
            return Answer(
                200,
                await aside(
                    n_bytes,
                    json_responses.write_response,
                    outputs,
                    by_rows=request.by_rows,
                    dtypes=signature.output_types,
                ),
            )

    async def _infer(self, target: _Target, body: bytes, method: str, deadline: float) -> Answer:
        with self._service.request(method, "REST") as record:
            record.model_name = target.name
            document = await aside(len(body), json_requests.parse_object, body)
            given = await aside(len(body), read_examples, document)
            examples = await aside(len(body), serialized, given)
            with self._use(target) as (_, servable):
                task = find_task(
                    servable.loaded.signatures,
                    str(document.get("signature_name", "")),
                    method,
                    by_name=self._service.limits.by_method,
                )
                found = await infer(servable, task, examples, deadline)
            if isinstance(found, Classes):
                return Answer(200, json_responses.write_classes(found.labels, found.scores))
            return Answer(200, json_responses.write_values(found))

    def _listed(self, name: str) -> dict[str, Json]:
        return {"name": name, **_as_json(model_service.status(self._service.models.versions(name)))}

    def _status(self, target: _Target) -> Answer:
        # A label in the path means nothing here, in TensorFlow Serving too.
        versions = self._service.models.versions(target.name, target.version)
        return _json(_as_json(model_service.status(versions)))

    def _metadata(self, target: _Target) -> Answer:
        with self._use(target) as (version, servable):
            answer = prediction_service.metadata(target.name, version, servable)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        field = prediction_service.SIGNATURE_FIELD
        answer.metadata[field].Unpack(signatures)
        return _json(
            {
                "model_spec": _as_json(answer.model_spec),
                "metadata": {field: _as_json(signatures)},
            }
        )

    def _use(self, target: _Target) -> Any:
        return self._service.models.use(target.name, version=target.version, label=target.label)


def _check_origin(origin: str | None) -> None:
    if re.match("https?://", origin or "") is None:
        raise StatusError(Code.FAILED_PRECONDITION, "Origin header is missing in CORS preflight")


def _target(match: re.Match[str]) -> _Target:
    digits, label = match["version"], match["label"]
    # Python refuses to read thousands of digits, whatever their value.
    digits = digits and (digits.lstrip("0")[:30] or "0")
    if digits is not None and int(digits) >= 2**63:
        raise invalid_argument(f"Failed to convert version: {digits} to numeric.")
    return _Target(
        unquote(match["name"]),
        None if digits is None else int(digits),
        None if label is None else unquote(label),
    )


def _read(
    parsed: list[dict[str, Field]], signatures: Mapping[str, Signature], *, is_large: bool
) -> json_requests.JsonRequest:
    # Taken out of the list, millions of numbers are freed here and not in the event loop.
    document = parsed.pop()
    try:
        return json_requests.read_predict(document, signatures)
    finally:
        if is_large:
            json_pieces.free(document)


def _as_json(message: Message) -> dict[str, Json]:
    return json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )


def _json(value: Json) -> Answer:
    return Answer(200, json.dumps(value, indent=1).encode())
