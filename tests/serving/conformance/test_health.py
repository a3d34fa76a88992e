"""The standard health service of gRPC."""

import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.serving.running_server import error_of

SERVING = health_pb2.HealthCheckResponse.SERVING


@pytest.fixture(scope="module")
def health(batching_server):
    """Stub of the health service of a server all of whose models are available."""
    return health_pb2_grpc.HealthStub(batching_server.channel)


@pytest.mark.parametrize("service", ["", "ModelService", "PredictionService"])
def test_check_of_a_known_service(health, service):
    request = health_pb2.HealthCheckRequest(service=service)
    assert health.Check(request, timeout=10).status == SERVING


def test_check_of_an_unknown_service(health):
    request = health_pb2.HealthCheckRequest(service="nobody")
    assert error_of(health.Check, request, timeout=10)[0] == "NOT_FOUND"


def test_watch_tells_the_state_at_once(health):
    watch = health.Watch(health_pb2.HealthCheckRequest(service=""), timeout=10)
    assert next(watch).status == SERVING
    watch.cancel()
