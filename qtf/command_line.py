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

from qtf.extras import MissingExtraError, missing_extra
from qtf.interruption import GRACE, answered

USER_ERROR = 1
USAGE_ERROR = 2
INTERRUPTED = 128 + signal.SIGINT

HELP_WORDS = ("-h", "--h", "-help", "--help", "-?", "-helpshort", "--helpshort")
# What the parser of flags says of a value, and what is meant.
CLEARER = {
    r"invalid literal for int\(\) with base 10: .*": "must be an integer.",
    r"could not convert string to float: .*": "must be a number.",
    r"Failed to parse .* as a ConfigDict: .*": "is a section; set the keys in it one by one.",
    r"\('Non-boolean argument to boolean flag', .*\)": "must be true or false.",
}

TRACEBACK_VARIABLE = "QTF_TRACEBACK"
# The last two come from configurations, which know their keys.
PARSER_ERRORS = (flags.Error, ValueError, OSError, TypeError, AttributeError, KeyError)


def run_command(
    name: str,
    main: Callable[[], int | None],
    *,
    resumable: bool = True,
    grace: float | None = GRACE,
    answers_signals: bool = True,
) -> None:
    """Runs `main` as the command `name` and ends the process with its exit code.

    As a command of `qtf`, `qtf train` for example, it is called so in its lines.

    Keras is told its backend and its own defaults. Then flags are parsed. A `ValueError` or
    `OSError` is a user's mistake, and a
    `FloatingPointError` the news that a computation diverged; a package may be missing that an
    extra brings: each is printed as one
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
    name = typed_name(name)
    ending = _Ending(name, resumable)
    _settle_keras()

    def run() -> None:
        app.run(
            lambda argv: sys.exit(_guarded(name, main, argv)),
            flags_parser=lambda argv: _parse_flags(name, main.__module__, argv),
        )

    sys.unraisablehook = _quiet_about_interrupts
    signals = answered(ending.by_force, grace=grace)
    answers = None
    try:
        with signals if answers_signals else contextlib.nullcontext() as answers:
            run()
    except BaseException as error:
        # C++ that was interrupted may turn it into another error.
        is_asked = answers is not None and answers.is_interrupted
        if isinstance(error, SystemExit) or not (isinstance(error, KeyboardInterrupt) or is_asked):
            raise
        ending.tell()
        # An interrupt that went through `exec` of a text, by which dataclasses are made, lets the
        # interpreter end by the signal; a text that runs through takes that back.
        exec("")
        sys.exit(INTERRUPTED)
    finally:
        # What Python does at its end is short, and must not be seen interrupted.
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def typed_name(name: str) -> str:
    """Returns what the user has typed for a command: `qtf-train`, or `qtf train`.

    Args:
        name: Name of the command as a script of its own.
    """
    as_part = name.replace("-", " ", 1)
    return as_part if sys.argv[0] == as_part else name


def take_words() -> list[str]:
    """Removes the words before the first flag from the command line, and returns them."""
    words = []
    while len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        words.append(sys.argv.pop(1))
    return words


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


def value_of(flag: flags.FlagHolder[str | None]) -> str:
    """Returns the value of a flag that the command requires, so that it has one."""
    return flag.value or ""


def positive_integers(flag: flags.FlagHolder) -> list[int]:
    """Returns the values of a list flag, such as chain lengths, as positive integers.

    Raises:
        ValueError: A value is something else; the message names the flag.
    """
    values = list(flag.value)
    if not all(text.isdecimal() and int(text) for text in values):
        raise ValueError(f"Flag --{flag.name} must hold positive integers, but is {values}.")
    return [int(text) for text in values]


def _settle_keras() -> None:
    """Keeps Keras from what a user has set for other programs, which would change results.

    That is the backend, and a file of defaults such as `floatx`; where this is no folder Keras
    neither looks for the file nor writes one.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["KERAS_HOME"] = os.devnull


def _parse_flags(name: str, module: str, argv: Sequence[str]) -> list[str]:
    if any(word in HELP_WORDS for word in argv[1:]):
        print(_help(name, module))
        sys.exit(0)
    try:
        rest = flags.FLAGS(argv)
        _check_not_empty(module)
        return rest
    except SystemExit:
        # The longer helps of the parser end with 1.
        sys.exit(0)
    except PARSER_ERRORS as error:
        if os.environ.get(TRACEBACK_VARIABLE) == "1":
            raise
        _print_error(name, error, hint=_example(name, module))
        sys.exit(USAGE_ERROR)


def _check_not_empty(module: str) -> None:
    """Checks the flags that a command requires; an empty path would be the current folder."""
    for flag in flags_of(module):
        if flag.validators and flag.value == "":
            raise flags.ValidationError(f"Flag --{flag.name} must not be empty.")


def flags_of(module: str) -> list[flags.Flag]:
    """Returns the flags that a module defines, or asks another to define for it."""
    by_module = flags.FLAGS.flags_by_module_dict()
    return by_module.get(sys.argv[0] if module == "__main__" else module, [])


def _help(name: str, module: str) -> str:
    """Returns what a command does, and its flags."""
    about = _docstring(module).strip()
    if " " in name:
        # As a part of `qtf` it is called by that.
        about = re.sub(r"python -m \S+", name, about)
    texts = [about, ""]
    for flag in flags_of(module):
        default = "" if flag.default_as_str is None else f" (default: {flag.default_as_str})"
        texts += [f"  --{flag.name}", f"      {flag.help}{default}"]
    return "\n".join([*texts, "", "Try --helpfull for the flags of all modules."])


def _docstring(module: str) -> str:
    return sys.modules[module].__doc__ or ""


def _example(name: str, module: str) -> str:
    """Returns how the command is used, from the docstring of its module."""
    found = re.search(r"^ *python -m \S+ (.*(?:\\\n.*)*)", _docstring(module), flags=re.MULTILINE)
    usage = f"; for example: {name} {' '.join(found[1].split())}" if found else ""
    return f" See {name} -h{usage}".replace("\\ ", "")


def _guarded(name: str, main: Callable[[], int | None], argv: Sequence[str]) -> int:
    if not flags.FLAGS["verbosity"].present:
        logging.set_verbosity(logging.WARNING)
    try:
        if len(argv) > 1:
            raise ValueError(f"Unknown argument `{argv[1]}`; every argument is a --flag.")
        return main() or 0
    except ModuleNotFoundError as error:
        sentence = missing_extra(error.name, main.__module__.partition(".")[0])
        if sentence is None or os.environ.get(TRACEBACK_VARIABLE) == "1":
            raise
        _print_error(name, MissingExtraError(sentence))
        return USER_ERROR
    except (ValueError, OSError, FloatingPointError, flags.Error) as error:
        if os.environ.get(TRACEBACK_VARIABLE) == "1":
            raise
        _print_error(name, error)
        return USER_ERROR


def _print_error(name: str, error: BaseException, *, hint: str = "") -> None:
    text = str(error)
    if isinstance(error, OSError) and error.errno is not None and error.filename is not None:
        text = _of_the_system(error)
    elif isinstance(error, KeyError | AttributeError):
        text = f"Unknown configuration key {_unknown_key(text)}"
    elif isinstance(error, flags.UnrecognizedFlagError) and error.flagname.startswith("config."):
        text = f"Flag --config must name a configuration before --{error.flagname} can change it."
    elif "must have a value other than None" in text:
        text = re.sub(r"flag --\w+=None: |flags \w+=None, \w+=False: ", "", text) + hint
    for unclear, clearer in CLEARER.items():
        text = re.sub(unclear, clearer, text)
    text = " ".join(text.split())
    print(f"{name}: error: {text}", file=sys.stderr)


def _of_the_system(error: OSError) -> str:
    """Returns what the operating system says of a file, without its number."""
    path = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else ""
    if isinstance(error, FileNotFoundError):
        return f"There is no file {path}."
    return f"File {path} cannot be used: {error.strerror}."


def _unknown_key(text: str) -> str:
    """Shortens what the parser of configurations says of a key; it quotes it twice."""
    text = text.replace("\\n", " ").replace("\\'", "'")
    found = re.search(r"""Key "(.+?)" does not exist|'(\w+)'""", text)
    hint = re.search(r'Did you mean ".+?" instead of ".+?"\?', text)
    key = (found[1] or found[2]) if found else text
    return f"`{key}`. {hint[0] if hint else ''}".rstrip()
