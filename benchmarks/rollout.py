"""Rollouts of 100 steps of the recommended network, 512 wide.

For every n and batch: the loop that `Rollout` chooses against the matrix products of the plain
loop, which joined products may beat, and against every other loop. bfloat16 where it is offered.
"""

from typing import Any

import numpy as np

from benchmarks.bounds import network_products, repeat
from benchmarks.rows import BOUND, PEER, Row, compare, constant_limit
from benchmarks.timing import Run, Timings, clock, run_in_turns

ROOM = "rollout"
PRODUCTS = "the plain loop's matrix products"
N_STEPS, N_MAX = 100, 10
CASES = ((4, 1), (4, 256), (7, 1), (7, 256), (9, 1), (9, 256))
# What the paper states for seven spins on an NVIDIA P40, and what we ask of two cores.
PAPER_SECONDS = {(7, 1): 0.425, (7, 256): 2.18}
LIMIT_SECONDS = {(7, 1): 0.025, (7, 256): 1.2}
MOST_OF_PRODUCTS = {(7, 256): 1.5}


def measure(count: int) -> list[Row]:
    """Returns the rows of this room, `count` runs each."""
    from qtf.dynamics.transferable_sru import TransferableSRU

    model = TransferableSRU.from_preset("increment", n_max=N_MAX)
    narrow = TransferableSRU.from_preset("increment", n_max=N_MAX, dtype="mixed_bfloat16")
    rows: list[Row] = []
    for case in CASES:
        rows += _rows(case, run_in_turns(_runs(model, narrow, *case), count))
    return rows


def _runs(model: Any, mixed: Any, n_sites: int, batch_size: int) -> dict[str, Run]:
    from qtf.dynamics.rollout import Rollout
    from qtf.dynamics.rollout_loops import LOOPS, best_loop

    psi0 = np.random.default_rng(0).standard_normal((2, batch_size, 2**n_sites))
    psi = (psi0[0] + 1j * psi0[1]) / np.linalg.norm(psi0, axis=(0, 2))[:, None]
    rollout, in_bfloat16 = Rollout(model), Rollout(mixed)
    chosen = best_loop(model, batch_size, 2**n_sites, N_STEPS)
    others = {
        f"{name} loop": _loop_run(Rollout(model, loop=name), psi)
        for name, loop in LOOPS.items()
        if loop is not chosen
    }
    return {
        "ours": _loop_run(rollout, psi),
        PRODUCTS: repeat(network_products(model, batch_size, n_sites), N_STEPS),
        "mixed bfloat16": _loop_run(in_bfloat16, psi),
        **others,
    }


def _loop_run(rollout: Any, psi: np.ndarray) -> Run:
    return clock(lambda: rollout(psi, N_STEPS))


def _rows(case: tuple[int, int], timings: dict[str, Timings]) -> list[Row]:
    name = f"{N_STEPS} steps, n = {case[0]}, batch {case[1]}"
    ours, products = timings.pop("ours"), timings.pop(PRODUCTS)
    limit = MOST_OF_PRODUCTS.get(case)
    rows = [compare(ROOM, name, ours, PRODUCTS, products, BOUND, limit)]
    rows += [
        compare(ROOM, name, ours, against, theirs, PEER) for against, theirs in timings.items()
    ]
    if case in LIMIT_SECONDS:
        rows.append(constant_limit(ROOM, name, ours, LIMIT_SECONDS[case]))
        paper = Timings((PAPER_SECONDS[case],) * len(ours.seconds))
        rows.append(compare(ROOM, name, ours, "the paper's P40, as quoted there", paper, PEER))
    return rows
