"""Packages that import what they offer when somebody asks for it."""

import pkgutil
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any


def lazy_names(
    package: str, places: Mapping[str, str], *, with_keras: Mapping[str, str] = MappingProxyType({})
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Returns `__getattr__` and `__dir__` of a package whose names cost an import.

    `dir` and the Tab key show the names and the modules of the package; a module is imported as
    soon as one of its names, or itself, is asked for.

    Args:
        package: `__name__` of the package.
        places: Name -> module that has it.
        with_keras: Names whose modules need Keras. Its backend is imported before them, so that
            TensorFlow says nothing.

    Example:
        >>> import qtf.dynamics
        >>> {"TransferableSRU", "rollout"} <= set(dir(qtf.dynamics))
        True
    """

    def get(name: str) -> Any:
        if name in places:
            value = getattr(import_module(places[name]), name)
        elif name in with_keras:
            _import_backend()
            value = getattr(import_module(with_keras[name]), name)
        elif name in _modules(package):
            value = import_module(f"{package}.{name}")
        else:
            raise AttributeError(f"Module `{package}` has no attribute `{name}`.")
        setattr(sys.modules[package], name, value)
        return value

    def names() -> list[str]:
        return sorted({*places, *with_keras, *_modules(package)})

    return get, names


def _import_backend() -> None:
    # Packages without Keras do without this.
    from qtf.quiet_import import import_chosen_backend_quietly

    import_chosen_backend_quietly()


def _modules(package: str) -> list[str]:
    paths = sys.modules[package].__path__
    return [name for _, name, _ in pkgutil.iter_modules(paths) if not name.startswith("_")]
