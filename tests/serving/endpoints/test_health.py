import asyncio

import pytest
from grpc_health.v1 import health_pb2

from serving.endpoints.health import HealthService
from serving.status import StatusError

_State = health_pb2.HealthCheckResponse


@pytest.mark.parametrize(
    ("name", "last"),
    [("known", [_State.SERVING, _State.NOT_SERVING]), ("nobody", [_State.SERVICE_UNKNOWN])],
)
def test_an_end_while_a_state_is_on_its_way_is_told_too(name, last):
    async def watch():
        health = HealthService(["known"])
        await health.announce(ready=True)
        answers = health.watch(health_pb2.HealthCheckRequest(service=name))
        told = [await anext(answers)]
        # Before anyone asks for the next one.
        await health.close()
        told += [await anext(answers) for _ in last[1:]]
        with pytest.raises(StatusError, match="shutting down"):
            await anext(answers)
        return [_State.FromString(answer).status for answer in told]

    assert asyncio.run(asyncio.wait_for(watch(), 5)) == last
