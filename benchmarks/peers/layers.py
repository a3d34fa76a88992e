"""Our SRU layer beside the authors' package and PyTorch's LSTM and GRU."""

from benchmarks.peers.remote import remote
from benchmarks.rows import PEER, Row, compare
from benchmarks.sru_layer import BATCH, ROOM, UNITS, name_of, our_layer
from benchmarks.timing import run_in_turns

PEERS = {"sru": "the authors' `sru`", "lstm": "PyTorch LSTM", "gru": "PyTorch GRU"}
LIMITS = {(100, "sru"): 4.0, (500, "sru"): 12.0, (100, "lstm"): 2.5, (500, "lstm"): 2.0}


def measure(count: int) -> list[Row]:
    """Returns the rows of this room, `count` runs each."""
    rows = []
    with remote("torch_layers") as make:
        for n_steps in (100, 500):
            shape = {"n_steps": n_steps, "batch_size": BATCH, "units": UNITS}
            runs = {"ours": our_layer(n_steps)}
            runs |= {peer: make(peer, **shape) for peer in PEERS}
            timings = run_in_turns(runs, count)
            rows += [
                compare(
                    ROOM,
                    name_of(n_steps),
                    timings["ours"],
                    words,
                    timings[peer],
                    PEER,
                    LIMITS.get((n_steps, peer)),
                )
                for peer, words in PEERS.items()
            ]
    return rows
