"""Where the stages of the reproduction put what."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class TransferRun:
    """A training on one more spin.

    Attributes:
        key: Its name in `results.json`.
        words: Its name in tables and figures.
    """

    key: str
    words: str


# Models that are evaluated on the chain lengths of the paper's base model.
BASE_RUNS = ("increment", "paper", "local_generator")
# The local generator again, from noisy trajectories.
NOISY_RUN = "local_generator_noisy"
# Fine-tuned without being grown, so that new rows start from their initial values.
NOT_GROWN = "transfer_8_not_grown"
# Runs on one more spin: fine-tuned and from scratch, with the learning rate that the paper has
# for the transfer and with that of the base run, which suits both better.
TRANSFER_RUNS = {
    "transfer_8": TransferRun("fine_tuned", "fine-tuned, 1e-4"),
    "scratch_8": TransferRun("from_scratch", "from scratch, 1e-4"),
    NOT_GROWN: TransferRun("fine_tuned_not_grown", "fine-tuned without growing, 1e-4"),
    "transfer_8_base_rate": TransferRun("fine_tuned_base_rate", "fine-tuned, 1e-3"),
    "scratch_8_base_rate": TransferRun("from_scratch_base_rate", "from scratch, 1e-3"),
}
# An evaluation has the name of its run, but for the local generator's on long chains.
LONG_CHAINS = "local_generator_long"


@dataclass(frozen=True)
class Layout:
    """Names the files under one folder.

    Attributes:
        root: The folder of all stages.
    """

    root: Path

    @property
    def journal(self) -> Path:
        """What is finished, with what inputs and in how many seconds."""
        return self.root / "journal.json"

    @property
    def printed_states(self) -> Path:
        """Trajectories from the paper's printed states."""
        return self.root / "printed_states.npz"

    @property
    def times(self) -> Path:
        """The speed table."""
        return self.root / "times.json"

    def measurement(self, name: str) -> Path:
        """Returns the file of what was seen of a start."""
        return self.root / "measurements" / f"{name}.json"

    def run(self, name: str) -> Path:
        """Returns the run folder of a model."""
        return self.root / "runs" / name

    def evaluation(self, name: str) -> Path:
        """Returns the folder of an evaluation."""
        return self.root / "evaluations" / name
