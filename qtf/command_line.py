"""What every command of the project shares: one line for a user's mistake."""

import contextlib
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

from absl import app, flags, logging

from qtf.interruption import GRACE, answered

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


def run_command(
    name: str,
    main: Callable[[], int | None],
    *,
    resumable: bool = True,
    grace: float | None = GRACE,
    answers_signals: bool = True,
) -> None:
    """Runs `main` as the command `name` and ends the process with its exit code.

    Flags are parsed first. A `ValueError` or `OSError` is a user's mistake, and a
    `FloatingPointError` the news that a computation diverged: each is printed as one
    line on standard error and the exit code is 1 (2 for a mistake in the flags).
    Anything else is a defect of ours and keeps its traceback, and so does everything
    when the environment variable `QTF_TRACEBACK` is 1.

    Ctrl-C and SIGTERM raise `KeyboardInterrupt`, see `qtf.interruption`: one line, and the exit
    code 130. Where that does not end the command in time, nor with a second signal, the process
    is ended without asking.

    Args:
        name: What the user typed, for example `qtf-train`; starts every error line.
        main: The command itself; returns an exit code or None for 0.
        resumable: Whether the same command continues after an interruption.
        grace: Seconds that it has to come to an end after a first signal; None: any time.
        answers_signals: Whether signals are answered so; False: `main` does it in another way.
    """
    ending = _Ending(name, resumable)

    def run() -> None:
        app.run(
            lambda argv: sys.exit(_guarded(name, main, argv)),
            flags_parser=lambda argv: _parse_flags(name, argv),
        )

    sys.unraisablehook = _quiet_about_interrupts
    signals = answered(ending.by_force, grace=grace)
    try:
        with signals if answers_signals else contextlib.nullcontext():
            run()
    except KeyboardInterrupt:
        ending.tell()
        sys.exit(INTERRUPTED)
    finally:
        # What Python does at its end must not be seen interrupted.
        signal.signal(signal.SIGINT, signal.SIG_DFL)


class _Ending:
    """The one line about an interruption, whoever comes to it first."""

    def __init__(self, name: str, resumable: bool) -> None:
        self._line = f"{name}: interrupted{'; the same command continues' if resumable else ''}."
        self._first = threading.Lock()
        # Kept open: TensorFlow is imported with standard error closed.
        self._stderr = os.dup(2)

    def tell(self) -> None:
        if self._first.acquire(blocking=False):
            os.write(self._stderr, f"{self._line}\n".encode())

    def by_force(self) -> None:
        """Ends the process from another thread, with what it has printed."""
        flushing = threading.Thread(target=sys.stdout.flush, daemon=True)
        flushing.start()
        # The main thread may hold it for ever.
        flushing.join(0.5)
        self.tell()
        os._exit(INTERRUPTED)


def _quiet_about_interrupts(error: Any) -> None:
    """Says nothing of a Ctrl-C where Python cannot raise it, as in a finaliser."""
    if not issubclass(error.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(error)


def positive_integers(flag: flags.FlagHolder) -> list[int]:
    """Returns the values of a list flag, such as chain lengths, as positive integers.

    Raises:
        ValueError: A value is something else; the message names the flag.
    """
    values = list(flag.value)
    if not all(text.isdecimal() and int(text) for text in values):
        raise ValueError(f"Flag --{flag.name} must hold positive integers, but is {values}.")
    return [int(text) for text in values]


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


def _guarded(name: str, main: Callable[[], int | None], argv: Sequence[str]) -> int:
    if not flags.FLAGS["verbosity"].present:
        logging.set_verbosity(logging.WARNING)
    try:
        if len(argv) > 1:
            raise ValueError(f"Unknown argument `{argv[1]}`; every argument is a --flag.")
        return main() or 0
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
