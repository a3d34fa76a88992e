"""The flag --config: a file by its path, or from any folder one that comes with the package.

Of those that come with it the name is enough: `--config=ising_square:4,3.0`.
"""

import difflib
import importlib.machinery
import importlib.util
import inspect
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from absl import flags
from ml_collections import ConfigDict, FieldReference, config_flags

# The first folder of their paths, in a clone and behind --config.
FOLDER = "configs"
MODULE = "qtf_configuration"
PRINT_CONFIG = "print_config"
# The keys of such sections depend on their values; whoever builds what they describe checks them.
FREE_SECTIONS = ("hamiltonian", "jumps")
# End of keys there that name files.
FILE_SUFFIX = "_file"
# What a configuration file, which is a Python file, may raise when it is run.
FILE_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    NameError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)

# The flag belongs to the command that asks for it.
flags.disclaim_key_flags()


class ConfigurationError(flags.Error):
    """A configuration that cannot be read; its message is for the user."""


def define_configuration(help_string: str, folder: str) -> flags.FlagHolder:
    """Defines the flag --config of a command, with --config.KEY=VALUE and --print_config.

    Args:
        help_string: What the file says.
        folder: Folder of the shipped configurations that the command takes, in `configs`.

    Returns:
        The flag, whose value is the configuration, a locked `ConfigDict`.
    """
    holder = config_flags.DEFINE_config_file(
        "config", None, help_string, lock_config=False, accept_new_attributes=True
    )
    flags.FLAGS["config"].parser = _Parser(folder)
    flags.DEFINE_boolean(
        PRINT_CONFIG, False, "Print all settings and where they are from, and end."
    )
    return holder


def require_flags(*names: str) -> None:
    """Requires --config of a command, and other flags unless it only prints its settings.

    Args:
        *names: Names of the other flags.
    """
    flags.mark_flag_as_required("config")
    for name in names:
        flags.register_multi_flags_validator(
            [name, PRINT_CONFIG],
            lambda values, name=name: values[PRINT_CONFIG] or values[name] is not None,
            message=f"Flag --{name} must have a value other than None.",
        )


def shipped_folder() -> Path:
    """Returns the folder of the configurations that come with the package.

    Installed, it lies within `qtf`; in a clone, beside it.
    """
    here = Path(__file__).parent
    installed = here / FOLDER
    return installed if installed.is_dir() else here.parent / FOLDER


def shipped_names() -> list[str]:
    """Returns the paths that name the shipped configurations from any folder, sorted."""
    folder = shipped_folder()
    return sorted(str(FOLDER / path.relative_to(folder)) for path in folder.glob("*/*.py"))


def find_configuration(path: Path | str, folder: str | None = None) -> Path:
    """Returns the file that a path names: its own, or else the shipped one of that name.

    Args:
        path: Relative to the current folder, or absolute; of a shipped configuration also its
            name, alone or behind that of its folder.
        folder: Folder of the shipped configurations that are looked for; None: any.

    Raises:
        FileNotFoundError: There is neither; the message names the nearest shipped one.
        ConfigurationError: The name belongs to several, or to another folder only.

    Example:
        >>> find_configuration("configs/data/small.py").name
        'small.py'
        >>> find_configuration("ising_square").name
        'ising_square.py'
    """
    own = Path(path)
    if own.is_file():
        return own
    if str(own) in shipped_names():
        return _shipped_file(own)
    if named := _named_so(str(path)):
        return _shipped_file(_choose(str(path), named, folder))
    fault = "is a folder" if own.is_dir() and path else "does not exist"
    raise FileNotFoundError(
        f"Flag --config must name a configuration file, but {path or 'an empty one'} {fault};"
        f" {_hint(str(own), folder)}"
    )


def load_configuration(text: str, folder: str | None = None) -> ConfigDict:
    """Returns what the function `get_config` of a file returns, locked.

    Only the sections `hamiltonian` and `jumps` take further keys. A file that they name is looked
    for in the folder of the configuration, then in the current one.

    Args:
        text: Path or name of the file, see `find_configuration`, perhaps with a colon and what is
            handed to `get_config`.
        folder: Folder of the shipped configurations that a name may mean; None: any.

    Raises:
        FileNotFoundError: There is no such file.
        ConfigurationError: It holds no configuration, or takes no choice; or its name has
            several meanings.
    """
    name, choice = _split(text)
    path = find_configuration(name, folder)
    try:
        get_config = _run_file(path).get_config
    except AttributeError as error:
        if "get_config" not in str(error):
            raise _unloadable(error) from error
        message = f"Configuration file must define the function get_config, but {path} does not."
        raise ConfigurationError(message) from error
    except FILE_ERRORS as error:
        raise _unloadable(error) from error
    if choice and not inspect.signature(get_config).parameters:
        raise ConfigurationError(f"{path} takes nothing behind a colon, but has {choice[0]!r}.")
    try:
        config = get_config(*choice)
    except FILE_ERRORS as error:
        if isinstance(error, AttributeError | KeyError) and "does not exist" in str(error):
            raise
        raise _unloadable(error) from error
    if not isinstance(config, ConfigDict):
        raise ConfigurationError(
            f"The function get_config of {path} must return a ConfigDict, but returns"
            f" {type(config).__name__}."
        )
    config.lock()
    for section in _free_sections(config):
        section.unlock()
        _locate_files(section, path.parent)
    return config


def check_key(config: ConfigDict, key: str) -> None:
    """Checks that a configuration has a key, or takes it as one of a section that is free.

    Args:
        config: The configuration.
        key: Names joined by dots.

    Raises:
        ConfigurationError: It has not; the message names the nearest.
    """
    section: Any = config
    above: list[str] = []
    for name in key.split("."):
        if not isinstance(section, ConfigDict):
            raise ConfigurationError(
                f"Setting `{'.'.join(above)}` has no keys, but --config.{key} names one."
            )
        if name not in section:
            if set(above) & set(FREE_SECTIONS):
                return
            raise ConfigurationError(
                f"Unknown configuration key `{name}`. {nearest_key(config.to_dict(), above, name)}"
            )
        section = section.get(name)
        above.append(name)


def nearest_key(config: dict[str, Any], above: Sequence[str], name: str) -> str:
    """Returns a sentence that names the known key nearest to an unknown one, or all there.

    Args:
        config: All known keys, nested.
        above: The section where the unknown one was looked for, from the outside.
        name: The unknown key.
    """
    section = config
    for part in above:
        section = section[part]
    near = difflib.get_close_matches(name, list(section), n=1, cutoff=0.6)
    same = [key for key in _keys(config) if key.split(".")[-1] == name]
    if near or same:
        meant = [".".join((*above, near[0]))] if near else same
        return f"Did you mean {' or '.join(f'`{key}`' for key in meant)}?"
    where = f"in `{'.'.join(above)}` " if above else ""
    return f"Known {where}are {', '.join(f'`{key}`' for key in section)}."


class _Parser(flags.ArgumentParser):
    """Reads the value of --config, and checks the keys of all --config.KEY=VALUE beside it."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def parse(self, argument: str) -> ConfigDict:
        config = load_configuration(argument, self.folder)
        for key, text in _overridden(sys.argv):
            check_key(config, key)
            make_room(config, key, text)
        return config

    def flag_type(self) -> str:
        return "config object"


def make_room(config: ConfigDict, key: str, text: str = "") -> None:
    """Lets a flag set what it may: None everywhere, in a free section sections and lists, too.

    Args:
        config: The configuration.
        key: One that `check_key` lets pass.
        text: What the flag says.
    """
    section, free = config, False
    *above, name = key.split(".")
    for part in above:
        if free and part not in section:
            section[part] = ConfigDict()
        section, free = section[part], free or part in FREE_SECTIONS
    value = section.get(name) if free else None
    # Flags convert to the type of what is there.
    if isinstance(value, int | float) and not isinstance(value, bool):
        del section[name]
    elif text == "None" and section.get(name) is not None:
        with section.unlocked():
            del section[name]
            section[name] = FieldReference(None, field_type=object)


def _overridden(words: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yields key and text of each --config.KEY=TEXT."""
    for word in words:
        # Keys with brackets name an entry of a tuple and are left to the parser of flags.
        match = re.match(r"--?(?:no)?config\.([\w.]+?)(=.*)?$", word, flags=re.DOTALL)
        if match:
            yield match[1], (match[2] or "=")[1:]


def _split(text: str) -> tuple[str, tuple[str, ...]]:
    """Returns path and choice; a colon belongs to the path where a file has that name."""
    ends = [place for place, letter in enumerate(text) if letter == ":"]
    for end in (len(text), *reversed(ends)):
        if Path(text[:end]).is_file():
            break
    else:
        end = ends[0] if ends else len(text)
    return text[:end], (text[end + 1 :],) if end < len(text) else ()


def _shipped_file(name: Path) -> Path:
    return shipped_folder() / name.relative_to(FOLDER)


def _named_so(name: str) -> list[Path]:
    """Returns the shipped configurations of a name, alone or behind that of its folder."""
    paths = [Path(text) for text in shipped_names()]
    return [path for path in paths if name in (path.stem, f"{path.parent.name}/{path.stem}")]


def _choose(name: str, named: Sequence[Path], folder: str | None) -> Path:
    """Returns which of those of a name is meant."""
    fitting = [path for path in named if folder in (None, path.parent.name)]
    if len(fitting) == 1:
        return fitting[0]
    words = " or ".join(f"{path.parent.name}/{path.stem}" for path in named)
    if fitting:
        raise ConfigurationError(f"Configuration {name} must be named with its folder, {words}.")
    raise ConfigurationError(f"Configuration must be one of {folder}, but {name} is {words}.")


def _run_file(path: Path) -> Any:
    loader = importlib.machinery.SourceFileLoader(MODULE, str(path))
    spec = importlib.machinery.ModuleSpec(MODULE, loader, origin=str(path))
    module = importlib.util.module_from_spec(spec)
    # Where dataclasses look their module up.
    sys.modules[MODULE] = module
    loader.exec_module(module)
    return module


def _unloadable(error: BaseException) -> ConfigurationError:
    return ConfigurationError(f"Configuration cannot be loaded, {type(error).__name__}: {error}")


def _free_sections(config: ConfigDict) -> Iterator[ConfigDict]:
    for name, value in config.items():
        if isinstance(value, ConfigDict):
            if name in FREE_SECTIONS:
                yield value
            yield from _free_sections(value)


def _locate_files(section: ConfigDict, folder: Path) -> None:
    for name, value in section.items():
        if name.endswith(FILE_SUFFIX) and isinstance(value, str) and (folder / value).is_file():
            section[name] = str(folder / value)


def _keys(config: dict[str, Any], above: str = "") -> Iterator[str]:
    for name, value in config.items():
        yield f"{above}{name}"
        if isinstance(value, dict):
            yield from _keys(value, f"{above}{name}.")


def _hint(name: str, folder: str | None) -> str:
    shipped = [Path(text) for text in shipped_names()]
    within = [path.name for path in shipped if str(path.parent) == name]
    if within:
        return f"it holds {', '.join(within)}."
    # A name without a folder is compared with names alone.
    comparable = {
        str(path) if "/" in name else form: path
        for path in shipped
        for form in (path.name, path.stem)
        if folder in (None, path.parent.name)
    }
    near = difflib.get_close_matches(name, comparable, n=1, cutoff=0.6)
    if near:
        path = comparable[near[0]]
        return f"did you mean {path if name.endswith('.py') else path.stem}?"
    if folder:
        names = [path.stem for path in shipped if path.parent.name == folder]
        return f"those that come with qtf are {', '.join(names)}."
    folders = sorted({str(path.parent) for path in shipped})
    return f"those that come with qtf are in {', '.join(folders)}."
