"""A stage of a section: a command that a user could type."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reproduce.engine.cases import Case
from reproduce.engine.layout import Layout


@dataclass(frozen=True)
class Stage:
    """One command.

    Attributes:
        name: Name of the stage.
        module: What `python -m` runs.
        arguments: Arguments of the command.
        output: File or folder that it writes.
        inputs: Files that it reads; changed content makes it run again.
        needs: Stages that have to be finished before.
        config: Configuration file, part of the inputs, or None.
        minutes: Expected duration on two cores.
        journal_module: Module in fingerprints, where journals know it by an older name.
    """

    name: str
    module: str
    arguments: tuple[str, ...]
    output: Path
    inputs: tuple[Path, ...] = ()
    needs: tuple[str, ...] = ()
    config: str | None = None
    minutes: float = 1.0
    journal_module: str = ""

    @property
    def command(self) -> tuple[str, ...]:
        """The command after `python`."""
        return ("-m", self.module, *self.options)

    @property
    def options(self) -> tuple[str, ...]:
        """The arguments of the command, its configuration first."""
        config = () if self.config is None else (f"--config={self.config}",)
        return (*config, *self.arguments)

    @property
    def command_line(self) -> str:
        """The command as a user would type it."""
        return shlex.join(("python", *self.command))


def train(layout: Layout, case: Case) -> Stage:
    """Returns the training of a case, in the run folder of its name."""
    folder = layout.run(case.name)
    arguments = [f"--workdir={folder}", *case.flags]
    inputs, needs = [], []
    if case.reference:
        held_against = layout.run(case.reference)
        arguments.append(f"--config.reference={held_against}")
        inputs.append(held_against / "trajectories.json")
        needs.append(case.reference)
    return Stage(
        case.name,
        case.module,
        tuple(arguments),
        folder,
        inputs=tuple(inputs),
        needs=tuple(needs),
        config=case.config,
        minutes=case.minutes,
    )


def train_each(cases: Sequence[Case]) -> Callable[[Layout, str], list[Stage]]:
    """Returns a function that returns one training for each case, whatever the budget."""
    return lambda layout, budget: [train(layout, case) for case in cases]


def duration(minutes: float) -> str:
    """Returns minutes in words.

    Example:
        >>> duration(0.2), duration(20), duration(615)
        ('1 min', '20 min', '10.2 h')
    """
    return f"{minutes / 60:.1f} h" if minutes > 90 else f"{max(1, round(minutes))} min"
