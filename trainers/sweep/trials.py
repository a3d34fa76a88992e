"""The trials of a sweep: every combination of some settings, with every seed."""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

SEED = "training.seed"
# What stays as it is in the name of a folder.
_UNSAFE = re.compile(r"[^\w.+,()\[\]-]+")
_KEY = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
MAX_NAME_LENGTH = 200


@dataclass(frozen=True)
class Trial:
    """A run with values of its own for some settings.

    Attributes:
        name: Its folder, made of the last words of the keys and the values.
        values: Dotted key of each setting -> value, as it is written on a command line.
    """

    name: str
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def words(self) -> list[str]:
        """The values as flags of a trainer."""
        return [f"--config.{key}={value}" for key, value in self.values.items()]


def make_trials(over: Sequence[str], seeds: str | None = None) -> tuple[Trial, ...]:
    """Returns the trials of a sweep, the last setting changing fastest, seeds within.

    Args:
        over: `KEY=VALUE,VALUE,...` for each setting that is varied.
        seeds: Seeds of training, `0:5` for 0 to 4 or `0,3,7`; None: that of the configuration.

    Raises:
        ValueError: There is nothing to vary, something is written in another way or twice.

    Example:
        >>> trials = make_trials(["physics.hamiltonian.transverse_field=2,3"], "0:2")
        >>> [trial.name for trial in trials][:2]
        ['transverse_field=2,seed=0', 'transverse_field=2,seed=1']
        >>> trials[2].words
        ['--config.physics.hamiltonian.transverse_field=3', '--config.training.seed=0']
    """
    axes = dict(_axes(over))
    if seeds is not None:
        if SEED in axes:
            raise ValueError(f"Flags --over and --seeds must not both set `{SEED}`.")
        axes[SEED] = [str(seed) for seed in parse_seeds(seeds)]
    if not axes:
        raise ValueError("A sweep needs something to vary: give --over=KEY=VALUE,VALUE or --seeds.")
    short = _short_names(axes)
    trials = []
    for values in itertools.product(*axes.values()):
        chosen = dict(zip(axes, values, strict=True))
        parts = (f"{short[key]}={_UNSAFE.sub('_', value)}" for key, value in chosen.items())
        trials.append(Trial(",".join(parts), chosen))
    _check_names(trials)
    return tuple(trials)


def parse_seeds(text: str) -> tuple[int, ...]:
    """Returns the seeds of `FIRST:END`, without the end, or of a list.

    Raises:
        ValueError: It is written in another way, or a seed stands there twice.

    Example:
        >>> parse_seeds("0:3"), parse_seeds("7,5")
        ((0, 1, 2), (7, 5))
    """
    bounds = re.fullmatch(r"(\d+):(\d+)", text)
    seeds: tuple[int, ...] = ()
    if bounds:
        seeds = tuple(range(int(bounds[1]), int(bounds[2])))
    elif re.fullmatch(r"\d+(,\d+)*", text):
        seeds = tuple(int(word) for word in text.split(","))
    if not seeds or len(set(seeds)) < len(seeds):
        raise ValueError(
            f"Flag --seeds must be FIRST:END, without the end, or different numbers with commas"
            f" between, such as 0:5 or 0,3,7, but is {text!r}."
        )
    return seeds


def _axes(over: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    seen = set()
    for text in over:
        key, _, values = text.partition("=")
        choices = _split(values)
        if not _KEY.fullmatch(key) or not all(choices) or len(set(choices)) < len(choices):
            raise ValueError(
                "Flag --over must be a key and its different values, such as"
                f" training.n_epochs=10,20, but is {text!r}."
            )
        if key in seen:
            raise ValueError(f"Flag --over must name each setting once, but `{key}` twice.")
        seen.add(key)
        yield key, choices


def _split(text: str) -> list[str]:
    """Returns what stands between commas, but for those within brackets or quotes."""
    values, depth, quote = [""], 0, ""
    for letter in text:
        if quote or letter in "'\"":
            quote = "" if letter == quote else quote or letter
        else:
            depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and not depth and not quote:
            values.append("")
        else:
            values[-1] += letter
    return [value.strip() for value in values]


def _short_names(keys: Mapping[str, object]) -> dict[str, str]:
    """Returns the last words of each key, as many as tell it from the others."""
    names = {}
    for key in keys:
        words = key.split(".")
        for n_words in range(1, len(words) + 1):
            end = ".".join(words[-n_words:])
            if not any(other != key and f".{other}".endswith(f".{end}") for other in keys):
                break
        names[key] = end
    return names


def _check_names(trials: Sequence[Trial]) -> None:
    names: dict[str, Trial] = {}
    for trial in trials:
        if len(trial.name) > MAX_NAME_LENGTH:
            raise ValueError(
                f"Flag --over must give names of at most {MAX_NAME_LENGTH} letters, but one is"
                f" {trial.name!r:.60}; write long values into configurations."
            )
        if trial.name in names:
            raise ValueError(
                f"Flag --over must have values with different names of folders, but"
                f" {dict(names[trial.name].values)} and {dict(trial.values)} have the same."
            )
        names[trial.name] = trial
