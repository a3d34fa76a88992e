"""What the figures of the paper's results share beside the style: predictors and their lines."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from reproduce.sections.dynamics.material import Metrics

NETWORKS = {
    "increment": {"color": "tab:blue", "linewidth": 2.0},
    "paper": {"color": "tab:purple", "linewidth": 1.6},
    "local_generator": {"color": "tab:green", "linewidth": 1.6},
}
STYLES: dict[str, dict[str, Any]] = {
    **NETWORKS,
    "straight line": {"color": "tab:orange", "linewidth": 1.4, "linestyle": "-."},
    "persistence": {"color": "dimgray", "linewidth": 1.4, "linestyle": ":"},
}
LABELS = {
    "increment": "increment",
    "paper": "preset paper, our budget",
    "local_generator": "local generator",
}
PAPER_CLAIM: dict[str, Any] = {"color": "tab:red", "linewidth": 1.0, "linestyle": (0, (6, 3))}
# Of sums of double-precision numbers near 1; below it digits mean nothing.
ROUNDING = 1e-15
# A trajectory's axis counts its steps.
STEP = "step [0.002 / J]"
SYSTEM = "Ising model, open chains"
TRIVIAL = ("straight line", "persistence")
# Network -> number of spins -> metrics.
ByNetwork = Mapping[str, Mapping[int, Metrics]]


def label_of(name: str, values: Iterable[np.ndarray], lowest: float) -> str:
    """Returns the label of a predictor; it says in words what a logarithmic axis cannot show.

    Args:
        name: Name of the predictor.
        values: What is drawn of it, in all panels.
        lowest: Lower end of the axis.
    """
    label = LABELS.get(name, name)
    largest = max(max(float(np.nanmax(part)) for part in values), ROUNDING)
    return f"{label}, at most {largest:.0e}" if largest < lowest else label


def common_n_sites(by_network: ByNetwork) -> list[int]:
    """Returns the numbers of spins that all networks were evaluated for, ascending.

    Args:
        by_network: Metrics of each network.
    """
    return sorted(set.intersection(*(set(by_n) for by_n in by_network.values())))


def series_of(metrics: Metrics, metric: str, predictor: str, part: str) -> np.ndarray:
    """Returns one list of an evaluation's metrics as an array; what was not finite is NaN."""
    return np.array(getattr(metrics[metric][predictor], part), float)


def predictors_of(by_network: ByNetwork, n_sites: int) -> dict[str, tuple[Metrics, str]]:
    """Returns what to draw for one number of spins: label -> (metrics, name in them).

    Args:
        by_network: Metrics of each network.
        n_sites: Number of spins.
    """
    predictors = {
        name: (metrics[n_sites], "model")
        for name, metrics in by_network.items()
        if n_sites in metrics
    }
    first = next(iter(predictors.values()))[0]
    return predictors | {name: (first, name) for name in TRIVIAL}
