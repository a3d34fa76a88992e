"""Time evolution and steady states: what is summed, how steps are taken, and what is measured."""

from qtf.open_systems.task.all_outcomes import AllOutcomes
from qtf.open_systems.task.evolution import ProjectedEvolution
from qtf.open_systems.task.gauss_newton import GaussNewtonStep
from qtf.open_systems.task.samples import Samples
from qtf.open_systems.task.steps import NaturalGradientStep, ObjectiveGradient
from qtf.open_systems.task.task import OpenSystemTask, OpenSystemTraining
from qtf.open_systems.task.velocities import VariationalEvolution

__all__ = [
    "AllOutcomes",
    "GaussNewtonStep",
    "ProjectedEvolution",
    "NaturalGradientStep",
    "ObjectiveGradient",
    "OpenSystemTask",
    "OpenSystemTraining",
    "Samples",
    "VariationalEvolution",
]
