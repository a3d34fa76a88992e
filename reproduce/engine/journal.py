"""What was computed from what, in a file that survives any interruption."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path

from qtf.files import read_json, write_json
from reports.records import read_record


@dataclass(frozen=True)
class Entry:
    """What is remembered of one stage.

    Attributes:
        fingerprint: Digest of what it was made from, see `fingerprints`.
        finished: Whether it has come to its end.
        seconds: How long it has run, summed over all starts.
    """

    fingerprint: str = ""
    finished: bool = False
    seconds: float = 0.0


class Journal:
    """Entries of all stages that were started.

    Args:
        path: The file.

    Raises:
        ValueError: The file is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        content = read_json(path) if path.exists() else {}
        self.entries = {name: read_record(Entry, entry) for name, entry in content.items()}

    def __getitem__(self, name: str) -> Entry:
        """Returns the entry of a stage; an empty one if it was never started."""
        return self.entries.get(name, Entry())

    def update(self, name: str, **values: str | float) -> None:
        """Changes the entry of a stage and writes the file."""
        self.entries[name] = replace(self[name], **values)  # type: ignore[arg-type]
        write_json(self._path, {name: asdict(entry) for name, entry in self.entries.items()})
