"""Lists the configurations that come with qtf, or tells all about one.

    qtf configs [NAME]

A command takes their names from any folder, with a choice behind a colon where there is one:
`qtf ground-state --config=ising_square:4,3.0`.
"""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from commands.table import COMMANDS
from qtf.command_line import run_command, take_words
from qtf.configuration_files import find_configuration, shipped_folder, shipped_names


@dataclass(frozen=True)
class Description:
    """What a configuration file says of itself.

    Attributes:
        name: Name behind --config.
        choices: What may follow the name, a colon first; empty if nothing may.
        default: Choice where none is given.
        docstring: Docstring of the file.
    """

    name: str
    choices: str
    default: str
    docstring: str

    @property
    def line(self) -> str:
        """First line of the docstring, with the default choice."""
        return self.docstring.partition("\n")[0] + (f" [{self.default}]" if self.default else "")


def main() -> None:
    """Console entry point."""
    words = take_words()
    run_command("qtf-configs", lambda: _tell(words), resumable=False)


def describe(path: Path) -> Description:
    """Returns what a configuration file says of itself; the file is read, not run.

    Args:
        path: The file.

    Example:
        >>> about = describe(find_configuration("ising_square"))
        >>> about.name, about.choices, about.default
        ('ising_square', ':SIDE,FIELD', '4,3.0')
    """
    docstring = ast.get_docstring(ast.parse(path.read_text())) or ""
    usage = re.search(
        rf"--config=\S*{path.stem}(?:\.py)?([:[]\S+?)(?:, by default (\S+))?$",
        docstring,
        re.MULTILINE,
    )
    choices, default = usage.groups(default="") if usage else ("", "")
    return Description(path.stem, choices, default, docstring)


def _tell(names: list[str]) -> None:
    if len(names) > 1:
        raise ValueError(f"Name one configuration, not {len(names)}: {', '.join(names)}.")
    for name in names:
        path = find_configuration(name)
        print(f"{path}\n\n{describe(path).docstring}")
    if not names:
        print("\n".join(_lines()))


def _lines() -> list[str]:
    lines = []
    for folder in dict.fromkeys(command.folder for command in COMMANDS.values()):
        if not folder:
            continue
        names = [name for name, command in COMMANDS.items() if command.folder == folder]
        lines += [*(f"qtf {name} --config=" for name in names), ""]
        described = [describe(path) for path in _files(folder)]
        forms = [f"{about.name}{about.choices}" for about in described]
        width = max(map(len, forms))
        lines += [
            f"  {form:{width}}  {about.line}" for form, about in zip(forms, described, strict=True)
        ]
        lines.append("")
    return lines[:-1]


def _files(folder: str) -> list[Path]:
    paths = [Path(name) for name in shipped_names()]
    return [shipped_folder() / folder / path.name for path in paths if path.parent.name == folder]


if __name__ == "__main__":
    main()
