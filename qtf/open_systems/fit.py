"""Networks that take on given probabilities of all outcomes."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from qtf.open_systems.directions import follow
from qtf.open_systems.full_sums import all_outcomes, log_table
from qtf.open_systems.outcome_distribution import OutcomeDistribution
from qtf.open_systems.wanted_change import WantedChange
from qtf.progress import announced
from qtf.training.compilation import compiled
from qtf.training.damped_step import DampedStep
from qtf.training.gradients import gradients_of
from qtf.training.natural_gradient import NaturalGradient
from qtf.typing import Array, Tensor

# Gradients lead out of the product of the sites, where natural ones are stuck; these end it.
N_GRADIENTS, FIRST_RATE, LAST_RATE = 400, 1e-2, 1e-3
DIAG_SHIFT, MAX_STEPS = 1e-4, 200
# Outcomes that a step follows at most.
MAX_ROWS = 4096
# In nats; distances of means are of the order of its root.
ENOUGH = 1e-8
# Steps in which less than this share of the entropy is gained are the last.
LEAST_GAIN, PATIENCE = 1e-2, 20
# Of random weights. Orders of the sites that are averaged weaken what a single one would do.
LAST_SCALE, LARGEST_LAST_SCALE, BIAS_SCALE = 0.3, 1.0, 0.5


def fit_table(distribution: OutcomeDistribution, probabilities: npt.ArrayLike) -> float:
    """Changes the weights so that the outcomes have given probabilities, as well as they can.

    Gradients, then natural ones, make the cross-entropy over all outcomes small, from the product
    of the sites on.

    Args:
        distribution: Of at most `MAX_LISTED_SITES` sites.
        probabilities: p of all outcomes, (4**n_sites,), the first site most significant.

    Returns:
        The relative entropy that is left, sum p log(p / q) in nats.

    Raises:
        ValueError: The shape is another.
    """
    table = np.asarray(probabilities, np.float64)
    n_sites = distribution.n_sites
    if table.shape != (4**n_sites,):
        raise ValueError(
            f"Argument `probabilities` must have the shape {(4**n_sites,)}, but has {table.shape}."
        )
    distribution.start_from_product(_marginals(table, n_sites))
    fit = _Fit(distribution, table)
    with announced("fit of the start"):
        fit.descend()
        return fit.polish()


class _Fit:
    """Steps towards the probabilities, and their judge.

    Args:
        model: The distribution.
        table: Where it shall go, (4**n_sites,).
    """

    def __init__(self, model: OutcomeDistribution, table: Array) -> None:
        self.model = model
        self.table = table
        self.optimizer = keras.optimizers.SGD(1.0)
        self.optimizer.build(model.trainable_variables)
        self.natural_gradient = NaturalGradient(model, DIAG_SHIFT, xla=False)
        self._draws = len(table) > MAX_ROWS
        # 0 log 0 = 0
        self._entropy = float(table @ np.log(np.where(table > 0.0, table, 1.0)))
        variables = model.variables
        self._direct = compiled(self._direction, variables=variables, xla=False)
        self._gradients = compiled(
            lambda: gradients_of(self._entropy_to_go, model.trainable_variables),
            variables=variables,
            xla=False,
        )
        self._cross_entropy = compiled(self._entropy_to_go, variables=variables, xla=False)

    def descend(self) -> None:
        """Follows gradients with a falling rate."""
        rate = keras.optimizers.schedules.CosineDecay(
            FIRST_RATE, N_GRADIENTS, alpha=LAST_RATE / FIRST_RATE
        )
        adam = keras.optimizers.Adam(rate)
        for _ in range(N_GRADIENTS):
            adam.apply(self._gradients(), self.model.trainable_variables)

    def polish(self) -> float:
        """Follows natural gradients as long as they help, and returns the entropy that is left."""
        natural = self.natural_gradient
        changed = [*self.model.trainable_variables, natural.state[0]]
        step = DampedStep(self, self, natural.damping, self.optimizer, changed)
        best, since = self.relative_entropy(), 0
        for number in range(MAX_STEPS):
            step(number)
            left = self.relative_entropy()
            since = 0 if left < (1.0 - LEAST_GAIN) * best else since + 1
            best = min(best, left)
            if best < ENOUGH or since == PATIENCE:
                break
        return max(best, 0.0)

    def relative_entropy(self) -> float:
        """Returns sum p log(p / q)."""
        return self._entropy + float(self._cross_entropy())

    def __call__(
        self, batch: int, *, stop: bool = False, save: bool = False
    ) -> tuple[float, bool, bool, bool]:
        """Takes one step; `batch` is the seed of the outcomes that it follows."""
        before = self.relative_entropy()
        uniform = np.random.default_rng(batch).random()
        gradients = self._direct(ops.convert_to_tensor(uniform))
        finite = all(bool(np.isfinite(np.asarray(part)).all()) for part in gradients)
        self.optimizer.apply(gradients, self.model.trainable_variables)
        return before, finite, stop, save

    def accepts(self, loss: float, rate: float) -> bool:
        """Tells whether the step has made the cross-entropy smaller."""
        return self.relative_entropy() < loss

    def _entropy_to_go(self) -> Tensor:
        return -ops.sum(self.table * ops.cast(log_table(self.model), "float64"))

    def _direction(self, uniform: Tensor) -> Sequence[Any]:
        model = self.model
        q = ops.exp(ops.cast(log_table(model), "float64"))
        change = WantedChange.of(1.0 - self.table / q, q)
        rows, change = self._rows(change, uniform)
        return follow(self.natural_gradient, model, rows, change.falls, change.shares)

    def _rows(self, change: WantedChange, uniform: Tensor) -> tuple[Tensor, WantedChange]:
        if not self._draws:
            return all_outcomes(self.model.n_sites), change
        return change.draw(self.model.n_sites, MAX_ROWS, uniform)


def _marginals(table: Array, n_sites: int) -> Array:
    """Returns the probabilities of the outcomes of each site, (n_sites, 4)."""
    cube = table.reshape((4,) * n_sites)
    sums = [cube.sum(axis=tuple(range(k)) + tuple(range(k + 1, n_sites))) for k in range(n_sites)]
    return np.array(sums) / table.sum()


def spread_weights(distribution: OutcomeDistribution, seed: int) -> None:
    """Gives weights at random to whatever is zero in a network that has just been made.

    Where the last kernels are zero no weight before them has a derivative, and where biases are,
    norms of layers amplify all that comes before the first outcome.

    Args:
        distribution: The distribution.
        seed: Seed of the weights.
    """
    rng = np.random.default_rng(seed)
    scale = min(LARGEST_LAST_SCALE, LAST_SCALE * float(np.sqrt(distribution.n_strings)))
    last = distribution.network.last_layers
    outputs = [layer.bias.path for layer in last]
    for layer in last:
        width = float(np.sqrt(layer.kernel.shape[0]))
        layer.kernel.assign(scale / width * rng.normal(size=layer.kernel.shape))
    for variable in distribution.trainable_variables:
        if variable.name == "bias" and variable.path not in outputs:
            variable.assign(variable.value + BIAS_SCALE * rng.normal(size=variable.shape))
