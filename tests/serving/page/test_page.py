import json
import re
import subprocess
import sys

import numpy as np
import pytest

from serving.page import Page, ServedModel
from tests.serving.page.stub_server import CONFIG, DT, ISING, SERVED

PAGE = Page(lambda: SERVED)
PSI0 = {"psi0_re": [1, 0, 0, 0], "psi0_im": [0, 0, 0, 0]}


def ask(method, path, content=None, page=PAGE):
    body = b"" if content is None else json.dumps(content).encode()
    response = page.answer(method, path, body)
    return response.status, json.loads(response.body)


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/page/page.js", "text/javascript; charset=utf-8"),
        ("/page/style.css", "text/css; charset=utf-8"),
        ("/page/icon.svg", "image/svg+xml"),
    ],
)
def test_file_is_answered_with_its_type(path, content_type):
    for method in ("GET", "HEAD"):
        response = PAGE.answer(method, path, b"")
        assert (response.status, response.content_type) == (200, content_type)
        assert response.body
        assert response.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", ["/", "/page/page.js", "/page/models", "/page/state"])
def test_every_answer_forbids_other_origins(path):
    headers = PAGE.answer("GET", path, b"").headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    assert "*" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "//",
        "/page",
        "/page/",
        "/index.html",
        "/page/index.html",
        "/page/../../etc/passwd",
        "/page/../page.py",
        "/page/%2e%2e/page.py",
        "/page/..%2fpage.py",
        "/page//etc/passwd",
        "/etc/passwd",
        "/page/page.js\0",
        "/page/page.js\0.css",
        "/page/./page.js",
        "/page/PAGE.JS",
        "/page/page.py",
        "/page/__init__.py",
        "/page/static/page.js",
        "/page/page.js/",
        "/page/models/",
        "\\page\\page.js",
        "/page/page.js?x",
        "/v1/models/ising:predict",
        "/page/\ud800",
        "/page/" + "a" * 100_000,
    ],
)
def test_path_of_no_page_is_none_for_every_method(path):
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", ""):
        assert PAGE.answer(method, path, b"") is None


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/", "GET, HEAD"),
        ("DELETE", "/page/style.css", "GET, HEAD"),
        ("POST", "/page/models", "GET, HEAD"),
        ("GET", "/page/state", "POST"),
        ("HEAD", "/page/exact", "POST"),
        ("PUT", "/page/exact", "POST"),
    ],
)
def test_method_is_not_allowed(method, path, allowed):
    response = PAGE.answer(method, path, b"")
    assert response.status == 405
    assert response.headers["Allow"] == allowed
    assert f"Path {path} must be asked for by" in json.loads(response.body)["error"]


def test_files_refer_only_to_files_that_are_served():
    found = set()
    for path in ("/", "/page/page.js"):
        unseen = [path]
        while unseen:
            path = unseen.pop()
            found.add(path)
            text = PAGE.answer("GET", path, b"").body.decode()
            assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", text), path
            names = re.findall(r'(?:href|src)="(/page/[^"]+)"', text)
            names += [f"/page/{name}" for name in re.findall(r'from "\./([^"]+)"', text)]
            unseen += [name for name in names if name not in found and "." in name]
    assert {"/page/page.js", "/page/style.css", "/page/icon.svg", "/page/bars.js"} <= found


def test_page_has_no_inline_script_or_style():
    html = PAGE.answer("GET", "/", b"").body.decode()
    assert re.findall(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", html) == []


def test_models_lists_the_newest_version_first():
    status, content = ask("GET", "/page/models")
    assert status == 200
    named = [(model["name"], model["version"]) for model in content["models"]]
    assert named == [("half_plus_two", 1), ("ising", 2), ("ising", 1)]
    ising = content["models"][1]
    assert ising["explorable"] is True
    assert ising["n_sites"] == [2, 3, 4, 7, 8]
    assert ising["max_steps"] == {"2": 1000, "3": 1000, "4": 1000, "7": 1000, "8": 511}
    assert ising["dt"] == DT
    assert ising["hamiltonian"] == ISING
    assert ising["hamiltonian_text"].startswith("H = −J Σ ZᵢZⱼ")
    assert content["models"][0]["explorable"] is False
    assert content["models"][0]["reason"] == "The model has no assets/config.json."


def test_models_asks_what_is_served_at_this_moment():
    served = []
    page = Page(lambda: served)
    assert ask("GET", "/page/models", page=page)[1]["models"] == []
    served.append(ServedModel("late", 5, CONFIG))
    assert ask("GET", "/page/models", page=page)[1]["models"][0]["name"] == "late"


def test_initial_states_say_what_they_need():
    states = {state["name"]: state for state in ask("GET", "/page/models")[1]["initial_states"]}
    assert list(states) == [
        "paper",
        "haar",
        "random",
        "up",
        "down",
        "neel",
        "plus",
        "domain_wall",
    ]
    assert states["paper"]["n_sites"] == [2, 7]
    assert [name for name, state in states.items() if state["seeded"]] == ["haar", "random"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"n_sites": 0}, "Field `n_sites` must be an integer from 1 to 10, but is 0."),
        ({"n_sites": 11}, "Field `n_sites` must be an integer from 1 to 10, but is 11."),
        ({"n_sites": 2.0}, "Field `n_sites` must be an integer from 1 to 10, but is 2.0."),
        ({"n_sites": True}, "Field `n_sites` must be an integer from 1 to 10, but is True."),
        ({"n_sites": None}, "Field `n_sites` must be an integer from 1 to 10, but is None."),
        ({"state": "bell"}, "Field `state` must be one of paper, haar, random, up, down, neel,"),
        ({"state": ["up"]}, "but is ['up']."),
        ({"seed": -1}, "Field `seed` must be an integer from 0 to 9007199254740991, but is -1."),
        ({"seed": 2**53}, "but is 9007199254740992."),
        (
            {"state": "paper", "n_sites": 8},
            "Field `n_sites` must be an integer from 2 to 7 for the state `paper`, but is 8.",
        ),
    ],
)
def test_wrong_state_is_a_clear_400(content, message):
    status, answer = ask("POST", "/page/state", {"n_sites": 3, "state": "up", **content})
    assert status == 400
    assert message in answer["error"]


def test_state_needs_no_seed_unless_it_is_random():
    assert ask("POST", "/page/state", {"n_sites": 1, "state": "down"})[1]["re"] == [0.0, 1.0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"n_steps": 0}, "Field `n_steps` must be an integer from 1 to 1000, but is 0."),
        ({"n_steps": 1001}, "Field `n_steps` must be an integer from 1 to 1000, but is 1001."),
        ({"n_steps": 1.0}, "Field `n_steps` must be an integer from 1 to 1000, but is 1.0."),
        ({"psi0_re": [1, 0]}, "Field `psi0_im` must be as long as `psi0_re`, which has 2 numbers"),
        (
            {"psi0_re": [1] + [0] * 31, "psi0_im": [0] * 32},
            "Field `psi0_re` must hold 2**n numbers for n in 2, 3, 4, 7, 8, but holds 32.",
        ),
        ({"psi0_re": [1, 0, 0, "0"]}, "Field `psi0_re` must be a list of numbers, but is [1, 0,"),
        ({"psi0_re": [1, 0, 0, True]}, "Field `psi0_re` must be a list of numbers, but is [1, 0,"),
        ({"psi0_re": [[1], 0, 0, 0]}, "Field `psi0_re` must be a list of numbers, but is [[1],"),
        ({"psi0_im": None}, "Field `psi0_im` must be a list of numbers, but is None."),
        ({"psi0_im": [0, 0, 0, 1]}, "must be a state of norm 1 within 0.001, but have the norm"),
        ({"psi0_im": [0, 0, 0, 1e300]}, "but have the norm 1e+300."),
        ({"psi0_re": [], "psi0_im": []}, "but have the norm 0."),
        ({"model": 3}, "Field `model` must be a text, but is 3."),
        ({"version": "2"}, "Field `version` must be an integer from 0 to 9223372036854775807,"),
    ],
)
def test_wrong_evolution_is_a_clear_400(content, message):
    asked = {"model": "ising", **PSI0, "n_steps": 3, **content}
    status, answer = ask("POST", "/page/exact", asked)
    assert status == 400
    assert message in answer["error"]


@pytest.mark.parametrize("name", ["model", "psi0_re", "psi0_im", "n_steps"])
def test_missing_field_is_a_clear_400(name):
    asked = {"model": "ising", **PSI0, "n_steps": 3}
    del asked[name]
    status, answer = ask("POST", "/page/exact", asked)
    assert (status, answer["error"]) == (400, f"Field `{name}` must be given, but is missing.")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"model": "xxz"}, "Model 'xxz' is not served."),
        ({"model": "../ising"}, "Model '../ising' is not served."),
        ({"version": 3}, "Version 3 of model 'ising' is not served."),
    ],
)
def test_unknown_model_is_404(content, message):
    status, answer = ask("POST", "/page/exact", {"model": "ising", **PSI0, "n_steps": 3, **content})
    assert (status, answer["error"]) == (404, message)


def test_model_without_configuration_is_400():
    status, answer = ask("POST", "/page/exact", {"model": "half_plus_two", **PSI0, "n_steps": 3})
    assert status == 400
    assert answer["error"] == (
        "Model 'half_plus_two' cannot be explored: The model has no assets/config.json."
    )


def test_exact_uses_the_version_that_is_named():
    other = {**CONFIG, "physics": {"dt": 0.5, "hamiltonian": ISING}}
    page = Page(lambda: [ServedModel("ising", 2, other), ServedModel("ising", 10, CONFIG)])
    asked = {"model": "ising", **PSI0, "n_steps": 1}
    assert ask("POST", "/page/exact", asked, page)[1]["times"] == [0.0, DT]
    assert ask("POST", "/page/exact", {**asked, "version": 2}, page)[1]["times"] == [0.0, 0.5]


@pytest.mark.parametrize("path", ["/page/state", "/page/exact"])
@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "The body must be JSON, but: "),
        (b"{", "The body must be JSON, but: "),
        (b"\xff", "The body must be JSON, but: "),
        (b"[" * 100_000, "The body must be JSON, but: "),
        (b'{"n_steps": NaN}', "The body must be JSON, but: "),
        (b'{"seed": 1e999}', "The body must be JSON, but: "),
        (b"[1]", "The body must be a JSON object, but is [1]."),
        (b"null", "The body must be a JSON object, but is None."),
        (b" " * (1 << 20) + b"{}", "The body must be at most 1048576 bytes long, but has 1048578."),
    ],
)
def test_body_that_is_no_small_object_is_400(path, body, message):
    response = PAGE.answer("POST", path, body)
    assert response.status == 400
    error = json.loads(response.body)["error"]
    assert error.startswith(message)
    assert len(error) < 200


def test_computed_answers_are_not_stored():
    assert PAGE.answer("GET", "/page/models", b"").headers["Cache-Control"] == "no-store"


def test_state_and_exact_evolution_start_from_the_same_single_precision_numbers():
    state = ask("POST", "/page/state", {"n_sites": 4, "state": "haar", "seed": 5})[1]
    asked = {"model": "ising", "psi0_re": state["re"], "psi0_im": state["im"], "n_steps": 2}
    answer = ask("POST", "/page/exact", asked)[1]
    psi0 = np.float32(state["re"]) + 1j * np.float32(state["im"])
    exact0 = np.array(answer["psi_re"][0]) + 1j * np.array(answer["psi_im"][0])
    np.testing.assert_allclose(
        exact0 * np.linalg.norm(psi0.astype(complex)), psi0, rtol=0, atol=1e-15
    )
    assert abs(np.linalg.norm(exact0) - 1) < 1e-15


def test_page_needs_no_learning():
    code = "import sys, serving.page; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert {"tensorflow", "keras", "grpc"}.isdisjoint(loaded.stdout.split())
    assert {"qtf", "orjson"} <= set(loaded.stdout.split())
