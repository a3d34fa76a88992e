"""Where stages put what."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Layout:
    """Files of one section.

    Attributes:
        root: Folder of all outputs.
        docs: Folder of the page, its numbers and its figures.
    """

    root: Path
    docs: Path = ROOT / "docs"

    @property
    def journal(self) -> Path:
        """File of what is finished, with what inputs and in how many seconds."""
        return self.root / "journal.json"

    def run(self, name: str) -> Path:
        """Returns the run folder of a training."""
        return self.root / "runs" / name

    def weights_of(self, section: str) -> Path:
        """Returns the folder of weights of a section that stay beside its page."""
        return self.docs.parent / "reproduce" / "weights" / section

    def weights(self, name: str) -> tuple[Path, ...]:
        """Returns the files from which the model of a run is made again."""
        return (self.run(name) / "model.json", self.run(name) / "best.weights.h5")
