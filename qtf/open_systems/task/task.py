"""Time evolution and steady states of open systems as what the training loop trains."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from qtf.checks import SAMPLES, check_arguments
from qtf.open_systems.observables import PauliObservables
from qtf.open_systems.outcome_distribution import OutcomeDistribution
from qtf.open_systems.plan import Plan, PlannedEquation
from qtf.open_systems.povm_liouvillian import PovmLiouvillian
from qtf.open_systems.settings import DIRECTIONS, metric_names
from qtf.open_systems.task.evolution import ProjectedEvolution
from qtf.open_systems.task.samples import Outcomes
from qtf.open_systems.task.steps import ObjectiveGradient
from qtf.training.training import SampledTraining, Step
from qtf.typing import Array, RandomSource


@dataclass(frozen=True, kw_only=True)
class OpenSystemTask:
    """Outcome probabilities to be followed in time, or those that do not change.

    Attributes:
        make_distribution: Makes the distribution at time 0.
        liouvillian: Generator of the probability equation.
        plan: What is solved.
        observables: What validations measure.
        source: Uniform random numbers of a step.
        n_samples: Samples of a step.
        outcomes: What sums are taken over, of the distribution, its equation and `n_samples`:
            `AllOutcomes` or `Samples`.
        make_step: How steps are taken: `ObjectiveGradient` or `NaturalGradientStep`.
        find_exact: Returns the exact <X>, <Y>, <Z> averaged over sites before the first and
            after each epoch, float64 (n_epochs + 1, 3); called once, when they are first
            needed. None: they are unknown.
        find_rule_error: Returns the error of the rule of a step by itself, see
            `qtf.open_systems.runs.references.rule_error`. None: it is unknown.
        reference_error: Largest standard error of what `find_exact` returns; None: it is exact.
        xla: Whether XLA compiles validations, and steps that compile themselves.

    Raises:
        ValueError: The number of samples is below 2.
    """

    make_distribution: Callable[[], OutcomeDistribution]
    liouvillian: PovmLiouvillian
    plan: Plan
    observables: PauliObservables
    source: RandomSource
    n_samples: int
    outcomes: Callable[..., Outcomes]
    make_step: Callable[..., Step] = ObjectiveGradient
    find_exact: Callable[[], Array] | None = None
    find_rule_error: Callable[[], float] | None = None
    reference_error: float | None = None
    xla: bool = True

    def __post_init__(self) -> None:
        check_arguments(SAMPLES, n_samples=self.n_samples)

    @cached_property
    def exact(self) -> Array | None:
        """Exact <X>, <Y>, <Z> before the first and after each epoch, (n_epochs + 1, 3), or None."""
        return None if self.find_exact is None else self.find_exact()

    def build(self) -> "OpenSystemTraining":
        """Makes the distribution and all that trains and measures it."""
        return OpenSystemTraining(self)


class OpenSystemTraining(SampledTraining):
    """A distribution of outcomes that solves an equation in each epoch.

    Its first weights are the start of the first step of time.

    Args:
        task: What is asked.
    """

    def __init__(self, task: OpenSystemTask) -> None:
        model = task.make_distribution()
        self.equation = PlannedEquation(task.liouvillian, task.plan)
        self.outcomes = task.outcomes(model, self.equation, n_samples=task.n_samples, xla=task.xla)
        # The epochs done, and where the step in work starts.
        state = [self.equation.epochs_done, *self.outcomes.start]
        step = task.make_step(model, self.outcomes, state, xla=task.xla)
        super().__init__(model, task.source, step, state)
        self.task = task
        self.batch_size = task.n_samples
        self.metric_names = metric_names(
            every_outcome=not self.outcomes.has_errors,
            has_exact_values=task.find_exact is not None,
            estimates_error=isinstance(step, ProjectedEvolution),
        )
        self.outcomes.set_start()

    @property
    def has_new_goal(self) -> bool:
        """Whether the epoch in work solves a step of time, each of which starts anew."""
        return self.equation.is_step_of_time

    def validate(self) -> dict[str, float]:
        """Returns the time, the Pauli matrices averaged over sites, and how far they are off."""
        task, epoch = self.task, self.equation.epoch + 1
        measured = self.outcomes.measure(task.observables)
        values = {"loss": measured["loss"], "time": float(task.plan.times[epoch]), **measured}
        if task.exact is not None:
            exact = dict(zip(DIRECTIONS, task.exact[epoch].tolist(), strict=True))
            values |= {f"exact_{name}": value for name, value in exact.items()}
            values["distance"] = max(abs(measured[name] - exact[name]) for name in DIRECTIONS)
        if isinstance(self.step, ProjectedEvolution):
            left = self.task.observables.exact_means(self.step.error)
            values["estimated_distance"] = max(map(abs, left.values()))
            values["loss"] = self.step.largest_residual
        return values

    def end_epoch(self) -> None:
        """Makes the distribution as it is the start of the next step of time."""
        self.outcomes.set_start()
        self.equation.end_epoch()
