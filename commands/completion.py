"""Prints what lets a shell complete the words of `qtf`.

    qtf completion bash|zsh|fish

    ~/.bashrc                    eval "$(qtf completion bash)"
    ~/.zshrc, behind compinit    eval "$(qtf completion zsh)"
    ~/.config/fish/config.fish   qtf completion fish | source

Completed are commands, flags, names of configurations and, where --config names one, its keys.
"""

import sys
from importlib import import_module
from pathlib import Path

from absl import flags

from commands.table import COMMANDS
from qtf.command_line import flags_of, run_command, take_words
from qtf.configuration_files import load_configuration, shipped_names
from qtf.settings import flatten

# The word that the scripts send before those of the user.
CANDIDATES = "candidates"
BASH = """\
_qtf() {
    local line="${COMP_LINE:0:COMP_POINT}" IFS=$' \\t\\n' words current i
    read -ra words <<< "$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    current="${words[${#words[@]}-1]}"
    IFS=$'\\n'
    COMPREPLY=($("${words[0]}" completion candidates "${words[@]:1}" 2>/dev/null))
    # Bash replaces what stands behind the last = or : of a word.
    COMPREPLY=("${COMPREPLY[@]#"${current%"${current##*[=:]}"}"}")
    for i in "${!COMPREPLY[@]}"; do
        [[ ${COMPREPLY[i]} == *= ]] || COMPREPLY[i]+=" "
    done
}
complete -o default -o nospace -F _qtf qtf
"""
ZSH = """\
_qtf() {
    local -a candidates
    candidates=(${(f)"$(${words[1]} completion candidates "${(@)words[2,CURRENT]}" 2>/dev/null)"})
    if (( $#candidates )); then
        compadd -S '' -a candidates
    else
        compset -P '*='
        _files
    fi
}
compdef _qtf qtf
"""
FISH = """\
function __qtf_candidates
    set -l words (commandline -opc) (commandline -ct)
    qtf completion candidates $words[2..-1] 2>/dev/null
end
complete -c qtf -f -a '(__qtf_candidates)'
complete -c qtf -n 'string match -q -- "--*=*" (commandline -ct)' -F
"""
SHELLS = {"bash": BASH, "zsh": ZSH, "fish": FISH}


def main() -> None:
    """Console entry point."""
    if sys.argv[1:2] == [CANDIDATES]:
        print("\n".join(candidates(sys.argv[2:])))
        return
    words = take_words()
    run_command("qtf-completion", lambda: _print_script(words), resumable=False)


def candidates(words: list[str]) -> list[str]:
    """Returns what the last word may become.

    Args:
        words: Words of a command line behind `qtf`, the last perhaps empty.

    Example:
        >>> candidates(["gr"]), candidates(["train", "--config=inc"])
        (['ground-state'], ['--config=increment'])
    """
    *before, current = words or [""]
    if not before:
        names = [*COMMANDS, *(["--help", "--version"] if current else [])]
        return [name for name in names if name.startswith(current)]
    # Of a mistake in the words before nothing follows.
    try:
        return [word for word in _words_behind(before, current) if word.startswith(current)]
    except (flags.Error, OSError, ValueError, ImportError):
        return []


def _words_behind(before: list[str], current: str) -> list[str]:
    command = COMMANDS.get(before[0])
    if command is None:
        return []
    shipped = [Path(name) for name in shipped_names()]
    if before[0] == "completion":
        return [*SHELLS]
    if before[0] == "configs":
        return [f"{path.parent.name}/{path.stem}" for path in shipped]
    if current.startswith("--config="):
        return [f"--config={path.stem}" for path in shipped if path.parent.name == command.folder]
    if current.startswith("--config."):
        return _keys(before, command.folder)
    import_module(command.module)
    return [f"--{flag.name}{'' if flag.boolean else '='}" for flag in flags_of(command.module)]


def _keys(before: list[str], folder: str) -> list[str]:
    chosen = [word.partition("=")[2] for word in before if word.startswith("--config=")]
    if not chosen:
        return []
    return [f"--config.{key}=" for key in flatten(load_configuration(chosen[-1], folder).to_dict())]


def _print_script(words: list[str]) -> None:
    if len(words) != 1 or words[0] not in SHELLS:
        named = " ".join(words) or "none"
        raise ValueError(f"The shell must be one of {', '.join(SHELLS)}, but is {named}.")
    print(SHELLS[words[0]], end="")


if __name__ == "__main__":
    main()
