"""What only the gRPC transport does."""

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from qtf.physics import printed_state
from serving.client import Client, Code, ServingError
from tests.serving.client.fakes import FakeModel, Refusal, grpc_server, servicers


def test_grpc_server_is_told_what_is_left_of_the_deadline():
    model = FakeModel()
    model.faults.append(Refusal(Code.UNAVAILABLE))
    with grpc_server(model) as address, Client(address, timeout=1.0) as client:
        client.rollout(printed_state(2), 1)
    first, second = (seen.seconds_left for seen in model.seen)
    # On the wire it is rounded up, by at most one part in a hundred.
    assert 0.8 < first <= 1.01
    assert second < first - 0.04


def test_message_beyond_a_limit_is_not_retried():
    model = FakeModel()
    text = "Received message larger than max (70 vs. 64)"
    model.faults.append(Refusal(Code.RESOURCE_EXHAUSTED, text))
    with (
        grpc_server(model) as address,
        Client(address) as client,
        pytest.raises(ServingError, match="larger than max"),
    ):
        client.status()
    assert len(model.seen) == 1


def test_server_that_comes_back_is_found_by_grpc(free_port):
    import grpc
    from tensorflow_serving.apis import model_service_pb2_grpc

    with Client(f"127.0.0.1:{free_port}", timeout=8.0) as client, ThreadPoolExecutor(1) as pool:
        found = pool.submit(client.status)
        time.sleep(0.5)
        server = grpc.server(ThreadPoolExecutor(2))
        models = servicers(FakeModel())[1]
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(models, server)
        server.add_insecure_port(f"127.0.0.1:{free_port}")
        server.start()
        assert found.result(timeout=8)[1].state == "AVAILABLE"
        server.stop(0).wait(5)


def test_one_value_fills_a_tensor():
    from tensorflow.core.framework import tensor_pb2

    from serving.client.grpc_transport import _array

    tensor = tensor_pb2.TensorProto(dtype=1, float_val=[0.5])
    for size in (2, 3):
        tensor.tensor_shape.dim.add(size=size)
    np.testing.assert_array_equal(_array("psi_re", tensor), np.full((2, 3), 0.5, np.float32))
    content = tensor_pb2.TensorProto(dtype=1, tensor_content=np.float32([1, 2]).tobytes())
    content.tensor_shape.dim.add(size=2)
    np.testing.assert_array_equal(_array("psi_re", content), [1.0, 2.0])
    tensor.dtype = 2
    with pytest.raises(ServingError, match="output `psi_re` is DT_DOUBLE, not DT_FLOAT"):
        _array("psi_re", tensor)
