import asyncio

import pytest

from serving.endpoints import http
from serving.endpoints.http import Answer, ClientGone, until_gone


class Connection:
    """A connection that is lost when a test says so."""

    def __init__(self):
        self.is_lost = False
        self.tasks = set()

    def cancel_when_lost(self, task):
        self.tasks.add(task)

    def keep(self, task):
        self.tasks.discard(task)

    def lose(self):
        self.is_lost = True
        for task in self.tasks:
            task.cancel()


async def forever():
    await asyncio.get_running_loop().create_future()


def test_answer_comes_back_and_the_task_is_let_go():
    async def answer():
        return Answer(200, b"yes")

    connection = Connection()
    assert asyncio.run(until_gone(answer(), connection)).body == b"yes"
    assert not connection.tasks


def test_work_for_a_client_that_has_gone_is_ended():
    async def lose_it():
        connection = Connection()
        working = asyncio.create_task(until_gone(forever(), connection))
        await asyncio.sleep(0.01)
        connection.lose()
        with pytest.raises(ClientGone):
            await working
        return connection.tasks

    assert not asyncio.run(lose_it())


def test_work_that_is_ended_for_another_reason_says_so():
    async def cancel():
        working = asyncio.create_task(until_gone(forever(), Connection()))
        await asyncio.sleep(0.01)
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working

    asyncio.run(cancel())


def test_defects_are_told_to_the_log_alone(caplog):
    answer = http.failure(ZeroDivisionError("secret"))
    assert (answer.status, b"secret" in answer.body) == (500, False)
    assert "secret" in caplog.text
