import asyncio
import threading
from types import SimpleNamespace

import pytest

from serving.configuration.options import ModelConfig, RetryOptions
from serving.configuration.version_policy import VersionPolicy
from serving.models.served_model import Servable, ServedModel, State
from serving.status import StatusError, invalid_argument


class Loads:
    """Loads nothing, but remembers; `broken` versions fail, `slow` ones wait for `go`."""

    def __init__(self):
        self.loaded, self.closed = [], []
        self.broken, self.slow = set(), set()
        self.go = threading.Event()

    def __call__(self, name, number, path):
        self.loaded.append(number)
        if number in self.slow:
            self.go.wait(5)
        if number in self.broken:
            raise invalid_argument(f"version {number} is broken")
        close = lambda: self.closed.append(number)  # noqa: E731
        return Servable(SimpleNamespace(close=close), execution=None)


@pytest.fixture
def loads():
    return Loads()


def add_version(base_path, *numbers):
    for number in numbers:
        (base_path / str(number)).mkdir()


def model_of(base_path, loads, *, retries=0, **policy):
    config = ModelConfig("m", base_path, VersionPolicy(**policy))
    return ServedModel(config, loads, RetryOptions(retries, 0.01))


async def settled(model):
    """Refreshes and waits until nothing more happens."""
    await model.refresh()
    while any(not task.done() for task in model._tasks):
        await asyncio.sleep(0.005)


def states(model):
    return {version.number: version.state for version in model.versions}


def test_newest_version_serves(tmp_path, loads):
    add_version(tmp_path, 1, 2, 10)

    async def use():
        model = model_of(tmp_path, loads)
        await settled(model)
        with model.use() as (number, _):
            return number, loads.loaded

    assert asyncio.run(use()) == (10, [10])


def test_old_version_goes_after_the_new_one_came(tmp_path, loads):
    async def swap():
        add_version(tmp_path, 1)
        model = model_of(tmp_path, loads)
        await settled(model)
        add_version(tmp_path, 2)
        loads.slow = {2}
        await model.refresh()
        await asyncio.sleep(0.02)
        before = states(model)
        loads.go.set()
        await settled(model)
        return before, states(model), loads.closed

    before, after, closed = asyncio.run(swap())
    assert before == {1: State.AVAILABLE, 2: State.LOADING}
    assert after == {1: State.END, 2: State.AVAILABLE}
    assert closed == [1]


def test_version_in_use_is_not_closed(tmp_path, loads):
    async def swap():
        add_version(tmp_path, 1)
        model = model_of(tmp_path, loads)
        await settled(model)
        with model.use() as (number, _):
            add_version(tmp_path, 2)
            await model.refresh()
            while not model.is_available(2):
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.02)
            during = (number, states(model)[1], list(loads.closed))
        await settled(model)
        return during, states(model)[1], loads.closed

    during, after, closed = asyncio.run(swap())
    assert during == (1, State.UNLOADING, [])
    assert after is State.END
    assert closed == [1]


def test_broken_version_keeps_the_old_one(tmp_path, loads):
    async def swap():
        add_version(tmp_path, 1)
        model = model_of(tmp_path, loads, retries=2)
        await settled(model)
        loads.broken = {2}
        add_version(tmp_path, 2)
        await settled(model)
        with model.use() as (number, _):
            return number, states(model), model.versions[0].error.message, loads.loaded

    number, found, message, loaded = asyncio.run(swap())
    assert number == 1
    assert found == {1: State.AVAILABLE, 2: State.END}
    assert message == "version 2 is broken"
    assert loaded == [1, 2, 2, 2]


def test_failed_version_is_not_tried_again_until_it_was_gone(tmp_path, loads):
    async def come_and_go():
        loads.broken = {2}
        add_version(tmp_path, 1, 2)
        model = model_of(tmp_path, loads)
        await settled(model)
        await settled(model)
        tried_twice = loads.loaded.count(2) > 1
        (tmp_path / "2").rmdir()
        await settled(model)
        loads.broken = set()
        add_version(tmp_path, 2)
        await settled(model)
        return tried_twice, model.is_available(2)

    assert asyncio.run(come_and_go()) == (False, True)


def test_load_that_mends_itself_serves(tmp_path, loads):
    async def retry():
        loads.broken = {1}
        add_version(tmp_path, 1)
        model = model_of(tmp_path, loads, retries=50)
        await model.refresh()
        await model.first_attempts()
        failed = model.failure().number
        loads.broken = set()
        await settled(model)
        return failed, model.is_available(1), model.failure()

    assert asyncio.run(retry()) == (1, True, None)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({"latest": 2}, [2, 10]),
        ({"latest": None}, [1, 2, 10]),
        ({"latest": None, "specific": (1, 10, 99)}, [1, 10]),
    ],
)
def test_policy_chooses_versions(tmp_path, loads, policy, expected):
    add_version(tmp_path, 1, 2, 10)
    for name in (".3.aside", "4a", "latest", "-5"):
        (tmp_path / name).mkdir()

    async def load():
        await settled(model_of(tmp_path, loads, **policy))

    asyncio.run(load())
    assert sorted(loads.loaded) == expected


def test_vanished_base_path_keeps_what_is_loaded(tmp_path, loads):
    base_path = tmp_path / "models"
    base_path.mkdir()
    add_version(base_path, 1)

    async def vanish():
        model = model_of(base_path, loads)
        await settled(model)
        (base_path / "1").rmdir()
        base_path.rmdir()
        await settled(model)
        return model.is_available(1)

    assert asyncio.run(vanish())


def test_unknown_version_is_not_found(tmp_path, loads):
    async def use():
        model = model_of(tmp_path, loads)
        with pytest.raises(StatusError, match=r"request: Latest\(m\)"), model.use():
            pass
        with pytest.raises(StatusError, match=r"request: Specific\(m, 3\)"), model.use(3):
            pass

    asyncio.run(use())


def test_close_waits_for_requests(tmp_path, loads):
    async def close():
        add_version(tmp_path, 1)
        model = model_of(tmp_path, loads)
        await settled(model)
        with model.use():
            closing = asyncio.create_task(model.close())
            await asyncio.sleep(0.03)
            open_in_use = list(loads.closed)
        await closing
        return open_in_use, loads.closed

    assert asyncio.run(close()) == ([], [1])
