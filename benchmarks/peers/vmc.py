"""Our step of variational Monte Carlo beside NetKet's: same size, samples and Hamiltonian."""

from benchmarks.ground_states import ROOM, vmc_step
from benchmarks.peers.remote import remote
from benchmarks.rows import PEER, Row, compare
from benchmarks.timing import run_in_turns

PROBLEM = {"side": 6, "width": 32, "depth": 6, "n_samples": 256, "field": 3.0}


def measure(count: int) -> list[Row]:
    """Returns the rows of this room, `count` runs each."""
    with remote("netket_vmc") as make:
        runs = {"ours": vmc_step(**PROBLEM), "netket": make("pixelcnn", **PROBLEM)}
        timings = run_in_turns(runs, count)
    side, samples = PROBLEM["side"], PROBLEM["n_samples"]
    return [
        compare(
            ROOM,
            f"VMC step, Ising {side} x {side}, PixelCNN, {samples} samples",
            timings["ours"],
            "NetKet, masked convolutions of the same size",
            timings["netket"],
            PEER,
            limit=1.0,
        )
    ]
