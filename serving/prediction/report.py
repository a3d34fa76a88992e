"""A prediction and its three forms on paper: a table, JSON, and an archive of arrays."""

import io
import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from serving.client.answers import OBSERVABLE_NAMES, Observables
from serving.prediction.exact import ExactComparison

_ROWS = 11
_COLUMNS = {
    "norm": ("norm", "{:.6f}"),
    "energy": ("energy", "{:.7g}"),
    "magnetization_x": ("x", "{:+.6f}"),
    "magnetization_y": ("y", "{:+.6f}"),
    "magnetization_z": ("z", "{:+.6f}"),
    "infidelity": ("infidelity", "{:.2e}"),
    "distance": ("distance", "{:.2e}"),
}


@dataclass(frozen=True)
class Prediction:
    """What the server predicted, and how exact it is where that was asked.

    Attributes:
        model: Name of the model.
        version: Version that answered.
        state: Name of the initial state, as the user wrote it.
        dt: Time of one step.
        observables: Observables of every step, each (n_steps + 1,).
        psi: complex64 (n_steps + 1, 2**n), or None if only observables were asked for.
        exact: Comparison, or None.
    """

    model: str
    version: int
    state: str
    dt: float
    observables: Observables
    psi: np.ndarray | None = None
    exact: ExactComparison | None = None

    @property
    def times(self) -> np.ndarray:
        """Times of the steps, (n_steps + 1,)."""
        return self.dt * np.arange(len(self.observables.norm))

    @property
    def title(self) -> str:
        """One line that says what this is."""
        n_steps = len(self.times) - 1
        return (
            f"model {self.model}, version {self.version}, state {self.state},"
            f" {n_steps} steps of {self.dt:g}"
        )

    def courses(self) -> dict[str, np.ndarray]:
        """Returns every number over time, by name."""
        told = {name: getattr(self.observables, name) for name in OBSERVABLE_NAMES}
        courses = {name: values for name, values in told.items() if values is not None}
        if self.exact is not None:
            courses |= {"infidelity": self.exact.infidelity, "distance": self.exact.distance}
        return courses


def table(prediction: Prediction, *, every_step: bool = False) -> str:
    """Returns the observables as lines of text, of every step or of about ten of them."""
    last = len(prediction.times) - 1
    steps = np.arange(last + 1)
    if not every_step:
        steps = np.unique(np.linspace(0, last, _ROWS).round().astype(int))
    courses = prediction.courses()
    columns = [["step", *map(str, steps)], ["time", *(f"{prediction.dt * k:g}" for k in steps)]]
    for name, values in courses.items():
        heading, form = _COLUMNS[name]
        columns.append([heading, *(form.format(value) for value in values[steps])])
    widths = [max(map(len, column)) for column in columns]
    lines = [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in zip(*columns, strict=True)
    ]
    return "\n".join([f"{prediction.title}; x, y, z: magnetisation a site", *lines])


def as_json(prediction: Prediction) -> str:
    """Returns all numbers over time as one JSON object; null stands for what is not finite."""
    content = {
        "model": prediction.model,
        "version": prediction.version,
        "state": prediction.state,
        "n_steps": len(prediction.times) - 1,
        "dt": prediction.dt,
        "times": _numbers(prediction.times),
        **{name: _numbers(values) for name, values in prediction.courses().items()},
    }
    return json.dumps(content)


def archive(prediction: Prediction) -> bytes:
    """Returns a compressed NumPy archive of the states and of all numbers over time."""
    arrays: dict[str, Any] = {
        "times": prediction.times,
        "psi": prediction.psi,
        **prediction.courses(),
    }
    if prediction.exact is not None:
        arrays["psi_exact"] = prediction.exact.psi
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        model=prediction.model,
        version=prediction.version,
        state=prediction.state,
        dt=prediction.dt,
        **arrays,
    )
    return buffer.getvalue()


def _numbers(values: np.ndarray) -> list[float | None]:
    # The shortest digits that give the float32 back, not those of its double.
    return [float(str(value)) if np.isfinite(value) else None for value in values]
