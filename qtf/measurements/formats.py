"""Files of experiments: CSV with a header, JSON or NPZ, by the end of the name, of one content.

CSV has one row for each bit string of a setting, and the columns `setting` (a number),
`preparation`, `time`, `basis`, `shots`, `bits` and `count`. JSON is {"settings": [{"preparation":
..., "time": ..., "basis": ..., "shots": ..., "counts": {"010": 7, ...}}, ...]}. NPZ has the arrays
`preparation` (S, n, 2), Bloch angles, `time` (S,), `basis` (S,), `shots` (S,), and for each bit
string `setting` (R,), counted from 0, `bits` (R, n) and `count` (R,).
"""

import csv
import io
import json
import math
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from qtf.files import read_object, write_atomically
from qtf.measurements.experiments import Experiments, Setting, check_counts

COLUMNS = ("setting", "preparation", "time", "basis", "shots", "bits", "count")
OF_SETTING = COLUMNS[1:5]
KEYS = (*OF_SETTING, "counts")
ARRAYS = {"preparation": 3, "time": 1, "basis": 1, "shots": 1, "setting": 1, "bits": 2, "count": 1}
# Kinds of the arrays' dtypes.
_KINDS = {"preparation": "fiu", "time": "fiu", "basis": "U"}


class _Entry(NamedTuple):
    """A setting as a file has it.

    Attributes:
        place: Where it stands, for messages.
        values: Its preparation, time, basis, shots.
        counts: Bit string -> count.
    """

    place: str
    values: Mapping[str, Any]
    counts: Mapping[str, Any]


def read_experiments(path: Path | str) -> Experiments:
    """Returns the experiments of a file.

    Args:
        path: A file that ends with .csv, .json or .npz.

    Raises:
        ValueError: The content is not allowed: one line with file, line or setting, and rule.
        OSError: The file cannot be read.
    """
    path = Path(path)
    if not check_ending(path).exists():
        raise FileNotFoundError(f"There is no file {path}.")
    readers: dict[str, Callable[[Path], Iterator[_Entry]]] = {
        ".csv": _read_csv,
        ".json": _read_json,
        ".npz": _read_npz,
    }
    return _assemble(path, list(readers[path.suffix](path)))


def write_experiments(path: Path | str, experiments: Experiments) -> None:
    """Writes experiments; the file is whole or not there.

    Args:
        path: A file that ends with .csv, .json or .npz.
        experiments: Settings and counts.

    Raises:
        ValueError: The name ends otherwise.
        OSError: The file cannot be written.

    Example:
        >>> import tempfile
        >>> shots = Experiments([Setting("+z", 0.5, "Z", 10)], [{"0": 8, "1": 2}])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_experiments(f"{folder}/shots.csv", shots)
        ...     print(Path(f"{folder}/shots.csv").read_text())
        setting,preparation,time,basis,shots,bits,count
        1,+z,0.5,Z,10,0,8
        1,+z,0.5,Z,10,1,2
        <BLANKLINE>
    """
    path = Path(path)
    writers: dict[str, Callable[[Experiments], str | bytes]] = {
        ".csv": _csv_text,
        ".json": _json_text,
        ".npz": _npz_bytes,
    }
    write_atomically(path, writers[check_ending(path).suffix](experiments))


def check_ending(path: Path | str) -> Path:
    """Returns the path of a file whose name tells its form.

    Args:
        path: The file, which need not exist.

    Raises:
        ValueError: It does not end with .csv, .json or .npz.
    """
    path = Path(path)
    if path.suffix not in (".csv", ".json", ".npz"):
        raise ValueError(f"File {path} must end with .csv, .json or .npz.")
    return path


def _assemble(path: Path, entries: Sequence[_Entry]) -> Experiments:
    """Returns entries as experiments; what is wrong names its place."""
    if not entries:
        raise ValueError(f"File {path} must hold at least one setting, but holds none.")
    settings: list[Setting] = []
    for place, values, counts in entries:
        try:
            setting = Setting(**values)
            check_counts(
                setting, counts, n_sites=settings[0].n_sites if settings else setting.n_sites
            )
        except ValueError as error:
            raise ValueError(f"File {path}, {place}: {in_one_line(error)}") from error
        settings.append(setting)
    return Experiments(settings, [entry.counts for entry in entries])


def in_one_line(error: Exception) -> str:
    """Returns what an error says, shortened."""
    words = " ".join(str(error).split())
    return words if len(words) < 300 else f"{words[:300]} ..."


def _read_csv(path: Path) -> Iterator[_Entry]:
    rows = csv_rows(path)
    _, head = next(rows, (1, []))
    missing = [name for name in COLUMNS if name not in head]
    if missing or len(head) != len(COLUMNS):
        raise ValueError(
            f"File {path}, line 1: the header must be {','.join(COLUMNS)}, but is"
            f" {','.join(head)[:200] or 'empty'}."
        )
    entries: dict[str, _Entry] = {}
    for line, row in rows:
        place = f"line {line}"
        if len(row) != len(COLUMNS):
            raise ValueError(
                f"File {path}, {place}: there must be {len(COLUMNS)} values, but there are"
                f" {len(row)}."
            )
        cells = dict(zip(head, row, strict=True))
        _add_row(path, place, cells, entries)
    yield from entries.values()


def csv_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yields numbers of lines and cells, without empty lines."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"File {path} must be a text in UTF-8: {error}.") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            if row:
                yield reader.line_num, [cell.strip() for cell in row]
    except csv.Error as error:
        raise ValueError(f"File {path}, line {reader.line_num}: no CSV, {error}.") from error


def _add_row(path: Path, place: str, cells: Mapping[str, str], entries: dict[str, _Entry]) -> None:
    numbers = {name: read_number(path, place, cells, name) for name in ("time", "shots", "count")}
    values = {name: numbers.get(name, cells[name]) for name in OF_SETTING}
    entry = entries.setdefault(cells["setting"], _Entry(place, values, {}))
    for name in OF_SETTING:
        if entry.values[name] != values[name]:
            raise ValueError(
                f"File {path}, {place}: `{name}` must be that of {entry.place}, which is of the"
                f" same setting, but is {cells[name]!r:.80}."
            )
    if cells["bits"] in entry.counts:
        raise ValueError(
            f"File {path}, {place}: `bits` must be given once for each setting, but"
            f" {cells['bits']!r:.80} stands there before."
        )
    entry.counts[cells["bits"]] = numbers["count"]  # type: ignore[index]


def read_number(path: Path, place: str, cells: Mapping[str, str], name: str) -> float | int:
    """Returns the number in a cell: a finite one for times, and an integer otherwise.

    Args:
        path: The file, for messages.
        place: The line, for messages.
        cells: Name of a column -> text.
        name: Name of the column.

    Raises:
        ValueError: It is none.
    """
    try:
        number = float(cells[name]) if name == "time" else int(cells[name])
        if math.isfinite(number):
            return number
    except ValueError:
        pass
    word = "a finite number" if name == "time" else "an integer"
    raise ValueError(f"File {path}, {place}: `{name}` must be {word}, but is {cells[name]!r:.80}.")


def _read_json(path: Path) -> Iterator[_Entry]:
    settings = read_object(path, keys=["settings"])["settings"]
    if not isinstance(settings, list):
        raise ValueError(f"File {path}: `settings` must be a list, but is {settings!r:.80}.")
    for number, content in enumerate(settings, 1):
        place = f"setting {number}"
        if not isinstance(content, dict) or set(content) != set(KEYS):
            keys = ", ".join(content) if isinstance(content, dict) else repr(content)
            raise ValueError(
                f"File {path}, {place}: the keys must be {', '.join(KEYS)}, but are {keys:.200}."
            )
        if not isinstance(content["counts"], dict):
            raise ValueError(
                f"File {path}, {place}: `counts` must hold a count for each bit string, but is"
                f" {content['counts']!r:.80}."
            )
        if not isinstance(content["preparation"], str | list):
            raise ValueError(
                f"File {path}, {place}: `preparation` must be a text or a list, but is"
                f" {content['preparation']!r:.80}."
            )
        yield _Entry(place, {name: content[name] for name in OF_SETTING}, content["counts"])


def _read_npz(path: Path) -> Iterator[_Entry]:
    arrays = _arrays_of(path)
    n_settings = len(arrays["time"])
    for name in OF_SETTING:
        _check_length(path, name, arrays[name], n_settings, "time")
    for name in ("bits", "count"):
        _check_length(path, name, arrays[name], len(arrays["setting"]), "setting")
    counts: list[dict[str, int]] = [{} for _ in range(n_settings)]
    strings = ["".join(map(str, row)) for row in arrays["bits"].tolist()]
    rows = zip(arrays["setting"].tolist(), strings, arrays["count"].tolist(), strict=True)
    for number, (setting, bits, count) in enumerate(rows):
        if not 0 <= setting < n_settings:
            raise ValueError(
                f"File {path}, entry {number} of `setting`: must be from 0 to {n_settings - 1}, but"
                f" is {setting}."
            )
        if bits in counts[setting]:
            raise ValueError(
                f"File {path}, entry {number} of `bits`: must be given once for each setting, but"
                f" {bits} stands there before."
            )
        counts[setting][bits] = count
    lists = [arrays[name].tolist() for name in OF_SETTING]
    for number, (values, of_setting) in enumerate(
        zip(zip(*lists, strict=True), counts, strict=True)
    ):
        yield _Entry(
            f"setting {number + 1}", dict(zip(OF_SETTING, values, strict=True)), of_setting
        )


def _arrays_of(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files if name in ARRAYS}
    except (
        ValueError,
        EOFError,
        KeyError,
        AttributeError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise ValueError(f"File {path} holds no arrays: {' '.join(str(error).split())}.") from error
    for name, n_axes in ARRAYS.items():
        if name not in arrays:
            raise ValueError(
                f"File {path} must have the arrays {', '.join(ARRAYS)}, but has no `{name}`."
            )
        kinds = _KINDS.get(name, "iu")
        if arrays[name].ndim != n_axes or arrays[name].dtype.kind not in kinds:
            what = {"U": "texts", "iu": "integers", "fiu": "numbers"}[kinds]
            raise ValueError(
                f"File {path}: array `{name}` must hold {what} on {n_axes} axes, but is"
                f" {arrays[name].dtype} of shape {arrays[name].shape}."
            )
    return arrays


def _check_length(path: Path, name: str, array: np.ndarray, length: int, other: str) -> None:
    if len(array) != length:
        raise ValueError(
            f"File {path}: array `{name}` must have the length {length} as `{other}` has, but has"
            f" {len(array)}."
        )


def _csv_text(experiments: Experiments) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    pairs = zip(experiments.settings, experiments.counts, strict=True)
    for number, (setting, counts) in enumerate(pairs, 1):
        of_setting = [number, setting.words, repr(setting.time), setting.basis, setting.shots]
        writer.writerows([*of_setting, bits, counts[bits]] for bits in sorted(counts))
    return text.getvalue()


def _json_text(experiments: Experiments) -> str:
    lines = [
        json.dumps(
            {
                "preparation": setting.words,
                "time": setting.time,
                "basis": setting.basis,
                "shots": setting.shots,
                "counts": dict(sorted(counts.items())),
            }
        )
        for setting, counts in zip(experiments.settings, experiments.counts, strict=True)
    ]
    # A line for each setting.
    return '{"settings": [\n' + ",\n".join(lines) + "\n]}\n"


def _npz_bytes(experiments: Experiments) -> bytes:
    settings = experiments.settings
    rows = [
        (place, [int(bit) for bit in bits], counts[bits])
        for place, counts in enumerate(experiments.counts)
        for bits in sorted(counts)
    ]
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        preparation=np.array([setting.preparation for setting in settings]),
        time=np.array([setting.time for setting in settings]),
        basis=np.array([setting.basis for setting in settings]),
        shots=np.array([setting.shots for setting in settings]),
        setting=np.array([row[0] for row in rows]),
        bits=np.array([row[1] for row in rows], np.uint8),
        count=np.array([row[2] for row in rows]),
    )
    return buffer.getvalue()
