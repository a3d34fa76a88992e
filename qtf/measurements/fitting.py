"""How models are fitted to shots: what selections and plateaus need of fits of either kind."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from qtf.measurements.experiments import Experiments
from qtf.measurements.model import ShotModel
from qtf.measurements.result import Missing, ShotFit

Report = Callable[[str], None]


class Fitting(Protocol):
    """A way of fitting: whole systems, or chains by patches."""

    @property
    def kind(self) -> type[ShotModel]:
        """Class of the models."""

    def fit(
        self,
        model: ShotModel,
        experiments: Experiments,
        *,
        near: ShotFit | None = None,
        **options: Any,
    ) -> ShotFit:
        """Returns a fit.

        Args:
            model: What may explain the shots.
            experiments: Settings and counts.
            near: Fit of nearly the same model to nearly the same data, near which this one
                begins; None: without any guess.
            **options: `fixed`, `priors` and `candidates` of `fit_shots`; without `candidates`
                there are none.
        """

    def find_missing(
        self, fit: ShotFit, experiments: Experiments, words: Iterable[str], *, least: float
    ) -> tuple[Missing, ...]:
        """Returns words that a fit lacks and its data ask for, see `missing.find_missing`."""

    def log_likelihood(self, fit: ShotFit, experiments: Experiments) -> float:
        """Returns the logarithm of the likelihood of shots that need not be those of the fit."""
