"""What this machine can do at most: matrix products, memory, disk."""

import numpy as np

from benchmarks.bounds import Product, both_passes, plain_write
from benchmarks.generation import scratch_folder
from benchmarks.rows import Row, rate
from benchmarks.timing import clock, run_in_turns

ROOM = "machine"
SIZE, COPIED_BYTES, WRITTEN_BYTES = 2048, 1 << 28, 1 << 29


def measure(count: int) -> list[Row]:
    """Returns the rates of this machine, `count` runs each."""
    values = np.ones(COPIED_BYTES // 8)
    target = np.empty_like(values)
    with scratch_folder() as folder:
        timings = run_in_turns(
            {
                "products": both_passes([Product(SIZE, SIZE, SIZE)]),
                "memory": clock(lambda: np.copyto(target, values)),
                "disk": clock(plain_write(folder / "plain", WRITTEN_BYTES)),
            },
            count,
        )
    # Of both passes: three products.
    operations = 3 * 2 * SIZE**3
    return [
        rate(ROOM, "matrix products, float32", operations / 1e9, "GFLOP/s", timings["products"]),
        # Read once and written once.
        rate(ROOM, "memory, copying", 2 * COPIED_BYTES / 1e9, "GB/s", timings["memory"]),
        rate(ROOM, "disk, writing", WRITTEN_BYTES / 1e6, "MB/s", timings["disk"]),
    ]
