r"""Runs a trainer over values of settings and seeds, on this machine or on a cluster.

    python -m trainers.sweep COMMAND --config=FILE --over=KEY=VALUE,VALUE --seeds=0:5 --out_dir=D

COMMAND is train, ground-state or open-system; further flags, such as --config.KEY=VALUE or
--data_dir, are handed to it. Every combination of the values of all --over, with every seed, is a
run in its folder D/runs/NAME. D/table.csv and D/figure.png sum them up. A run that fails is named
and leaves the others unharmed.

Stopped by Ctrl-C, SIGTERM or kill -9, the same command continues, and takes up failed runs once
more; with further values or seeds it adds to what is there.
"""

import difflib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from qtf.cluster import LOCAL
from qtf.command_line import HELP_WORDS, USER_ERROR, run_command, value_of

if TYPE_CHECKING:
    from trainers.sweep.sweep import Sweep

# The parser of flags knows them, though they are no flags of ours.
_KEPT = tuple(word.lstrip("-") for word in HELP_WORDS)
OVER = flags.DEFINE_multi_string("over", [], "Setting and its values, KEY=VALUE,VALUE; repeatable.")
SEEDS = flags.DEFINE_string("seeds", None, "Seeds of training, FIRST:END without the end, or 0,3.")
OUT_DIR = flags.DEFINE_string("out_dir", None, "Folder of the sweep.")
SCHEDULER = flags.DEFINE_string("scheduler", LOCAL, "Address or file of a dask scheduler.")
WORKERS = flags.DEFINE_integer(
    "workers", max(1, (os.cpu_count() or 1) // 2), "Runs at once on this machine.", lower_bound=1
)
METRIC = flags.DEFINE_string("metric", None, "Metric of the figure, a column of the table.")
AGAINST = flags.DEFINE_string("against", None, "Setting along its axis; the first one if not set.")


def main() -> None:
    """Console entry point."""
    flags.mark_flags_as_required(["out_dir"])
    words = take_words(sys.argv)
    run_command("qtf-sweep", lambda: _main(words))


def take_words(argv: list[str]) -> list[str]:
    """Removes from a command line what belongs to the trainer, and returns it.

    Args:
        argv: Program and words; changed.

    Returns:
        The name of the trainer, if it is the first word, and the flags that are not of a sweep,
        each one word.

    Example:
        >>> argv = ["qtf-sweep", "train", "--seeds", "0:2", "--data_dir", "D", "--config.loss=mse"]
        >>> take_words(argv), argv
        (['train', '--data_dir=D', '--config.loss=mse'], ['qtf-sweep', '--seeds', '0:2'])
    """
    program, *words = argv
    taken, kept = [], [program]
    if words and not words[0].startswith("-"):
        taken.append(words.pop(0))
    while words:
        word = words.pop(0)
        name = re.match(r"--?([\w.]+)", word)
        if name is None or name[1].removeprefix("no") in flags.FLAGS or name[1] in _KEPT:
            kept.append(word)
            continue
        has_value = "=" in word or not words or words[0].startswith("-")
        taken.append(word if has_value else f"{word}={words.pop(0)}")
    argv[:] = kept
    return taken


def _main(words: Sequence[str]) -> int:
    from trainers.sweep.sweep import check, run, write_results

    sweep = _make_sweep(words)
    sweep.record()
    check(sweep, _ask, WORKERS.value)
    n_trials, failed = len(sweep.trials), []
    n_ended = n_trials - len(sweep.todo)
    print(f"{n_trials} runs, {n_ended} of them finished", flush=True)
    for outcome in run(sweep, scheduler=SCHEDULER.value, workers=WORKERS.value):
        n_ended += 1
        failed += [] if outcome.is_finished else [outcome]
        print(f"{n_ended}/{n_trials}  {outcome.line()}", flush=True)
    for words_of_file, path in write_results(
        sweep, metric=METRIC.value, against=AGAINST.value
    ).items():
        print(f"{words_of_file}: {path}")
    print(f"TensorBoard: tensorboard --logdir {shlex.quote(str(sweep.folder.path / 'runs'))}")
    if not failed:
        return 0
    names = ", ".join(outcome.name for outcome in failed)
    print(f"qtf-sweep: error: {len(failed)} of {n_trials} runs failed: {names}", file=sys.stderr)
    return USER_ERROR


def _make_sweep(words: Sequence[str]) -> "Sweep":
    from trainers.sweep.sweep import TRAINERS, Sweep
    from trainers.sweep.trial_run import SweepFolder
    from trainers.sweep.trials import make_trials

    trainer = words[0] if words and not words[0].startswith("-") else ""
    if trainer not in TRAINERS:
        near = difflib.get_close_matches(trainer, TRAINERS, n=1)
        meant = f"; did you mean {near[0]}?" if near else "."
        raise ValueError(
            f"The first word must be one of {', '.join(TRAINERS)}, but is {trainer!r}{meant}"
        )
    if any(word.startswith(("--workdir", "-workdir")) for word in words):
        raise ValueError("Flag --workdir must not be given: every run has its folder in --out_dir.")
    return Sweep(
        trainer=trainer,
        words=tuple(words[1:]),
        trials=make_trials(OVER.value, SEEDS.value),
        folder=SweepFolder(Path(value_of(OUT_DIR))),
        cwd=os.getcwd(),
    )


def _ask(command: Sequence[str]) -> str:
    """Returns what a trainer has against its settings, which it only prints."""
    answer = subprocess.run(
        [*command, "--print_config"], capture_output=True, text=True, check=False
    )
    if answer.returncode == 0:
        return ""
    return answer.stderr.strip().rpartition("\n")[2].partition("error: ")[2] or answer.stderr[-500:]


if __name__ == "__main__":
    main()
