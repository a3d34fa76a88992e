"""A case of a section: one training, and how good it has to be."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One training by a command of `trainers`.

    Attributes:
        name: Name of its stage and run folder.
        words: Its name in tables and figures.
        module: The trainer.
        config: Configuration file and what follows its colon.
        flags: Further flags of the trainer.
        minutes: Expected duration on two cores.
        measure: Key of the number in its results that has a limit.
        limit: Largest value of that number; None where nothing is required.
        reference: Name of the case whose run folder the training is held against; "": none.
    """

    name: str
    words: str
    module: str
    config: str
    flags: tuple[str, ...] = ()
    minutes: float = 3.0
    measure: str = ""
    limit: float | None = None
    reference: str = ""

    @property
    def command(self) -> str:
        """The training as a user would type it, but for its folder."""
        return " ".join(("python -m", self.module, f"--config={self.config}", *self.flags))
