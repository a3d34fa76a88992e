"""The fake server over both transports, and clients of it."""

import socket

import pytest

from serving.client import Client
from tests.serving.client.fakes import SERVERS, FakeModel, rest_server


@pytest.fixture(scope="module", params=SERVERS)
def server(request):
    model = FakeModel()
    with SERVERS[request.param](model) as address:
        yield request.param, address, model


@pytest.fixture
def served(server):
    """Transport, address and model, the model as new."""
    transport, address, model = server
    fresh = FakeModel()
    vars(model).update(vars(fresh))
    return transport, address, model


@pytest.fixture
def client(served):
    with Client(served[1], timeout=5.0) as client:
        yield client


@pytest.fixture
def rest():
    model = FakeModel()
    with rest_server(model) as address, Client(address, timeout=5.0) as client:
        yield client, model


@pytest.fixture
def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
