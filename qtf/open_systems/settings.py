"""What the solution of an open system can be told, with its defaults and its rules."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from qtf.checks import (
    COUNT_OR_0,
    FINITE,
    FLAG,
    FRACTION,
    POSITIVE,
    SAMPLES,
    OneOf,
    Optional,
)
from qtf.open_systems.rules import RULES
from qtf.settings import Settings

NORMS = ("l1", "chi2")
DIRECTIONS = ("x", "y", "z")
# Amplitudes of one spin, up and down, that points along a direction.
HALF = 0.5**0.5
STARTS: dict[str, tuple[complex, complex]] = {
    "+x": (HALF, HALF),
    "-x": (HALF, -HALF),
    "+y": (HALF, 1j * HALF),
    "-y": (HALF, -1j * HALF),
    "+z": (1.0, 0.0),
    "-z": (0.0, 1.0),
}


# Files of density matrices, as NumPy writes them.
MATRIX_FILES = (".npy", ".npz")


@dataclass(frozen=True)
class StartRule:
    """A direction of all spins, a run folder, or a file with a density matrix."""

    def broken_by(self, value: Any) -> str | None:
        """Returns which rule the value breaks.

        Recorded paths are absolute: a run can be read where what it started from is gone.
        """
        if isinstance(value, str) and value:
            path = Path(value)
            if value in STARTS or path.is_absolute() or path.exists():
                return None
        words = ", ".join(STARTS)
        return f"be one of {words}, a run folder, or a file with a density matrix (.npy, .npz)"


@dataclass(frozen=True)
class ReferenceRule:
    """A folder of quantum trajectories."""

    def broken_by(self, value: Any) -> str | None:
        """Returns which rule the value breaks; recorded paths are absolute."""
        if isinstance(value, str) and value and (Path(value).is_absolute() or Path(value).is_dir()):
            return None
        return "be a folder of `qtf trajectories`"


@dataclass(frozen=True)
class BlochAngles:
    """A pair (theta, phi), or several."""

    def broken_by(self, value: Any) -> str | None:
        """Returns which rule the value breaks."""
        pairs = bloch_pairs(value)
        angles = [angle for pair in pairs for angle in pair] if pairs else [None]
        if any(FINITE.broken_by(angle) for angle in angles):
            return "hold a pair of angles (theta, phi) in radians, or one pair for each site"
        return None


def bloch_pairs(value: Any) -> tuple[tuple[Any, Any], ...]:
    """Returns one pair or several as several; nothing if the value has another form."""
    if not isinstance(value, list | tuple):
        return ()
    pairs = value if all(isinstance(entry, list | tuple) for entry in value) else [value]
    return tuple((*pair,) for pair in pairs) if all(len(pair) == 2 for pair in pairs) else ()


@dataclass(frozen=True)
class ObjectiveSettings(Settings, section="objective"):
    """What is minimised.

    Attributes:
        norm: Size of a residual, "l1" or "chi2", see `qtf.open_systems.objectives.Objective`.
        every_outcome: Whether sums are over all outcomes, which small systems allow; otherwise
            they are over samples.
    """

    norm: Annotated[str, OneOf(NORMS)] = "l1"
    every_outcome: Annotated[bool, FLAG] = True


@dataclass(frozen=True)
class NaturalGradientSettings(Settings, section="natural_gradient"):
    """Steps that follow residuals in the space of outcomes instead of the objective's gradient.

    One of them is worth hundreds of others. They are best with the optimiser "sgd" and the
    learning rate 1.

    Attributes:
        diag_shift: Shift of the equations that give a step; None: the gradient of the objective.
        momentum: Share of the previous step from which a step starts.
    """

    diag_shift: Annotated[float | None, Optional(POSITIVE)] = None
    momentum: Annotated[float, FRACTION] = 0.0


@dataclass(frozen=True)
class GaussNewtonSettings(Settings, section="gauss_newton"):
    """Steps of Gauss and Newton on the residual of all outcomes.

    Ten of them are worth thousands along the objective's gradient. They are best with the optimiser
    "sgd", the learning rate 1 and the precision float64.

    Attributes:
        damping: Damping of the weights, relative to the equations; it falls with the residual.
            None: other steps.
    """

    damping: Annotated[float | None, Optional(POSITIVE)] = None


@dataclass(frozen=True)
class DynamicsSettings(Settings, section="dynamics"):
    """Steps of time.

    Attributes:
        tau: Half of a step of time.
        rule: Rule of a step: "trapezoid", of second order, or "pade", of fourth.
        tolerance: Largest error of a step. Steps adapt to it, and each epoch is an interval of 2
            tau that takes as many steps as it needs. With `gauss_newton.damping` steps are exact
            and the error is that of their projection on the network; with
            `natural_gradient.diag_shift` it is that of a step by velocities. None: each epoch is
            one step by the rule.
    """

    tau: Annotated[float, POSITIVE] = 0.005
    rule: Annotated[str, OneOf(RULES)] = "trapezoid"
    tolerance: Annotated[float | None, Optional(POSITIVE)] = None


@dataclass(frozen=True)
class SteadyStateSettings(Settings, section="steady_state"):
    """The search for the steady state.

    Attributes:
        n_epochs: Epochs of the search, before the first step of time.
    """

    n_epochs: Annotated[int, COUNT_OR_0] = 0


@dataclass(frozen=True)
class SamplingSettings(Settings, section="sampling"):
    """How many samples are drawn.

    Attributes:
        n_samples: Samples of a step on each replica; with sums over all outcomes, the outcomes
            that a natural gradient looks at.
        n_validation: Samples of a validation, apart from those of the training.
        chunk: Moves evaluated at once in sums over other outcomes; 0: as many as memory allows.
    """

    n_samples: Annotated[int, SAMPLES] = 12000
    n_validation: Annotated[int, SAMPLES] = 12000
    chunk: Annotated[int, COUNT_OR_0] = 0


def metric_names(
    *, every_outcome: bool, has_exact_values: bool, estimates_error: bool = False
) -> tuple[str, ...]:
    """Returns the names of what a validation measures.

    Args:
        every_outcome: Whether sums are over all outcomes; samples have errors beside them.
        has_exact_values: Whether exact values are known.
        estimates_error: Whether the distance from them is estimated without them.
    """
    errors = [f"{name}_error" for name in ("loss", *DIRECTIONS)]
    exact = [*(f"exact_{name}" for name in DIRECTIONS), "distance"]
    return (
        *("loss", "time", *DIRECTIONS),
        *(() if every_outcome else errors),
        *(exact if has_exact_values else ()),
        *(("estimated_distance",) if estimates_error else ()),
    )
