"""Files of shapes: what terms of a driven Hamiltonian are multiplied by, as samples in JSON."""

import re
from pathlib import Path

from qtf.files import read_object
from qtf.measurements.formats import in_one_line
from qtf.physics import SampledFunction

KEYS = ("times", "values", "law")
_NAME = re.compile(r"[A-Za-z_]\w*")


def read_shapes(path: Path | str) -> dict[str, SampledFunction]:
    """Returns the shapes of a file.

    It is {"pulse": {"times": [0.0, 0.5, 1.0], "values": [0.0, 1.0, 0.0], "law": "linear"}, ...},
    see `qtf.physics.SampledFunction`.

    Args:
        path: The file.

    Returns:
        Name -> function of the time.

    Raises:
        ValueError: The content is not allowed: one line with file, name, and rule.
        OSError: The file cannot be read.

    Example:
        >>> import tempfile
        >>> text = '{"ramp": {"times": [0, 1], "values": [0, 2], "law": "linear"}}'
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(f"{folder}/shapes.json").write_text(text)
        ...     read_shapes(f"{folder}/shapes.json")["ramp"](0.5)
        1.0
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"There is no file {path}.")
    content = read_object(path)
    if not content:
        raise ValueError(f"File {path} must hold at least one shape, but holds none.")
    shapes = {}
    for name, entry in content.items():
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"File {path}: names of shapes must be letters and digits, but one is {name!r:.80}."
            )
        if not isinstance(entry, dict) or set(entry) != set(KEYS):
            keys = ", ".join(entry) if isinstance(entry, dict) else repr(entry)
            raise ValueError(
                f"File {path}, shape {name}: the keys must be {', '.join(KEYS)}, but are"
                f" {keys:.200}."
            )
        try:
            shapes[name] = SampledFunction(**entry)
        except (ValueError, TypeError) as error:
            raise ValueError(f"File {path}, shape {name}: {in_one_line(error)}") from error
    return shapes
