"""What every command of the project shares: one line for a user's mistake."""

import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType

from absl import app, flags, logging

USER_ERROR = 1
USAGE_ERROR = 2
INTERRUPTED = 128 + signal.SIGINT

TRACEBACK_VARIABLE = "QTF_TRACEBACK"
# A configuration is a Python file, which the parser of flags runs.
PARSER_ERRORS = (
    flags.Error,
    ValueError,
    OSError,
    AttributeError,
    KeyError,
    TypeError,
    SyntaxError,
    NameError,
    ImportError,
)


def run_command(name: str, main: Callable[[], int | None], *, resumable: bool = True) -> None:
    """Runs `main` as the command `name` and ends the process with its exit code.

    Keras is told its backend and its own defaults. Then flags are parsed. A `ValueError` or
    `OSError` is a user's mistake, and a
    `FloatingPointError` the news that a computation diverged: each is printed as one
    line on standard error and the exit code is 1 (2 for a mistake in the flags).
    Anything else is a defect of ours and keeps its traceback, and so does everything
    when the environment variable `QTF_TRACEBACK` is 1.

    Args:
        name: What the user typed, for example `qtf-train`; starts every error line.
        main: The command itself; returns an exit code or None for 0.
        resumable: Whether the same command continues after an interruption.
    """
    _settle_keras()
    app.run(
        lambda argv: sys.exit(_guarded(name, main, argv, resumable)),
        flags_parser=lambda argv: _parse_flags(name, argv),
    )


def positive_integers(flag: flags.FlagHolder) -> list[int]:
    """Returns the values of a list flag, such as chain lengths, as positive integers.

    Raises:
        ValueError: A value is something else; the message names the flag.
    """
    values = list(flag.value)
    if not all(text.isdecimal() and int(text) for text in values):
        raise ValueError(f"Flag --{flag.name} must hold positive integers, but is {values}.")
    return [int(text) for text in values]


def raise_on_sigterm() -> None:
    """Makes SIGTERM behave as Ctrl-C, so that one code path cleans up after both."""

    def interrupt(signum: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


def _settle_keras() -> None:
    """Keeps Keras from what a user has set for other programs, which would change results.

    That is the backend, and a file of defaults such as `floatx`; where this is no folder Keras
    neither looks for the file nor writes one.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["KERAS_HOME"] = os.devnull


def _parse_flags(name: str, argv: Sequence[str]) -> list[str]:
    try:
        return app.parse_flags_with_usage(list(argv)) if _asks_help(argv) else flags.FLAGS(argv)
    except PARSER_ERRORS as error:
        if os.environ.get(TRACEBACK_VARIABLE) == "1":
            raise
        _print_error(name, error)
        sys.exit(USAGE_ERROR)


def _asks_help(argv: Sequence[str]) -> bool:
    return any(word.lstrip("-").split("=")[0].startswith("help") for word in argv[1:])


def _guarded(
    name: str, main: Callable[[], int | None], argv: Sequence[str], resumable: bool
) -> int:
    if not flags.FLAGS["verbosity"].present:
        logging.set_verbosity(logging.WARNING)
    try:
        if len(argv) > 1:
            raise ValueError(f"Unknown argument `{argv[1]}`; every argument is a --flag.")
        return main() or 0
    except KeyboardInterrupt:
        rest = "; the same command continues" if resumable else ""
        print(f"{name}: interrupted{rest}.", file=sys.stderr)
        return INTERRUPTED
    except (ValueError, OSError, FloatingPointError) as error:
        if os.environ.get(TRACEBACK_VARIABLE) == "1":
            raise
        _print_error(name, error)
        return USER_ERROR


def _print_error(name: str, error: BaseException) -> None:
    text = str(error)
    if isinstance(error, SyntaxError | NameError | ImportError):
        text = f"Configuration cannot be loaded, {type(error).__name__}: {text}"
    elif "no attribute 'get_config'" in text:
        text = f"Configuration file must define the function get_config: {text}"
    elif "Error whilst parsing config file" in text:
        # The parser of flags appends the traceback of what the file itself raised.
        text = f"Configuration cannot be loaded, {text.strip().splitlines()[-1]}"
    elif isinstance(error, KeyError | AttributeError):
        text = f"Unknown configuration key {_unknown_key(text)}"
    text = " ".join(text.split())
    print(f"{name}: error: {text}", file=sys.stderr)


def _unknown_key(text: str) -> str:
    """Shortens what the parser of configurations says of a key; it quotes it twice."""
    text = text.replace("\\n", " ").replace("\\'", "'")
    found = re.search(r"""Key "(.+?)" does not exist|'(\w+)'""", text)
    hint = re.search(r'Did you mean ".+?" instead of ".+?"\?', text)
    key = (found[1] or found[2]) if found else text
    return f"`{key}`. {hint[0] if hint else ''}".rstrip()
