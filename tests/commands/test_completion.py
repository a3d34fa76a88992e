import subprocess
import sys
from pathlib import Path

import pytest

from commands import completion
from commands.completion import SHELLS, candidates
from commands.table import COMMANDS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], [*COMMANDS]),
        ([""], [*COMMANDS]),
        (["--v"], ["--version"]),
        (["co"], ["compare-samplers", "configs", "completion"]),
        (["nothing", ""], []),
        (["onfigs"], []),
        (["completion", "sh"], []),
        (["completion", ""], [*SHELLS]),
        (["configs", "ground_state/i"], ["ground_state/ising_square"]),
        (
            ["open-system", "--config=h"],
            ["--config=heisenberg_chain", "--config=heisenberg_square"],
        ),
        (["trajectories", "--config=i"], ["--config=ising_chain"]),
        (["train", "--config=demo", "--config.training.mon"], ["--config.training.monitor="]),
        (["train", "--config=no_such_name", "--config.training.mon"], []),
        (["train", "--config.training.mon"], []),
        (["train", "--wo"], ["--workdir="]),
        (["verify", ""], ["--data_dir=", "--shots=", "--n_samples="]),
        (["train", "--print"], ["--print_config"]),
        (["export", "--max_"], ["--max_steps=", "--max_samples="]),
    ],
)
def test_words_are_completed(words, expected):
    # In a process of its own where flags of a command are defined.
    if words[:1] in (["train"], ["export"], ["verify"]):
        program = (
            f"from commands.completion import candidates; print(*candidates({words}), sep='\\n')"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert done.stdout.split() == expected
    else:
        assert candidates(words) == expected


@pytest.mark.parametrize(
    ("line", "replies"),
    [
        ("qtf gro", ["ground-state "]),
        ("qtf train --config=inc", ["increment "]),
        (
            "qtf train --config=",
            ["demo ", "increment ", "local_generator ", "paper ", "transfer_8 "],
        ),
        ("qtf train --wor", ["--workdir="]),
        ("qtf configs open_system/sti", ["open_system/stiff_chain "]),
        ("qtf train --workdir=/tm", []),
    ],
)
def test_bash_completes_a_line(tmp_path, line, replies):
    (tmp_path / "qtf").write_text(f'#!/bin/sh\nexec {sys.executable} -m commands "$@"\n')
    (tmp_path / "qtf").chmod(0o755)
    script = f"""
PATH={tmp_path}:$PATH
eval "$(qtf completion bash)"
COMP_LINE='{line}' COMP_POINT={len(line)}
_qtf
printf '%s|' "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(
        ["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert [reply for reply in done.stdout.split("|") if reply] == replies, done.stderr


@pytest.mark.parametrize("words", [[], ["tcsh"], ["bash", "zsh"]])
def test_a_shell_that_is_not_known_is_told(words):
    with pytest.raises(
        ValueError, match="must be one of bash, zsh, fish, but is (none|tcsh|bash zsh)"
    ):
        completion._print_script(words)
