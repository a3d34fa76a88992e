"""The client for asyncio gives what the other one gives, and keeps to the same policy."""

import asyncio
import inspect
import threading
import time

import numpy as np
import pytest

from qtf.physics import printed_state
from serving.client import AsyncClient, Client, Code, RetryPolicy, ServingError
from tests.serving.client.fakes import VERSION, FakeModel, Refusal, rest_server


def run(served, use, **options):
    """Runs `use(client)` with an asynchronous client of the fake server."""

    async def main():
        async with AsyncClient(served[1], **options) as client:
            return await use(client)

    return asyncio.run(main())


def public(kind):
    return {name for name in dir(kind) if not name.startswith("_")}


def test_both_clients_have_the_same_calls_with_the_same_arguments():
    assert public(AsyncClient) == public(Client)
    for name in public(Client):
        theirs, ours = (
            list(inspect.signature(getattr(kind, name)).parameters.values())
            for kind in (AsyncClient, Client)
        )
        assert theirs == ours, name


def test_predictions_are_those_of_the_client(served):
    psi0 = np.stack([printed_state(3), np.roll(printed_state(3), 1)])

    async def use(client):
        return await asyncio.gather(
            client.rollout(psi0, 4), client.observables(psi0, 4), client.metadata(), client.status()
        )

    found, values, metadata, status = run(served, use)
    with Client(served[1]) as client:
        np.testing.assert_array_equal(found.psi, client.rollout(psi0, 4).psi)
        np.testing.assert_array_equal(values.energy, client.observables(psi0, 4).energy)
        assert metadata == client.metadata()
        assert status == client.status()


def test_stream_equals_rollout(served):
    async def use(client):
        streamed = [psi async for psi in client.stream(printed_state(2), 3)]
        first = await client.step(await client.start(printed_state(2)))
        return streamed, first, (await client.rollout(printed_state(2), 3)).psi

    streamed, first, psi = run(served, use)
    np.testing.assert_allclose(streamed, psi, atol=1e-6)
    np.testing.assert_allclose(first.psi, psi[1], atol=1e-6)


def test_requests_are_under_way_together(served):
    served[2].delay = 0.5
    n_steps = range(1, 9)

    async def use(client):
        return await asyncio.gather(*(client.rollout(printed_state(2), n) for n in n_steps))

    start = time.monotonic()
    found = run(served, use)
    assert time.monotonic() - start < 0.8 * len(n_steps) * served[2].delay
    assert [len(each.psi) for each in found] == [n + 1 for n in n_steps]


def test_no_more_requests_are_under_way_than_allowed():
    model, lock, seen = FakeModel(), threading.Lock(), []
    plain, now = model.predict, [0]

    def predict(signature, inputs):
        with lock:
            now[0] += 1
            seen.append(now[0])
        time.sleep(0.05)
        answer = plain(signature, inputs)
        with lock:
            now[0] -= 1
        return answer

    model.predict = predict

    async def use(client):
        await asyncio.gather(*(client.rollout(printed_state(2), 1) for _ in range(8)))

    with rest_server(model) as address:
        run((None, address), use, max_concurrent=2)
    assert (len(seen), max(seen)) == (8, 2)


def test_transient_errors_are_asked_again_and_others_are_not(served):
    served[2].faults.extend([Refusal(Code.UNAVAILABLE), Refusal(Code.RESOURCE_EXHAUSTED)])
    assert run(served, lambda client: client.rollout(printed_state(2), 1)).psi.shape == (2, 4)
    assert len(served[2].seen) == 3
    served[2].faults.append(Refusal(Code.INTERNAL, "broken"))
    with pytest.raises(ServingError, match="^INTERNAL: broken$"):
        run(served, lambda client: client.status())


def test_attempts_end_with_the_deadline(served):
    served[2].faults.extend([Refusal(Code.UNAVAILABLE, "busy")] * 99)
    start = time.monotonic()
    with pytest.raises(ServingError, match=r"UNAVAILABLE: busy \(\d attempts\)"):
        run(served, lambda client: client.status(), timeout=0.6)
    assert time.monotonic() - start < 2.0


def test_cancelled_task_asks_no_more(served):
    served[2].faults.extend([Refusal(Code.UNAVAILABLE)] * 99)
    patient = RetryPolicy(first_delay=0.4, longest_delay=0.4)

    async def use(client):
        task = asyncio.create_task(client.status())
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        asked = len(served[2].seen)
        await asyncio.sleep(0.6)
        return asked

    asked = run(served, use, retry=patient)
    assert len(served[2].seen) == asked <= 1


def test_waiting_ends_when_the_model_is_served(served):
    served[2].faults.append(Refusal(Code.NOT_FOUND, "not yet"))
    assert run(served, lambda client: client.wait_until_ready(5.0)) == VERSION
    with pytest.raises(ServingError, match=r"Not ready after 0.3 s: Servable not found"):
        run(served, lambda client: client.wait_until_ready(0.3), model="other")


def test_mistakes_are_told_before_anything_is_sent(served):
    async def use(client):
        with pytest.raises(ValueError, match="Argument `psi0` must hold numbers"):
            await client.rollout(["up"], 1)
        with pytest.raises(ValueError, match="Argument `n_steps` must be an integer of 32 bits"):
            await anext(client.stream([1.0, 0.0], 1.5))
        with pytest.raises(ValueError, match="`n_samples` must be an integer of at least 2"):
            await client.ground_state(1)

    run(served, use)
    assert not served[2].seen
    with pytest.raises(ValueError, match="`max_concurrent` must be an integer of at least 1"):
        AsyncClient(served[1], max_concurrent=0)


def test_closed_client_says_so(served):
    async def main():
        client = AsyncClient(served[1])
        await client.close()
        with pytest.raises(ValueError, match="The client is closed."):
            await client.status()

    asyncio.run(main())
