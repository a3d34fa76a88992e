"""Our steps of variational Monte Carlo beside NetKet's: same size, samples and Hamiltonian."""

from benchmarks.ground_states import ROOM, vmc_step
from benchmarks.peers.remote import remote
from benchmarks.reconfiguration import N_TRAINING_STEPS, gated_square, train
from benchmarks.rows import PEER, Row, compare
from benchmarks.timing import run_in_turns

PROBLEM = {"side": 6, "width": 32, "depth": 6, "n_samples": 256, "field": 3.0}
# 15,340 multiply-adds at a position, 1 + 2 * 43 inputs of 4 * 43 gates and then 43 + 4 of 8. Our
# cell of 32 has 15,424, and a quarter more weights.
RECURRENT = {"side": 6, "width": 43, "n_samples": 512, "diag_shift": 1e-3, "momentum": 0.9}
FASTER_RECONFIGURATION = 5.0


def measure(count: int) -> list[Row]:
    """Returns the rows of this room, `count` runs each."""
    with remote("netket_vmc") as make:
        runs = {
            "ours": vmc_step(**PROBLEM),
            "netket": make("pixelcnn", **PROBLEM),
        }
        gradient = run_in_turns(runs, count)
        # Samples of random weights would have fewer antiparallel bonds.
        ours = train(gated_square(RECURRENT["side"], RECURRENT["n_samples"]), N_TRAINING_STEPS)
        runs = {"ours": ours.run, "netket": make("lstm", **RECURRENT)}
        reconfiguration = run_in_turns(runs, count)
    side, samples = PROBLEM["side"], PROBLEM["n_samples"]
    return [
        compare(
            ROOM,
            f"VMC step, Ising {side} x {side}, PixelCNN, {samples} samples",
            gradient["ours"],
            "NetKet, masked convolutions of the same size",
            gradient["netket"],
            PEER,
            limit=1.0,
        ),
        compare(
            ROOM,
            f"step of reconfiguration, Heisenberg {side} x {side}, gated cell 32 wide,"
            f" {RECURRENT['n_samples']} samples",
            reconfiguration["ours"],
            "NetKet, an LSTM of two neighbours with as many products",
            reconfiguration["netket"],
            PEER,
            limit=FASTER_RECONFIGURATION,
        ),
    ]
