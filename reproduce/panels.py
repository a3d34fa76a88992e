"""What the figures of the paper's results share beside the style: predictors and their lines."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

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
PAPER_CLAIM = {"color": "tab:red", "linewidth": 1.0, "linestyle": (0, (6, 3))}
# Of sums of double-precision numbers near 1; below it digits mean nothing.
ROUNDING = 1e-15
# A trajectory's axis counts its steps.
STEP = "step [0.002 / J]"
SYSTEM = "Ising model, open chains"
TRIVIAL = ("straight line", "persistence")


def label_of(name: str, values: Iterable[np.ndarray], lowest: float) -> str:
    """Returns the label of a predictor; it says in words what a logarithmic axis cannot show.

    Args:
        name: Of the predictor.
        values: What is drawn of it, in all panels.
        lowest: Lower end of the axis.
    """
    label = LABELS.get(name, name)
    largest = max(max(float(np.nanmax(part)) for part in values), ROUNDING)
    return f"{label}, at most {largest:.0e}" if largest < lowest else label


def common_n_sites(by_network: Mapping[str, Mapping[str, Any]]) -> list[int]:
    """Returns the numbers of spins that all networks were evaluated for, ascending.

    Args:
        by_network: Network -> n -> metrics.
    """
    return sorted(set.intersection(*({int(n) for n in known} for known in by_network.values())))


def series_of(metrics: Mapping[str, Any], metric: str, predictor: str, part: str) -> np.ndarray:
    """Returns one list of an evaluation's metrics as an array; what was not finite is NaN."""
    values = metrics[metric][predictor][part]
    return np.array([np.nan if value is None else value for value in values])


def predictors_of(by_network: Mapping[str, Any], n_sites: str) -> dict[str, tuple[Any, str]]:
    """Returns what to draw for one number of spins: label -> (metrics, name in them).

    Args:
        by_network: Network -> n -> metrics.
        n_sites: Number of spins, as text.
    """
    found = {
        name: (metrics[n_sites], "model")
        for name, metrics in by_network.items()
        if n_sites in metrics
    }
    first = next(iter(found.values()))[0]
    return found | {name: (first, name) for name in TRIVIAL}
