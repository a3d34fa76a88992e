"""The SRU's recurrence parallel in time against its sequential scan, forward and backward.

Newton iterations with an associative scan do more work in fewer dependent turns, which pays where
a device has more arithmetic units than the batch keeps busy.
"""

from benchmarks.rows import PEER, Row, compare
from benchmarks.sru_layer import our_layer
from benchmarks.timing import run_in_turns

ROOM = "SRU parallel in time"
CASES = ((1, 100), (1, 1000), (1, 4000), (16, 500))


def measure(count: int) -> list[Row]:
    """Returns the rows of this room, `count` runs each."""
    rows = []
    for batch_size, n_steps in CASES:
        timings = run_in_turns(
            {
                "parallel": our_layer(n_steps, batch_size, parallel=True),
                "sequential": our_layer(n_steps, batch_size),
            },
            count,
        )
        name = f"forward and backward, {n_steps} steps, batch {batch_size}"
        parallel, sequential = timings["parallel"], timings["sequential"]
        rows.append(compare(ROOM, name, parallel, "the sequential scan", sequential, PEER))
    return rows
