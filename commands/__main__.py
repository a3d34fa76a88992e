"""Quantum many-body physics with TensorFlow and Keras.

    qtf COMMAND --FLAG=VALUE ...

`qtf COMMAND --help` tells the flags of a command.
"""

import sys
from importlib import import_module

import qtf
from commands.table import COMMANDS, nearest_command

USAGE_ERROR = 2
HELP_WORDS = ("-h", "-help", "--help", "help")


def main() -> None:
    """Console entry point of `qtf`."""
    name, *words = sys.argv[1:] or ["--help"]
    if name in HELP_WORDS:
        print(help_text())
    elif name in ("--version", "-version"):
        print(f"qtf {qtf.__version__}")
    elif name in COMMANDS:
        sys.argv = [f"qtf {name}", *words]
        import_module(COMMANDS[name].module).main()
    else:
        near = nearest_command(name)
        meant = f"did you mean `{near}`?" if near else "`qtf --help` lists all."
        print(f"qtf: error: Unknown command `{name}`; {meant}", file=sys.stderr)
        sys.exit(USAGE_ERROR)


def help_text() -> str:
    """Returns what `qtf --help` prints."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {command.summary}" for name, command in COMMANDS.items()]
    return "\n".join([str(__doc__), *lines, "", "  --version"])


if __name__ == "__main__":
    main()
