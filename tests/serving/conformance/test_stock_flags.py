"""Command lines of the stock server start this one: what is honoured, and what is told."""

import json
import re
import subprocess
import sys

import grpc
import pytest
from tensorflow_serving.apis import prediction_service_pb2_grpc

from serving.stock_flags import WITHOUT_EFFECT
from tests.serving.running_server import RunningServer, model_config, predict_request, write_text
from tests.serving.stock_flags import STOCK_FLAGS

VALUES = {"integer": "2", "float": "0.5", "boolean": "true", "string": "anything"}
PATH = "/v1/models/half_plus_two:predict"
ORIGIN = {"Origin": "https://elsewhere.example"}


@pytest.fixture(scope="module")
def stock(models, tmp_path_factory):
    """A server with every flag that has no effect, and those that have one."""
    folder = tmp_path_factory.mktemp("stock")
    configs = [model_config(models.root, name) for name in ("half_plus_two", "warm")]
    without_effect = [f"--{name}={VALUES[kind]}" for name, (kind, _) in WITHOUT_EFFECT.items()]
    flags_given = [
        f"--model_config_file={write_text(folder / 'models.config', configs)}",
        f"--grpc_socket_path={folder / 'socket'}",
        "--grpc_channel_arguments=grpc.max_connection_age_ms=100000,grpc.primary_user_agent=qtf",
        "--rest_api_enable_cors_support",
        "--tensorflow_intra_op_parallelism=1",
        "--tensorflow_inter_op_parallelism=1",
        "--saved_model_tags=serve",
        "--num_request_iterations_for_warmup=2",
        *without_effect,
    ]
    with RunningServer.started(flags_given, folder) as running:
        running.folder = folder
        yield running


def test_every_flag_of_the_stock_server_is_known():
    command = [sys.executable, "-m", "serving.server", "--helpfull"]
    text = subprocess.run(command, capture_output=True, text=True).stdout
    assert len(STOCK_FLAGS) == 48
    assert [name for name in STOCK_FLAGS if not re.search(rf"--(\[no\])?{name}:", text)] == []
    assert set(WITHOUT_EFFECT) <= STOCK_FLAGS


def test_credentials_that_there_are_not_end_the_start(start_and_fail):
    process = start_and_fail("--use_alts_credentials", "--model_base_path=anything")
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "Flag --use_alts_credentials cannot be honoured; --ssl_config_file" in stderr


def test_arguments_without_a_value_end_the_start(start_and_fail):
    process = start_and_fail("--grpc_channel_arguments=grpc.x", "--model_base_path=anything")
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "--grpc_channel_arguments must hold NAME=VALUE, but has 'grpc.x'" in stderr


def test_flags_without_effect_are_told(stock):
    log = (stock.folder / "stderr.txt").read_text()
    for name, (_, why) in WITHOUT_EFFECT.items():
        assert f"Flag --{name} has no effect here: {why}." in log
    assert "--grpc_socket_path has no effect" not in log


def test_a_socket_answers_like_the_port(stock):
    with grpc.insecure_channel(f"unix:{stock.folder / 'socket'}") as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        answer = stub.Predict(predict_request("half_plus_two", {"x": [2.0]}), timeout=20)
    assert list(answer.outputs["y"].float_val) == [3.0]


def test_warm_up_requests_are_replayed_as_often_as_asked(stock):
    # Three records, each run twice, and the request itself.
    answer = stock.post("warm:predict", {"instances": [0.0]})
    assert json.loads(answer.text)["predictions"] == [7.0]


def test_pages_from_elsewhere_may_ask_and_read(stock):
    asked = stock.rest("OPTIONS", PATH, headers=ORIGIN)
    read = stock.rest("POST", PATH, {"instances": [1.0]}, headers=ORIGIN)
    for answer in (asked, read):
        assert answer.status == 200
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "POST" in answer.headers["access-control-allow-methods"]
    refused = stock.rest("OPTIONS", PATH)
    assert refused.status == 400
    assert json.loads(refused.text)["error"] == "Origin header is missing in CORS preflight"


def test_without_the_flag_nobody_else_may_read(server):
    answer = server.rest("POST", PATH, {"instances": [1.0]}, headers=ORIGIN)
    assert answer.status == 200
    assert "access-control-allow-origin" not in answer.headers
    assert server.rest("OPTIONS", PATH, headers=ORIGIN).status == 400
