"""A growth as a stage whose finished sizes are kept."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reproduce.engine.cases import Case
from reproduce.engine.layout import Layout
from reproduce.engine.sections import TINY
from reproduce.engine.stages import Stage
from reproduce.searches.limits import Limit

# Of a growth that only shows that every part works.
TINY_FLAGS = (
    "--config.sampling.n_samples=16",
    "--config.sampling.n_validation=32",
    "--config.training.xla=False",
    "--config.training.n_epochs=1",
    "--config.training.steps_per_epoch=2",
    "--config.growth.n_steps=(2,)",
    "--config.growth.steps_per_epoch=2",
    "--config.growth.n_samples=(16,)",
    "--config.growth.n_prefixes=(2,)",
    "--config.growth.n_evaluation=64",
    "--config.growth.n_averages=16",
)


@dataclass(frozen=True)
class GrowthCase:
    """One growth, and what has to hold of it.

    Attributes:
        case: Its training.
        limits: What has to hold.
        tiny: Flags that make it tiny, beside those that all share.
        abs_magnetization: What others found for the mean of |mean Z| at the last size that they
            have, and who; None: nothing.
        width: Setting of the network that says how wide it is.
    """

    case: Case
    limits: tuple[Limit, ...] = ()
    tiny: tuple[str, ...] = ()
    abs_magnetization: tuple[int, float, str] | None = None
    width: str = "units"

    def at(self, budget: str) -> Case:
        """Returns the training for a budget."""
        if budget != TINY:
            return self.case
        tiny = (f"--config.network.{self.width}=4", *TINY_FLAGS)
        flags = change_flags(change_flags(self.case.flags, tiny), self.tiny)
        return replace(self.case, flags=flags, minutes=1.0)


def change_flags(flags: Iterable[str], changes: Iterable[str]) -> tuple[str, ...]:
    """Returns flags with other values; a list that is given twice would be joined.

    Example:
        >>> change_flags(["--a=1", "--b=2"], ["--a=3"])
        ('--b=2', '--a=3')
    """
    changes = tuple(changes)
    names = {flag.partition("=")[0] for flag in changes}
    return (*(flag for flag in flags if flag.partition("=")[0] not in names), *changes)


def kept_folder(layout: Layout, section: str, case: Case) -> Path:
    """Returns where the sizes of a growth are kept."""
    return layout.weights_of(section) / case.name


def make_stages(
    layout: Layout, budget: str, section: str, growths: Sequence[GrowthCase]
) -> list[Stage]:
    """Returns one stage for each growth, in the run folder of its name.

    Args:
        layout: Where files go.
        budget: `TINY`, or any other word.
        section: Name of the section.
        growths: The growths.
    """
    return [_make_stage(layout, section, growth.at(budget)) for growth in growths]


def _make_stage(layout: Layout, section: str, case: Case) -> Stage:
    folder = layout.run(case.name)
    arguments = (
        f"--section={section}",
        f"--workdir={folder}",
        f"--docs_dir={layout.docs}",
        *(f"--trainer_flag={flag}" for flag in case.flags),
    )
    return Stage(
        case.name, "reproduce.grow", arguments, folder, config=case.config, minutes=case.minutes
    )
