"""Files of settings that are still to be measured: CSV with a header, a row for each."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from qtf.files import write_atomically
from qtf.measurements.experiments import Setting
from qtf.measurements.formats import OF_SETTING, csv_rows, in_one_line, read_number


def write_settings(path: Path | str, settings: Sequence[Setting]) -> None:
    """Writes settings; the file is whole or not there.

    Args:
        path: A file that ends with .csv.
        settings: The settings, with their shots.

    Raises:
        ValueError: The name ends otherwise.
        OSError: The file cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(OF_SETTING)
    writer.writerows([s.words, repr(s.time), s.basis, s.shots] for s in settings)
    write_atomically(_check_ending(path), text.getvalue())


def read_settings(path: Path | str, *, n_sites: int | None = None) -> list[Setting]:
    """Returns the settings of a file.

    Args:
        path: A file that ends with .csv, with the columns preparation, time, basis, shots.
        n_sites: Number of spins that they must have; None: that of the first.

    Raises:
        ValueError: The content is not allowed: one line with file, line, and rule.
        OSError: The file cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_settings(f"{folder}/plan.csv", [Setting("+z -x", 0.5, "ZY", 10)])
        ...     read_settings(f"{folder}/plan.csv")[0].words
        '+z -x'
    """
    path = _check_ending(path)
    rows = csv_rows(path)
    _, head = next(rows, (1, []))
    if sorted(head) != sorted(OF_SETTING):
        raise ValueError(
            f"File {path}, line 1: the header must be {','.join(OF_SETTING)}, but is"
            f" {','.join(head)[:200] or 'empty'}."
        )
    settings: list[Setting] = []
    for line, row in rows:
        place = f"line {line}"
        if len(row) != len(head):
            raise ValueError(
                f"File {path}, {place}: there must be {len(head)} values, but there are {len(row)}."
            )
        cells = dict(zip(head, row, strict=True))
        time = read_number(path, place, cells, "time")
        shots = int(read_number(path, place, cells, "shots"))
        try:
            settings.append(Setting(cells["preparation"], time, cells["basis"], shots))
        except ValueError as error:
            raise ValueError(f"File {path}, {place}: {in_one_line(error)}") from error
        if settings[-1].n_sites != (n_sites or settings[0].n_sites):
            raise ValueError(
                f"File {path}, {place}: `basis` must have {n_sites or settings[0].n_sites} letters,"
                f' but is "{cells["basis"]}".'
            )
    if not settings:
        raise ValueError(f"File {path} must hold at least one setting, but holds none.")
    return settings


def _check_ending(path: Path | str) -> Path:
    path = Path(path)
    if path.suffix != ".csv":
        raise ValueError(f"File {path} must end with .csv.")
    return path
