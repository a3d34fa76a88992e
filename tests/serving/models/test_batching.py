import asyncio
import time

import numpy as np
import pytest
import tensorflow as tf

from serving.configuration.options import BatchingOptions
from serving.metrics import Metrics
from serving.models import batching
from serving.models.batching import BatchedExecution
from serving.protocol.signature import Signature, Tensor
from serving.status import Code, StatusError, invalid_argument

FLOAT = Tensor("x:0", tf.float32, (None, None))
SIGNATURE = Signature("double", "", {"x": FLOAT, "n_steps": FLOAT}, {"y": FLOAT})


class Doubler:
    """Returns 2 x and remembers what ran together; negative values are refused."""

    def __init__(self, *, seconds=0.0):
        self.batches = []
        self._seconds = seconds

    def run_at_once(self, signature, inputs, outputs, deadline):
        return None

    async def run(self, signature, inputs, outputs, deadline):
        self.batches.append(inputs["x"])
        await asyncio.sleep(self._seconds)
        if (inputs["x"] < 0).any():
            raise invalid_argument(f"negative: {inputs['x'].min()}")
        return dict.fromkeys(outputs, 2 * inputs["x"])


def batched(execution, **options):
    options = {"max_batch_size": 4, "batch_timeout": 0.05, "max_enqueued_batches": 100} | options
    threads = asyncio.Semaphore(options.get("num_batch_threads", 2))
    return BatchedExecution(execution, BatchingOptions(**options), threads, Metrics())


def request(values, n_steps=1, width=3, dtype=np.float32):
    x = np.repeat(np.asarray(values, dtype)[:, None], width, axis=1)
    return {"x": x, "n_steps": np.full(len(x), n_steps)}


def run_together(execution, requests, *, seconds=5.0):
    async def all_at_once():
        deadline = time.monotonic() + seconds
        runs = [execution.run(SIGNATURE, inputs, ("y",), deadline) for inputs in requests]
        return await asyncio.gather(*runs, return_exceptions=True)

    return asyncio.run(all_at_once())


def test_requests_are_joined_and_answers_taken_apart():
    doubler = Doubler()
    answers = run_together(batched(doubler), [request([1]), request([2, 3]), request([4])])
    assert [batch[:, 0].tolist() for batch in doubler.batches] == [[1, 2, 3, 4]]
    assert [answer["y"][:, 0].tolist() for answer in answers] == [[2], [4, 6], [8]]


def test_full_batch_starts_before_its_time():
    doubler = Doubler()
    started = time.monotonic()
    run_together(batched(doubler, batch_timeout=3.0), [request([k]) for k in range(8)])
    assert time.monotonic() - started < 1.0
    assert [len(batch) for batch in doubler.batches] == [4, 4]


def test_lonely_request_starts_after_the_timeout():
    doubler = Doubler()
    started = time.monotonic()
    run_together(batched(doubler, batch_timeout=0.1), [request([1])])
    assert 0.1 <= time.monotonic() - started < 1.0


@pytest.mark.parametrize(
    "other",
    [
        request([2], n_steps=7),
        request([2], width=5),
        request([2], dtype=np.float64),
    ],
    ids=["n_steps", "width", "type"],
)
def test_requests_of_another_kind_run_apart(other):
    doubler = Doubler()
    first, second = run_together(batched(doubler), [request([1]), other])
    assert len(doubler.batches) == 2
    assert first["y"].shape == (1, 3)
    assert second["y"].shape == other["x"].shape


def test_equal_values_of_any_order_share_a_batch():
    doubler = Doubler()
    one, two = request([1, 2]), request([3, 4])
    one["n_steps"] = np.array([5, 6])
    two["n_steps"] = np.array([6, 5])
    run_together(batched(doubler), [one, two])
    assert [len(batch) for batch in doubler.batches] == [4]


def test_bad_request_does_not_spoil_its_neighbours():
    answers = run_together(batched(Doubler()), [request([1]), request([-2]), request([3])])
    assert answers[0]["y"][0, 0] == 2
    assert answers[2]["y"][0, 0] == 6
    assert isinstance(answers[1], StatusError)
    assert answers[1].message == "negative: -2.0"


def test_request_larger_than_a_batch_is_refused():
    (answer,) = run_together(batched(Doubler()), [request(range(5))])
    assert answer.code is Code.INVALID_ARGUMENT
    assert answer.message == "Task size 5 is larger than maximum input batch size 4"


def test_request_larger_than_a_batch_is_cut_on_demand():
    doubler = Doubler()
    execution = batched(doubler, large_batch_splitting=True)
    (answer,) = run_together(execution, [request(range(9))])
    assert answer["y"][:, 0].tolist() == list(range(0, 18, 2))
    assert [len(batch) for batch in doubler.batches] == [4, 4, 1]


def test_batches_are_filled_up_to_an_allowed_size():
    doubler = Doubler()
    execution = batched(doubler, allowed_batch_sizes=(2, 4))
    answers = run_together(execution, [request([1]), request([2]), request([3])])
    assert doubler.batches[0][:, 0].tolist() == [1, 2, 3, 3]
    assert [answer["y"][:, 0].tolist() for answer in answers] == [[2], [4], [6]]


def test_full_queue_refuses():
    execution = batched(Doubler(seconds=0.2), max_enqueued_batches=2, num_batch_threads=1)
    answers = run_together(execution, [request(range(4)) for _ in range(5)])
    refused = [answer for answer in answers if isinstance(answer, StatusError)]
    assert len(refused) == 3
    assert {error.code for error in refused} == {Code.UNAVAILABLE}
    assert "queue to which this task was submitted is full" in refused[0].message


def test_deadline_ends_the_wait():
    started = time.monotonic()
    execution = batched(Doubler(seconds=1.0))
    (answer,) = run_together(execution, [request([1])], seconds=0.1)
    assert answer.code is Code.DEADLINE_EXCEEDED
    assert time.monotonic() - started < 0.8


def test_cancelled_requests_are_not_run():
    doubler = Doubler()

    async def cancel_one():
        execution = batched(doubler, batch_timeout=0.05)
        deadline = time.monotonic() + 5
        runs = [
            asyncio.create_task(execution.run(SIGNATURE, request([k]), ("y",), deadline))
            for k in (1, 2)
        ]
        await asyncio.sleep(0.01)
        runs[0].cancel()
        return (await runs[1])["y"]

    assert asyncio.run(cancel_one())[0, 0] == 4
    assert [batch[:, 0].tolist() for batch in doubler.batches] == [[2]]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"x": np.float32(1)}, "must have at least one dimension; `x` has none"),
        ({"x": np.zeros(2), "n_steps": np.zeros(3)}, "equal 0th-dimension size"),
    ],
)
def test_inputs_without_common_first_axis_are_refused(inputs, message):
    (answer,) = run_together(batched(Doubler()), [inputs])
    assert answer.code is Code.INVALID_ARGUMENT
    assert message in answer.message


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (np.float32(1), "Batched output tensor has 0 dimensions: `y`"),
        (np.zeros(7), "does not equal the sum of the 0th dimension sizes"),
    ],
)
def test_outputs_that_cannot_be_taken_apart_are_an_error(output, message):
    class Broken(Doubler):
        async def run(self, signature, inputs, outputs, deadline):
            return {"y": output}

    (answer,) = run_together(batched(Broken()), [request([1])])
    assert answer.code is Code.FAILED_PRECONDITION
    assert message in answer.message


def test_unexpected_failure_is_told_at_once():
    class Broken(Doubler):
        async def run(self, signature, inputs, outputs, deadline):
            raise MemoryError

    async def one():
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda *_: None)
        execution = batched(Broken(), batch_timeout=0.0)
        return await execution.run(SIGNATURE, request([1]), ("y",), time.monotonic() + 5)

    with pytest.raises(StatusError, match="failed unexpectedly"):
        asyncio.run(one())


def test_request_without_examples_spoils_nobody():
    execution = batched(Doubler(), allowed_batch_sizes=(4,))
    full, empty = ({"x": request(values)["x"]} for values in ([1, 2], []))
    answers = run_together(execution, [full, empty])
    assert [answer["y"][:, 0].tolist() for answer in answers] == [[2, 4], []]


def test_request_without_rows_is_answered_without_rows():
    doubler = Doubler()
    (answer,) = run_together(batched(doubler, allowed_batch_sizes=(2, 4)), [request([])])
    assert answer["y"].shape == (0, 3)


def test_many_values_to_compare_are_not_compared(monkeypatch):
    """Sorting millions of them would hold up everybody."""
    monkeypatch.setattr(batching, "_MOST_COMPARED", 5)
    doubler = Doubler()
    few = [{**request([k]), "n_steps": np.zeros((1, 5))} for k in range(2)]
    many = [{**request([k]), "n_steps": np.zeros((1, 6))} for k in range(2)]
    run_together(batched(doubler), [*few, *many])
    assert sorted(len(batch) for batch in doubler.batches) == [1, 1, 2]


IMPLIED = {"is_implied": True, "batch_timeout": 0.0, "max_batch_size": 100}


def test_implied_batches_join_what_waits_and_nobody_waits_for_others():
    doubler = Doubler(seconds=0.05)
    execution = batched(doubler, **IMPLIED)

    async def one_then_many():
        deadline = time.monotonic() + 5.0

        def ask(k):
            return asyncio.create_task(execution.run(SIGNATURE, request([k]), ("y",), deadline))

        first = ask(0)
        await asyncio.sleep(0.02)
        # The first is under way by now.
        assert len(doubler.batches) == 1
        return await asyncio.gather(first, *map(ask, range(1, 6)))

    answers = asyncio.run(one_then_many())
    assert [len(batch) for batch in doubler.batches] == [1, 5]
    assert [float(answer["y"][0, 0]) for answer in answers] == [0, 2, 4, 6, 8, 10]
    assert not execution._turns


def test_implied_batches_of_other_kinds_run_beside_one_another():
    doubler = Doubler(seconds=0.2)
    execution = batched(doubler, **IMPLIED, num_batch_threads=1)
    started = time.monotonic()
    run_together(execution, [request([1], n_steps=k) for k in range(5)])
    assert time.monotonic() - started < 0.8
    assert len(doubler.batches) == 5


@pytest.mark.parametrize(
    "inputs",
    [
        {"x": np.float32(1.0)},
        {"x": np.ones((2, 3), np.float32), "n_steps": np.ones(3)},
        {"x": np.ones((101, 3), np.float32)},
        {"x": np.ones((0, 3), np.float32)},
    ],
)
def test_where_batching_is_implied_what_cannot_be_joined_runs_alone(inputs):
    doubler = Doubler()
    (answer,) = run_together(batched(doubler, **IMPLIED), [inputs])
    np.testing.assert_array_equal(answer["y"], 2 * inputs["x"])
    (ran,) = doubler.batches
    assert ran is inputs["x"]
