"""Our generator's arithmetic beside QuTiP, one trajectory at a time."""

from benchmarks.generation import BATCH, DT, N_SITES, N_STEPS, NAME, ROOM, our_run
from benchmarks.peers.remote import remote
from benchmarks.rows import PEER, Row, compare
from benchmarks.timing import run_in_turns

FASTER_THAN_QUTIP = 8.0


def measure(count: int) -> list[Row]:
    """Returns the rows of this room, `count` runs each."""
    with remote("qutip_evolution") as make:
        problem = {"n_sites": N_SITES, "n_steps": N_STEPS, "dt": DT}
        runs = {"ours": our_run(), "sesolve": make("sesolve", **problem)}
        timings = run_in_turns(runs, count)
    theirs = timings["sesolve"].scale(BATCH)
    name = "QuTiP `sesolve`, one after another"
    return [compare(ROOM, NAME, timings["ours"], name, theirs, PEER, FASTER_THAN_QUTIP)]
