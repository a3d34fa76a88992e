"""Variational Monte Carlo: what is summed, how steps are taken, and what is measured."""

from qtf.ground_states.task.blurred_samples import BlurredSamples
from qtf.ground_states.task.every_configuration import AllConfigurations
from qtf.ground_states.task.samples import Samples
from qtf.ground_states.task.steps import EnergyGradient, Reconfiguration
from qtf.ground_states.task.task import GroundStateTask, GroundStateTraining

__all__ = [
    "AllConfigurations",
    "BlurredSamples",
    "EnergyGradient",
    "GroundStateTask",
    "GroundStateTraining",
    "Reconfiguration",
    "Samples",
]
