"""What an export can be told, and the kinds of runs that it is for."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

from qtf.checks import COUNT, FLAG, Optional, Several
from qtf.run_kinds import DYNAMICS, GROUND_STATES, HELD, OPEN_SYSTEMS
from qtf.settings import Settings

USES = {
    "max_steps": (DYNAMICS,),
    "xla_signature": (DYNAMICS,),
    "n_sites": (DYNAMICS,),
    "max_samples": (GROUND_STATES, OPEN_SYSTEMS),
    "symmetrized": (GROUND_STATES,),
    "average_with": (OPEN_SYSTEMS,),
}


@dataclass(frozen=True)
class ExportSettings(Settings):
    """What differs from the defaults; each setting is for some kinds of runs only.

    Attributes:
        max_steps: Largest number of steps of one request.
        xla_signature: Whether to add `rollout_xla`.
        n_sites: Chain lengths to serve, see `served_n_sites`.
        max_samples: Largest number of configurations of one request.
        symmetrized: Whether to average over the run's `symmetry.group`.
        average_with: Further runs, whose probabilities are averaged with those of this one.
    """

    max_steps: Annotated[int | None, Optional(COUNT)] = None
    xla_signature: Annotated[bool, FLAG] = False
    n_sites: Annotated[tuple[int, ...], Several(COUNT)] = ()
    max_samples: Annotated[int | None, Optional(COUNT)] = None
    symmetrized: Annotated[bool, FLAG] = False
    average_with: tuple[Path | str, ...] = ()

    def check_kind(self, kind: str, workdir: Path | str) -> None:
        """Checks that what is asked is for a kind of runs.

        Raises:
            ValueError: It is for another one.
        """
        for name in self._asked():
            if kind not in USES[name]:
                raise ValueError(
                    f"Flag --{name} is for {' and '.join(USES[name])}, but {workdir} holds"
                    f" {HELD[kind]}."
                )

    def _asked(self) -> Iterator[str]:
        for field in fields(self):
            if getattr(self, field.name) != field.default:
                yield field.name
