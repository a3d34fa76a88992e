"""The reference of Python: every public name of every room, with its docstring."""

import inspect
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from qtf.quiet_import import import_chosen_backend_quietly

# In the order of the site; what one asks for most is first.
ROOMS = (
    "qtf",
    "qtf.physics",
    "qtf.dynamics",
    "qtf.ground_states",
    "qtf.open_systems",
    "qtf.measurements",
    "qtf.autoregressive",
    "qtf.layers",
    "qtf.data",
    "qtf.training",
    "qtf.export",
    "serving.client",
)
HEAD = """# Python: every public name

{rooms}

```{{toctree}}
:hidden:

{pages}
```
"""


def public_names(room: str) -> Iterator[tuple[str, Any]]:
    """Yields the public names of a room with what they are, in the order of the alphabet.

    Args:
        room: Name of the package.
    """
    import_chosen_backend_quietly()
    package = import_module(room)
    for name in sorted(package.__all__, key=str.lower):
        value = getattr(package, name)
        if not name.startswith("__") and not inspect.ismodule(value):
            yield name, value


def index() -> str:
    """Returns the page that leads to those of the rooms, as markdown."""
    rooms = "\n".join(f"- [{room}]({room}.md): {_first_sentence(room)}" for room in ROOMS)
    return HEAD.format(rooms=rooms, pages="\n".join(ROOMS))


def page(room: str) -> str:
    """Returns the page of a room as markdown, whose docstrings Sphinx puts in.

    Args:
        room: Name of the package.
    """
    parts = [f"# {room}", "```{eval-rst}", f".. automodule:: {room}", "   :no-members:", "```"]
    values = []
    for name, value in public_names(room):
        if inspect.isclass(value):
            parts.extend(_entry("autoclass", f"{room}.{name}", ":members:"))
        elif inspect.isroutine(value):
            parts.extend(_entry("autofunction", f"{room}.{name}"))
        else:
            values.append(f"- {_words(name, value)}")
    if values:
        parts.extend(["## Values", *values])
    return "\n".join(parts) + "\n"


def _entry(directive: str, name: str, *options: str) -> list[str]:
    return ["", "```{eval-rst}", f".. {directive}:: {name}", *(f"   {o}" for o in options), "```"]


def _first_sentence(room: str) -> str:
    return (inspect.getdoc(import_module(room)) or "").split("\n\n")[0].replace("\n", " ")


def _words(name: str, value: Any) -> str:
    if isinstance(value, str | int | float):
        return f"`{name}` = `{value!r}`"
    if isinstance(value, dict | tuple | list | set | frozenset):
        return f"`{name}`: {', '.join(f'`{entry}`' for entry in value)}"
    return f"`{name}`: a `{type(value).__name__}`"
