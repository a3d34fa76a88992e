"""How far a training has come."""

import math
from dataclasses import dataclass


@dataclass
class Progress:
    """The loop's own state, saved beside weights and moments.

    Attributes:
        step: Optimiser steps taken.
        best: Lowest validation metric so far.
        epochs_since_best: Epochs since then.
        stop_value: The metric that may end the training, as last validated.
        loss_sum: Sum of the losses since the last row of metrics.
        loss_count: Their number.
    """

    step: int = 0
    best: float = math.inf
    epochs_since_best: int = 0
    stop_value: float = math.inf
    loss_sum: float = 0.0
    loss_count: int = 0
