"""The routes of the page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from importlib.resources import files
from typing import Any, TypeVar

import orjson

from qtf.typing import Json
from serving.page import fields
from serving.page.dynamics import MAX_SITES, Dynamics
from serving.page.exact import INITIAL_STATES, MAX_SEED, exact_trajectory, initial_state
from serving.page.explorable import KINDS, Explorable, ServedModel, describe, read_model
from serving.page.ground_states import GroundState
from serving.page.open_systems import OpenSystem
from serving.page.request_error import RequestError

_CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

Kind = TypeVar("Kind", bound=Explorable)

# Nothing but this server is asked for anything, and nothing written into the page runs.
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True)
class PageResponse:
    """An answer over HTTP.

    Attributes:
        status: Status code.
        content_type: Type of the body.
        body: The body.
        headers: Further headers.
    """

    status: int
    content_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Page:
    """Answers the requests of the page; any number of threads may ask at once.

    Args:
        describe: Returns what is served at this moment.
    """

    def __init__(self, describe: Callable[[], list[ServedModel]]) -> None:
        self._describe = describe
        self._computed = {
            "/page/models": ("GET", self._models),
            "/page/state": ("POST", self._state),
            "/page/exact": ("POST", self._exact),
            "/page/exact_ground_state": ("POST", self._exact_ground_state),
            "/page/exact_open_system": ("POST", self._exact_open_system),
        }

    def answer(self, method: str, path: str, body: bytes) -> PageResponse | None:
        """Returns the answer to a request, None if the path is not one of the page.

        Args:
            method: GET, POST, ...
            path: Without query; compared as it is, never joined to a file's name.
            body: Body of the request.
        """
        # The server in front leaves out the body of an answer to HEAD.
        method = "GET" if method == "HEAD" else method
        if path in _FILES:
            return _FILES[path] if method == "GET" else _not_allowed(method, path, "GET")
        if path not in self._computed:
            return None
        allowed, compute = self._computed[path]
        if method != allowed:
            return _not_allowed(method, path, allowed)
        try:
            return _json(HTTPStatus.OK, compute(body))
        except RequestError as error:
            return _json(error.status, {"error": str(error)})

    def _models(self, body: bytes) -> dict[str, Any]:
        served = sorted(self._describe(), key=lambda model: (model.name, -model.version))
        states = [
            {"name": name, "text": s.text, "seeded": s.seeded, "n_sites": s.n_sites}
            for name, s in INITIAL_STATES.items()
        ]
        return {"models": [describe(model) for model in served], "initial_states": states}

    def _state(self, body: bytes) -> dict[str, Any]:
        content = fields.parse_object(body)
        n_sites = fields.integer(content, "n_sites", minimum=1, maximum=MAX_SITES)
        name = fields.word(content, "state", INITIAL_STATES)
        seed = fields.integer({"seed": 0, **content}, "seed", minimum=0, maximum=MAX_SEED)
        psi = initial_state(name, n_sites, seed)
        return {"re": psi.real.copy(), "im": psi.imag.copy()}

    def _exact(self, body: bytes) -> dict[str, Any]:
        content = fields.parse_object(body)
        model = self._explorable(content, Dynamics)
        psi0 = fields.state(content, "psi0")
        n_sites = _n_sites(model, len(psi0))
        longest = model.max_steps(n_sites)
        n_steps = fields.integer(content, "n_steps", minimum=1, maximum=longest)
        return exact_trajectory(model, n_sites, psi0, n_steps)

    def _exact_ground_state(self, body: bytes) -> dict[str, Any]:
        return _exact_values(self._explorable(fields.parse_object(body), GroundState))

    def _exact_open_system(self, body: bytes) -> dict[str, Any]:
        return _exact_values(self._explorable(fields.parse_object(body), OpenSystem))

    def _explorable(self, content: Mapping[str, Json], kind: type[Kind]) -> Kind:
        """Returns the model that is asked for, its newest version if none is named."""
        name = fields.word(content, "model")
        versions = {model.version: model for model in self._describe() if model.name == name}
        if not versions:
            raise RequestError(f"Model {name!r} is not served.", HTTPStatus.NOT_FOUND)
        newest = max(versions)
        asked = {"version": newest, **content}
        version = fields.integer(asked, "version", minimum=0, maximum=2**63 - 1)
        if version not in versions:
            raise RequestError(
                f"Version {version} of model {name!r} is not served.", HTTPStatus.NOT_FOUND
            )
        try:
            model = read_model(versions[version].config)
        except ValueError as error:
            raise RequestError(f"Model {name!r} cannot be explored: {error}") from error
        if not isinstance(model, kind):
            raise RequestError(
                f"Model {name!r} must be of the kind {_word(kind)}, but is of the kind"
                f" {_word(type(model))}."
            )
        return model


def _word(kind: type) -> str:
    return KINDS[kind]


def _exact_values(model: GroundState | OpenSystem) -> dict[str, Any]:
    if not model.description()["has_exact"]:
        raise RequestError("There are no exact values of this model.")
    try:
        return model.exact()
    except ValueError as error:
        raise RequestError(f"There are no exact values of this model: {error}") from error


def _n_sites(model: Dynamics, dimension: int) -> int:
    by_dimension = {2**n: n for n in model.n_sites}
    if dimension not in by_dimension:
        allowed = ", ".join(map(str, model.n_sites))
        raise RequestError(
            f"Field `psi0_re` must hold 2**n numbers for n in {allowed}, but holds {dimension}."
        )
    return by_dimension[dimension]


def _json(status: HTTPStatus, content: Mapping[str, object]) -> PageResponse:
    body = orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)
    headers = {**SECURITY_HEADERS, "Cache-Control": "no-store"}
    return PageResponse(int(status), "application/json", body, headers)


def _not_allowed(method: str, path: str, allowed: str) -> PageResponse:
    error = {"error": f"Path {path} must be asked for by {allowed}, but is by {method}."}
    response = _json(HTTPStatus.METHOD_NOT_ALLOWED, error)
    headers = {**response.headers, "Allow": "GET, HEAD" if allowed == "GET" else allowed}
    return PageResponse(response.status, response.content_type, response.body, headers)


def _read_files() -> dict[str, PageResponse]:
    """Returns an answer for each file of the package, by the path that it is served under."""
    headers = {**SECURITY_HEADERS, "Cache-Control": "no-cache"}
    answers = {}
    for file in files("serving.page").joinpath("static").iterdir():
        suffix = file.name[file.name.rfind(".") :]
        if suffix in _CONTENT_TYPES:
            path = "/" if file.name == "index.html" else f"/page/{file.name}"
            answers[path] = PageResponse(
                int(HTTPStatus.OK), _CONTENT_TYPES[suffix], file.read_bytes(), headers
            )
    return answers


_FILES = _read_files()
