"""Joins requests of many clients into one run of the session, and takes the answer apart.

Requests share a batch only when their answers cannot depend on it: same signature, same
outputs, same types, same axes beyond the first, and equal values of those inputs that
set the size of the answer (`n_steps`).
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Hashable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import numpy as np

from serving.configuration.options import BatchingOptions
from serving.metrics import Metrics, microseconds
from serving.models.execution import Execution
from serving.protocol.signature import Signature
from serving.status import Code, StatusError, deadline_exceeded, invalid_argument

Arrays = Mapping[str, np.ndarray]
_THREAD_POOL = "batch_threads"
# Values sorted in the event loop: more than one for each example is no number of steps.
_MOST_COMPARED = 2**14


@dataclass
class _Task:
    inputs: Arrays
    size: int
    deadline: float
    answer: asyncio.Future
    enqueued: float = field(default_factory=time.monotonic)


@dataclass
class _Batch:
    signature: Signature
    outputs: tuple[str, ...]
    tasks: list[_Task] = field(default_factory=list)
    full: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def size(self) -> int:
        return sum(task.size for task in self.tasks)


@dataclass
class _Turn:
    """Lets one batch of a kind run after another."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    n_batches: int = 0


class BatchedExecution:
    """Collects requests into batches and runs these.

    Args:
        execution: Execution of whole batches.
        options: Sizes and times.
        threads: Limits the batches that run at once; shared by all models. Where batching is
            implied, it is not looked at.
        metrics: Metrics that record waiting times and sizes.
    """

    def __init__(
        self,
        execution: Execution,
        options: BatchingOptions,
        threads: asyncio.Semaphore,
        metrics: Metrics,
    ) -> None:
        self._execution = execution
        self._options = options
        self._threads = threads
        self._metrics = metrics
        self._open: dict[Hashable, _Batch] = {}
        self._n_waiting: dict[Hashable, int] = defaultdict(int)
        self._processes: set[asyncio.Task] = set()
        self._turns: dict[Hashable, _Turn] = {}

    def run_at_once(
        self, signature: Signature, inputs: Arrays, outputs: Sequence[str], deadline: float
    ) -> dict[str, np.ndarray] | None:
        """Computes `outputs` if that is short and nobody has asked for batches."""
        if not self._options.is_implied:
            return None
        return self._execution.run_at_once(signature, inputs, outputs, deadline)

    async def run(
        self, signature: Signature, inputs: Arrays, outputs: Sequence[str], deadline: float
    ) -> dict[str, np.ndarray]:
        """Computes `outputs` of one request, see `Execution.run`."""
        values = self.run_at_once(signature, inputs, outputs, deadline)
        if values is not None:
            return values
        options = self._options
        if options.is_implied and not _may_be_joined(inputs, options.largest_run):
            return await self._execution.run(signature, inputs, outputs, deadline)
        size = _n_examples(inputs)
        if size > options.max_batch_size and not options.large_batch_splitting:
            raise invalid_argument(
                f"Task size {size} is larger than maximum input batch size {options.max_batch_size}"
            )
        pieces = [
            self._enqueue(signature, piece, tuple(outputs), deadline)
            for piece in _pieces(inputs, size, options.largest_run)
        ]
        answers = await asyncio.gather(*(self._answer(task) for task in pieces))
        if len(answers) == 1:
            return answers[0]
        return {alias: np.concatenate([answer[alias] for answer in answers]) for alias in outputs}

    def _enqueue(
        self, signature: Signature, inputs: Arrays, outputs: tuple[str, ...], deadline: float
    ) -> _Task:
        answer = asyncio.get_running_loop().create_future()
        task = _Task(inputs, _n_examples(inputs), deadline, answer)
        kind = self._kind(signature, inputs, outputs)
        batch = self._open.get(kind)
        if batch is None or batch.size + task.size > self._options.largest_run:
            batch = self._open_batch(kind, signature, outputs)
        batch.tasks.append(task)
        if batch.size >= self._options.largest_run:
            batch.full.set()
        return task

    def _open_batch(self, kind: Hashable, signature: Signature, outputs: tuple[str, ...]) -> _Batch:
        if self._n_waiting[kind] >= self._options.max_enqueued_batches:
            raise StatusError(
                Code.UNAVAILABLE,
                "The batch scheduling queue to which this task was submitted is full",
            )
        if kind in self._open:
            self._open[kind].full.set()
        batch = self._open[kind] = _Batch(signature, outputs)
        self._n_waiting[kind] += 1
        process = asyncio.create_task(self._process(kind, batch))
        self._processes.add(process)
        process.add_done_callback(self._processes.discard)
        return batch

    async def _process(self, kind: Hashable, batch: _Batch) -> None:
        try:
            async with asyncio.timeout(self._options.batch_timeout):
                await batch.full.wait()
        except TimeoutError:
            pass
        async with self._thread(kind):
            # Until a thread is free, the batch stays open for more.
            self._close(kind, batch)
            try:
                await self._run_batch(batch)
            finally:
                for task in batch.tasks:
                    _settle(task, StatusError(Code.INTERNAL, "The batch failed unexpectedly."))

    @asynccontextmanager
    async def _thread(self, kind: Hashable) -> AsyncIterator[None]:
        """Waits until another batch of a kind may run."""
        if not self._options.is_implied:
            async with self._threads:
                yield
            return
        turn = self._turns.setdefault(kind, _Turn())
        turn.n_batches += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.n_batches -= 1
            # Clients choose kinds, of which there is no end.
            if not turn.n_batches:
                del self._turns[kind]

    def _close(self, kind: Hashable, batch: _Batch) -> None:
        if self._open.get(kind) is batch:
            del self._open[kind]
        self._n_waiting[kind] -= 1
        if not self._n_waiting[kind]:
            del self._n_waiting[kind]

    async def _run_batch(self, batch: _Batch) -> None:
        now = time.monotonic()
        tasks = [task for task in batch.tasks if not task.answer.done()]
        for task in tasks:
            waited = microseconds(now - task.enqueued)
            self._metrics.queuing_latency.observe(_THREAD_POOL, value=waited)
            self._metrics.input_batch_size.observe(value=task.size)
        if not tasks:
            return
        answers: Sequence[dict[str, np.ndarray] | StatusError]
        try:
            answers = await self._run_tasks(batch, tasks)
        except StatusError as error:
            if len(tasks) > 1 and error.code == Code.INVALID_ARGUMENT:
                # One bad request must not spoil the answers of its neighbours.
                await self._run_one_by_one(batch, tasks)
                return
            answers = [error] * len(tasks)
        for task, answer in zip(tasks, answers, strict=True):
            _settle(task, answer)

    async def _run_one_by_one(self, batch: _Batch, tasks: list[_Task]) -> None:
        answer: dict[str, np.ndarray] | StatusError
        for task in tasks:
            try:
                (answer,) = await self._run_tasks(batch, [task])
            except StatusError as error:
                answer = error
            _settle(task, answer)

    async def _run_tasks(self, batch: _Batch, tasks: list[_Task]) -> list[dict[str, np.ndarray]]:
        size = sum(task.size for task in tasks)
        padded_size = self._options.padded_size(size)
        self._metrics.processed_batch_size.observe(value=padded_size)
        self._metrics.padding_size.observe(str(padded_size), value=padded_size - size)
        joined = _join(tasks, padded_size)
        deadline = max(task.deadline for task in tasks)
        values = await self._execution.run(batch.signature, joined, batch.outputs, deadline)
        return _taken_apart(values, tasks, padded_size)

    async def _answer(self, task: _Task) -> dict[str, np.ndarray]:
        try:
            async with asyncio.timeout_at(task.deadline):
                return await task.answer
        except TimeoutError:
            raise deadline_exceeded() from None

    def _kind(self, signature: Signature, inputs: Arrays, outputs: tuple[str, ...]) -> Hashable:
        axes = tuple(
            (alias, array.dtype.str, array.shape[1:]) for alias, array in sorted(inputs.items())
        )
        values = tuple(
            _distinct(inputs[alias]) for alias in self._options.by_value if alias in inputs
        )
        return signature.name, outputs, axes, values


def _distinct(values: np.ndarray) -> Hashable:
    """Returns the different values; something unlike anything else where they are too many."""
    if values.size > _MOST_COMPARED:
        return object()
    return tuple(np.unique(values).tolist())


def _may_be_joined(inputs: Arrays, largest: int) -> bool:
    """Tells whether all inputs have one and the same first axis, which fits into a batch."""
    lengths = {len(array) if array.ndim else 0 for array in inputs.values()}
    return len(lengths) == 1 and 0 < lengths.pop() <= largest


def _n_examples(inputs: Arrays) -> int:
    """Returns the common length of the first axes.

    Raises:
        StatusError: INVALID_ARGUMENT, an input has no first axis or another length.
    """
    if not inputs:
        raise invalid_argument("Batching Run() must have at least one input tensor")
    lengths = set()
    for alias, array in inputs.items():
        if array.ndim == 0:
            raise invalid_argument(
                f"Batching Run() input tensors must have at least one dimension; `{alias}` has none"
            )
        lengths.add(len(array))
    if len(lengths) > 1:
        raise invalid_argument(
            "Batching Run() input tensors must have equal 0th-dimension size; "
            f"the sizes are {sorted(lengths)}"
        )
    return lengths.pop()


def _pieces(inputs: Arrays, size: int, largest: int) -> list[Arrays]:
    if size <= largest:
        return [inputs]
    return [
        {alias: array[start : start + largest] for alias, array in inputs.items()}
        for start in range(0, size, largest)
    ]


def _join(tasks: list[_Task], padded_size: int) -> Arrays:
    """Stacks the inputs and fills them up with copies of the last request's first example."""
    size = sum(task.size for task in tasks)
    if len(tasks) == 1 and padded_size == size:
        return tasks[0].inputs
    joined = {}
    for alias in tasks[0].inputs:
        parts = [task.inputs[alias] for task in tasks]
        if padded_size > size:
            # A request may have no example at all.
            example = next((part[:1] for part in reversed(parts) if len(part)), parts[-1][:1])
            parts.append(np.repeat(example, padded_size - size, axis=0))
        joined[alias] = np.concatenate(parts)
    return joined


def _taken_apart(
    values: Arrays, tasks: list[_Task], padded_size: int
) -> list[dict[str, np.ndarray]]:
    """Cuts the outputs of a batch into those of its tasks.

    Raises:
        StatusError: FAILED_PRECONDITION, an output has no axis for the examples.
    """
    for alias, array in values.items():
        if array.ndim == 0:
            raise StatusError(
                Code.FAILED_PRECONDITION, f"Batched output tensor has 0 dimensions: `{alias}`"
            )
        if len(array) != padded_size:
            raise StatusError(
                Code.FAILED_PRECONDITION,
                "Batched output tensor's 0th dimension does not equal the sum of the 0th "
                f"dimension sizes of the input tensors: `{alias}` has {len(array)}, "
                f"not {padded_size}",
            )
    ends = np.cumsum([task.size for task in tasks])
    return [
        {alias: array[end - task.size : end] for alias, array in values.items()}
        for task, end in zip(tasks, ends, strict=True)
    ]


def _settle(task: _Task, answer: dict[str, np.ndarray] | StatusError) -> None:
    if task.answer.done():
        return
    if isinstance(answer, StatusError):
        task.answer.set_exception(answer)
    else:
        task.answer.set_result(answer)
