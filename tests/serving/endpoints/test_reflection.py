"""Reflection as tools ask for it, and what is said where its package is missing."""

import importlib.util
import sys

import grpc
import pytest

from tests import preloaded
from tests.serving.half_plus_two import save_without_shapes
from tests.serving.running_server import RunningServer

METHOD = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
SERVICES = {
    "grpc.health.v1.Health",
    "grpc.reflection.v1alpha.ServerReflection",
    "tensorflow.serving.ModelService",
    "tensorflow.serving.PredictionService",
}
TOKEN = "0123456789abcdef"
HAS_PACKAGE = importlib.util.find_spec("grpc_reflection") is not None


@pytest.fixture(scope="module")
def flags(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    save_without_shapes(folder / "half_plus_two" / "1")
    (folder / "tokens").write_text(TOKEN)
    return [
        f"--model_base_path={folder / 'half_plus_two'}",
        "--model_name=half_plus_two",
        f"--auth_token_file={folder / 'tokens'}",
        "--enable_grpc_reflection",
    ]


@pytest.mark.skipif(not HAS_PACKAGE, reason="needs grpcio-reflection")
def test_services_and_messages_are_told_to_those_with_a_token(flags, tmp_path):
    from google.protobuf.descriptor_pb2 import FileDescriptorProto
    from grpc_reflection.v1alpha.reflection_pb2 import (
        ServerReflectionRequest,
        ServerReflectionResponse,
    )

    with RunningServer.started(flags, tmp_path) as server:
        call = server.channel.stream_stream(METHOD)
        metadata = [("authorization", f"Bearer {TOKEN}")]
        requests = [
            ServerReflectionRequest(list_services=""),
            ServerReflectionRequest(file_containing_symbol="tensorflow.serving.PredictRequest"),
        ]
        bodies = [request.SerializeToString() for request in requests]
        answers = call(iter(bodies), metadata=metadata, timeout=20)
        services, files = map(ServerReflectionResponse.FromString, answers)
        listed = services.list_services_response.service
        assert {service.name for service in listed} == SERVICES
        files = map(
            FileDescriptorProto.FromString, files.file_descriptor_response.file_descriptor_proto
        )
        assert "tensorflow_serving/apis/predict.proto" in {file.name for file in files}
        with pytest.raises(grpc.RpcError) as raised:
            list(call(iter(bodies), timeout=20))
        assert raised.value.code() is grpc.StatusCode.UNAUTHENTICATED
        with pytest.raises(grpc.RpcError) as raised:
            list(call(iter([b"\xff"]), metadata=metadata, timeout=20))
        assert raised.value.details() == "Request is no valid ServerReflectionRequest."


@pytest.mark.skipif(HAS_PACKAGE, reason="grpcio-reflection is there")
def test_missing_package_is_named(flags):
    command = [sys.executable, "-m", "serving.server", "--port=0", "--rest_api_port=0", *flags]
    done = preloaded.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    assert "`grpcio-reflection` is not installed; it comes with pip install 'qtf[serve]'" in (
        done.stderr
    )
