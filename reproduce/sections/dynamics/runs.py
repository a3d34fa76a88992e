"""The runs of this section, and their names in pages and figures."""

from dataclasses import dataclass
from pathlib import Path

from reproduce.engine.layout import Layout


@dataclass(frozen=True)
class TransferRun:
    """A training on one more spin.

    Attributes:
        key: Its name in `results.json`.
        words: Its name in tables and figures.
    """

    key: str
    words: str


INCREMENT, PAPER, LOCAL_GENERATOR = "increment", "paper", "local_generator"
# Models that are evaluated on the chain lengths of the paper's base model, as tables name them.
BASE_RUNS = {
    INCREMENT: "`increment`",
    PAPER: "`paper`, our budget",
    LOCAL_GENERATOR: "local generator",
}
# The local generator again, from noisy trajectories.
NOISY_RUN = "local_generator_noisy"
# An evaluation has the name of its run, but for the local generator's on long chains.
LONG_CHAINS = "local_generator_long"
FINE_TUNED = "transfer_8"
# Fine-tuned without being grown, so that new rows start from their initial values.
NOT_GROWN = "transfer_8_not_grown"
# Runs on one more spin: fine-tuned and from scratch, with the learning rate that the paper has
# for the transfer and with that of the base run, which suits both better.
TRANSFER_RUNS = {
    FINE_TUNED: TransferRun("fine_tuned", "fine-tuned, 1e-4"),
    "scratch_8": TransferRun("from_scratch", "from scratch, 1e-4"),
    NOT_GROWN: TransferRun("fine_tuned_not_grown", "fine-tuned without growing, 1e-4"),
    "transfer_8_base_rate": TransferRun("fine_tuned_base_rate", "fine-tuned, 1e-3"),
    "scratch_8_base_rate": TransferRun("from_scratch_base_rate", "from scratch, 1e-3"),
}
TRAINED = (*BASE_RUNS, NOISY_RUN, *TRANSFER_RUNS)
EVALUATED = (*BASE_RUNS, LONG_CHAINS, *TRANSFER_RUNS)
# Trivial predictors: name in evaluations and figures -> key in `results.json`.
TRIVIAL = {
    "straight line": "straight_line",
    "persistence": "persistence",
    "least squares": "least_squares",
}


def evaluation_folder(layout: Layout, name: str) -> Path:
    """Returns the folder of an evaluation."""
    return layout.root / "evaluations" / name


def printed_states_file(layout: Layout) -> Path:
    """Returns the file of trajectories from the paper's printed states."""
    return layout.root / "printed_states.npz"


def times_file(layout: Layout) -> Path:
    """Returns the file of the speed table."""
    return layout.root / "times.json"
