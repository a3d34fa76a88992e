"""A server process with the clients that every user of the protocol has: stubs and plain HTTP."""

import contextlib
import http.client
import json
import re
import signal
import subprocess
import sys
import time
from collections import namedtuple

import grpc
import tensorflow as tf
from google.protobuf import json_format, text_format
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)
from tensorflow_serving.config import model_server_config_pb2

from tests import preloaded

READY = re.compile(r"qtf-serve: ready, gRPC \S+?:(\d+), REST http://\S+?:(\d+)\s*$")
MAX_MESSAGE = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]

Answer = namedtuple("Answer", "status headers text")


class RunningServer:
    """A server that printed its ready line, and calls to it."""

    def __init__(self, process, grpc_port, rest_port):
        self.process = process
        self.grpc_port = grpc_port
        self.rest_port = rest_port
        self.channel = grpc.insecure_channel(f"127.0.0.1:{grpc_port}", options=MAX_MESSAGE)
        self.prediction = prediction_service_pb2_grpc.PredictionServiceStub(self.channel)
        self.model = model_service_pb2_grpc.ModelServiceStub(self.channel)

    @classmethod
    @contextlib.contextmanager
    def started(cls, flags, folder, timeout=120, start=preloaded.Popen):
        """Starts `python -m serving.server`, waits for its line, and ends it by SIGTERM."""
        command = [sys.executable, "-m", "serving.server", "--port=0", "--rest_api_port=0", *flags]
        log = folder / "stderr.txt"
        with log.open("w") as stderr:
            process = start(command, stdout=subprocess.PIPE, stderr=stderr, text=True)
            try:
                running = cls(process, *_wait_until_ready(process, log, timeout))
                yield running
                running.channel.close()
            finally:
                process.send_signal(signal.SIGTERM)
                process.stdout.close()
                process.wait(timeout=60)
        if process.returncode != 0:
            raise RuntimeError(f"SIGTERM ended the server with exit code {process.returncode}.")

    def predict(self, model, inputs, *, timeout=20, **choices):
        """Calls Predict; arrays and tensor protos are both taken as inputs."""
        return self.prediction.Predict(predict_request(model, inputs, **choices), timeout=timeout)

    def status(self, model, version=None):
        """Returns {version: (state, code, message)} from GetModelStatus."""
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = model
        if version is not None:
            request.model_spec.version.value = version
        answer = self.model.GetModelStatus(request, timeout=20)
        state_name = get_model_status_pb2.ModelVersionStatus.State.Name
        return {
            each.version: (
                state_name(each.state),
                each.status.error_code,
                each.status.error_message,
            )
            for each in answer.model_version_status
        }

    def metadata(self, model, fields=("signature_def",), **choices):
        """Calls GetModelMetadata."""
        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=fields)
        choose(request.model_spec, model, **choices)
        return self.prediction.GetModelMetadata(request, timeout=20)

    def reload(self, configs):
        """Calls HandleReloadConfigRequest with a list of model configs."""
        request = model_management_pb2.ReloadConfigRequest()
        request.config.model_config_list.config.extend(configs)
        # An empty list is still a list.
        request.config.model_config_list.SetInParent()
        return self.model.HandleReloadConfigRequest(request, timeout=60)

    def rest(self, method, path, body=None, headers=None):
        """Sends one HTTP request; a mapping becomes JSON, a text goes as it is."""
        if isinstance(body, dict):
            body = json.dumps(body)
        connection = http.client.HTTPConnection("127.0.0.1", self.rest_port, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            # A server may write a string tensor that is no UTF-8 as it is.
            return Answer(response.status, headers, response.read().decode(errors="replace"))

    def post(self, path, body):
        """POSTs to a path under /v1/models/ and returns the answer."""
        return self.rest("POST", f"/v1/models/{path}", body)


def _wait_until_ready(process, log, timeout):
    # The pipe ends when the process dies, so this loop ends too.
    deadline = time.monotonic() + timeout
    for line in process.stdout:
        if found := READY.match(line):
            return int(found[1]), int(found[2])
        if time.monotonic() > deadline:
            break
    raise RuntimeError(f"The server never became ready:\n{log.read_text()[-3000:]}")


def choose(model_spec, name, *, signature="", version=None, label=None):
    """Fills a ModelSpec."""
    model_spec.name = name
    model_spec.signature_name = signature
    if version is not None:
        model_spec.version.value = version
    if label is not None:
        model_spec.version_label = label


def predict_request(model, inputs, *, output_filter=(), **choices):
    """Returns a PredictRequest; values that are no protos are converted."""
    request = predict_pb2.PredictRequest(output_filter=output_filter)
    choose(request.model_spec, model, **choices)
    for name, value in inputs.items():
        is_proto = isinstance(value, tf.make_tensor_proto(0).__class__)
        proto = value if is_proto else tf.make_tensor_proto(value)
        request.inputs[name].CopyFrom(proto)
    return request


def model_config(root, name, **fields):
    """Returns a ModelConfig of the platform tensorflow."""
    config = model_server_config_pb2.ModelConfig(
        name=name, base_path=str(root / name), model_platform="tensorflow"
    )
    return json_format.ParseDict(fields, config)


def write_text(path, configs):
    """Writes a --model_config_file and returns its path."""
    config = model_server_config_pb2.ModelServerConfig()
    config.model_config_list.config.extend(configs)
    path.write_text(text_format.MessageToString(config))
    return path


def error_of(call, *arguments, **keywords):
    """Returns (code, details) of a call that must fail."""
    try:
        answer = call(*arguments, **keywords)
    except grpc.RpcError as error:
        return error.code().name, error.details()
    raise AssertionError(f"The call succeeded: {answer}")


def wait_for(condition, timeout=20):
    """Waits until `condition()` is true and returns what it returned."""
    deadline = time.monotonic() + timeout
    while not (result := condition()):
        if time.monotonic() > deadline:
            raise AssertionError("The awaited state was never reached.")
        time.sleep(0.02)
    return result
