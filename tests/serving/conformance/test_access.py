"""A server on a shared machine: tokens, reloads below one folder, the access log, health."""

import gzip
import json
import subprocess
import sys

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from serving.client import Client, ServingError
from serving.status import Code
from tests.serving.running_server import RunningServer, model_config, write_text

TOKEN = "a-token-of-20-letters"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def shared(models, tmp_path_factory):
    """A server that asks for a token, writes an access log and reloads below one folder."""
    folder = tmp_path_factory.mktemp("shared_server")
    (folder / "tokens").write_text(f"{TOKEN}\n")
    configs = [model_config(models.root, name) for name in ("half_plus_two", "zoo")]
    flags = [
        f"--model_config_file={write_text(folder / 'models.config', configs)}",
        f"--auth_token_file={folder / 'tokens'}",
        f"--access_log={folder / 'access.jsonl'}",
        f"--reload_root={models.root}",
    ]
    with RunningServer.started(flags, folder) as running:
        running.folder = folder
        yield running


def logged(server):
    text = (server.folder / "access.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


PATHS = [
    ("GET", "/"),
    ("GET", "/page/models"),
    ("GET", "/v1/models"),
    ("GET", "/v1/models/half_plus_two"),
    ("GET", "/v1/models/half_plus_two/metadata"),
    ("POST", "/v1/models/half_plus_two:predict"),
    ("GET", "/monitoring/prometheus/metrics"),
    ("GET", "/absent"),
    ("GET", "/healthz/"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_every_route_asks_for_the_token(shared, method, path):
    for headers in ({}, {"Authorization": "Bearer a-token-of-20-lettert"}):
        answer = shared.rest(method, path, headers=headers)
        assert answer.status == 401
        assert json.loads(answer.text)["error"].startswith("The request ")
        assert answer.headers["www-authenticate"] == "Bearer"
    assert shared.rest(method, path, headers=BEARER).status != 401


def test_health_is_told_to_everyone(shared):
    for path, text in (("/healthz", "ok"), ("/readyz", "ok")):
        answer = shared.rest("GET", path)
        assert (answer.status, answer.text) == (200, text)
    found = health_pb2_grpc.HealthStub(shared.channel).Check(health_pb2.HealthCheckRequest())
    assert found.status == health_pb2.HealthCheckResponse.SERVING


def test_grpc_asks_for_the_token(shared):
    with pytest.raises(grpc.RpcError) as caught:
        shared.predict("half_plus_two", {"x": [1.0]})
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    with pytest.raises(grpc.RpcError) as caught:
        shared.status("half_plus_two")
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize("scheme", ["", "http://"])
def test_the_client_holds_a_token(shared, scheme):
    port = shared.rest_port if scheme else shared.grpc_port
    address = f"{scheme}127.0.0.1:{port}"
    with Client(address, model="half_plus_two", token=TOKEN) as client:
        assert client.metadata().version == 1
    with Client(address, model="half_plus_two") as client, pytest.raises(ServingError) as caught:
        client.metadata()
    assert caught.value.code is Code.UNAUTHENTICATED


def test_a_token_that_cannot_be_sent_is_refused():
    for token in ("", "two\nlines", "ü" * 20, 7):
        with pytest.raises(ValueError, match="`token` must be a text of printable ASCII"):
            Client("http://127.0.0.1:1", token=token)


def test_predict_sends_the_token_of_a_file(shared, tmp_path):
    command = [sys.executable, "-m", "serving.predict", "--state=up:2", "--model_name=zoo"]
    command.append(f"--address=http://127.0.0.1:{shared.rest_port}")
    told = subprocess.run(command, capture_output=True, text=True)
    assert told.returncode
    assert "Flag --auth_token_file names a file with a token" in told.stderr
    tokens = tmp_path / "tokens"
    tokens.write_text(f"# mine\n{TOKEN}\n")
    told = subprocess.run([*command, f"--auth_token_file={tokens}"], capture_output=True, text=True)
    assert "`rollout`" in told.stderr
    tokens.write_text("# none\n")
    told = subprocess.run([*command, f"--auth_token_file={tokens}"], capture_output=True, text=True)
    assert "must name a file of tokens, but is" in told.stderr


def test_models_are_listed(shared):
    answer = json.loads(shared.rest("GET", "/v1/models", headers=BEARER).text)
    assert [model["name"] for model in answer["models"]] == ["half_plus_two", "zoo"]
    (state,) = answer["models"][0]["model_version_status"]
    assert (state["version"], state["state"]) == ("1", "AVAILABLE")


def test_each_request_has_a_line_in_the_log(shared):
    path = "/v1/models/half_plus_two:predict"
    headers = {**BEARER, "X-Request-Id": "run-7"}
    answer = shared.rest("POST", path, {"instances": [1.0, 2.0]}, headers=headers)
    assert answer.headers["x-request-id"] == "run-7"
    line = logged(shared)[-1]
    assert line.pop("milliseconds") > 0.0
    assert line.pop("time")
    assert line == {
        "id": "run-7",
        "api": "REST",
        "request": f"POST {path}",
        "status": 200,
        "bytes_in": len('{"instances": [1.0, 2.0]}'),
        "bytes_out": len(answer.text),
        "client": "127.0.0.1",
    }
    with pytest.raises(grpc.RpcError):
        shared.predict("half_plus_two", {"x": [1.0]})
    line = logged(shared)[-1]
    assert (line["api"], line["status"]) == ("GRPC", "UNAUTHENTICATED")
    assert line["request"] == "/tensorflow.serving.PredictionService/Predict"


def test_large_answers_are_packed_for_those_who_take_it(shared):
    values = {"instances": [0.5] * 2000}
    path = "/v1/models/half_plus_two:predict"
    plain = shared.rest("POST", path, values, headers=BEARER)
    packed = raw(shared, path, values)
    assert "content-encoding" not in plain.headers
    assert packed[0]["Content-Encoding"] == "gzip"
    assert packed[0]["Vary"] == "Accept-Encoding"
    assert len(packed[1]) < 0.2 * len(plain.text)
    assert gzip.decompress(packed[1]).decode() == plain.text


def raw(server, path, values):
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", server.rest_port, timeout=60)
    headers = {**BEARER, "Accept-Encoding": "gzip"}
    connection.request("POST", path, json.dumps(values), headers)
    answer = connection.getresponse()
    found = dict(answer.getheaders()), answer.read()
    connection.close()
    return {name.title(): value for name, value in found[0].items()}, found[1]


def test_reloads_are_confined_to_the_root(shared, models, tmp_path):
    def reload(root):
        return shared.channel.unary_unary(
            "/tensorflow.serving.ModelService/HandleReloadConfigRequest",
            request_serializer=lambda request: request.SerializeToString(),
        )(reload_request(model_config(root, "half_plus_two")), metadata=(tuple_of(BEARER),))

    with pytest.raises(grpc.RpcError) as caught:
        reload(tmp_path)
    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert "must be below the folder of --reload_root" in caught.value.details()
    reload(models.root)
    answer = json.loads(shared.rest("GET", "/v1/models", headers=BEARER).text)
    assert [model["name"] for model in answer["models"]] == ["half_plus_two"]


def reload_request(config):
    from tensorflow_serving.apis import model_management_pb2

    request = model_management_pb2.ReloadConfigRequest()
    request.config.model_config_list.config.append(config)
    return request


def tuple_of(headers):
    ((name, value),) = headers.items()
    return name.lower(), value


def test_a_host_from_elsewhere_is_refused(server):
    answer = server.rest("GET", "/v1/models", headers={"Host": "evil.example"})
    assert answer.status == 403
    assert "must name this machine" in json.loads(answer.text)["error"]
