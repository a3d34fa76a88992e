"""The page `docs/sampler_results.md`, its numbers and its figures."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtf.files import read_object
from reports.provenance import Made
from reports.tables import table
from reproduce.engine.layout import Layout
from reproduce.engine.pages import MissingRunsError, Page
from reproduce.engine.texts import join_parts, read_parts
from reproduce.sections.samplers.stages import FIELD, MODES, SIDES, TRAININGS

NAME = "sampler_results"
KINDS = {
    "direct": "direct",
    "chains": "chains, half from up, half from down",
    "chains_from_up": "of these, those from up",
}
PARTS = read_parts(__file__)


@dataclass(frozen=True)
class Estimate:
    """A mean over samples; what one chain cannot tell is None."""

    mean: float
    error: float | None
    effective_sample_size: float | None
    r_hat: float | None


@dataclass(frozen=True)
class Samples:
    """What one way to sample gave."""

    n_samples: int
    magnetization: Estimate
    abs_magnetization: Estimate


@dataclass(frozen=True)
class Modes:
    """One wave function, sampled in each way of `KINDS`."""

    direct: Samples
    chains: Samples
    chains_from_up: Samples


@dataclass(frozen=True)
class Training:
    """What a training on one kind of samples came to."""

    energy: float
    energy_variance: float
    relative_error: float
    seconds: float


@dataclass(frozen=True)
class Trainings:
    """Trainings by the kind of their samples, and the energy that they are held against."""

    side: int
    field: float
    n_steps: int
    n_samples: int
    reference: float
    reference_is_exact: bool
    curves: Mapping[str, Training]


@dataclass(frozen=True)
class Results:
    """Numbers of the page: samples by the side of the square, and trainings."""

    made: Made
    modes: Mapping[str, Modes]
    trainings: Trainings


def collect(layout: Layout) -> dict[str, Any]:
    """Returns the numbers of all comparisons.

    Raises:
        MissingRunsError: A comparison is missing.
    """
    paths = {name: layout.run(name) / "comparison.json" for name in (*MODES.values(), TRAININGS)}
    missing = ", ".join(name for name, path in paths.items() if not path.exists())
    if missing:
        raise MissingRunsError(f"No page yet: stages {missing} are missing.")
    numbers = {name: read_object(path) for name, path in paths.items()}
    return {
        "modes": {str(side): numbers[name]["modes"] for side, name in MODES.items()},
        "trainings": numbers[TRAININGS]["training"],
    }


def figures(layout: Layout, results: Results) -> Iterator[tuple[str, Path]]:
    """Yields the figures that the comparisons have drawn."""
    for name in MODES.values():
        yield f"samplers_{name}", layout.run(name) / "modes.png"
    yield f"samplers_{TRAININGS}", layout.run(TRAININGS) / "training.png"


def text(results: Results) -> str:
    """Returns the page as markdown."""
    trainings = results.trainings
    kind = "exact" if trainings.reference_is_exact else "the lowest of them"
    large, modes = max(results.modes.items(), key=lambda item: int(item[0]))
    direct, chains = (samples.magnetization for samples in (modes.direct, modes.chains))
    page = PARTS["page"].format(
        made=results.made.lines(),
        field=FIELD,
        large=large,
        n_direct=modes.direct.n_samples,
        direct=_format(direct.effective_sample_size, ".0f"),
        n_chains=modes.chains.n_samples,
        chains=_format(chains.effective_sample_size, ".0f"),
        best=_best(trainings.curves),
        modes=_mode_table(results.modes),
        figures="\n\n".join(
            f"![Configurations, {side} x {side}](figures/samplers_modes_{side}.png)"
            for side in SIDES
        ),
        side=trainings.side,
        training_field=trainings.field,
        n_steps=trainings.n_steps,
        n_samples=trainings.n_samples,
        reference=f"{kind}, {trainings.reference:.6f}",
        trainings=_training_table(trainings.curves),
    )
    return join_parts([page])


def _best(curves: Mapping[str, Training]) -> str:
    """Returns which samples train best, as the end of a sentence."""
    name, best = min(curves.items(), key=lambda item: item[1].relative_error)
    others = [training.relative_error for other, training in curves.items() if other != name]
    beside = f", the others {min(others):.1e} or more" if others else ""
    return f"{name} leave a relative error of {best.relative_error:.1e}{beside}"


def _mode_table(modes: Mapping[str, Modes]) -> str:
    head = ["", "samples", "mean Z", "effective samples", "R-hat", "mean of abs(mean Z)"]
    rows = []
    for side, samples_of in modes.items():
        for kind, words in KINDS.items():
            samples = getattr(samples_of, kind)
            z, modulus = samples.magnetization, samples.abs_magnetization
            rows.append(
                [
                    f"{side} x {side}, {words}",
                    str(samples.n_samples),
                    f"{z.mean:.3f} ± {_format(z.error, '.1g')}",
                    _format(z.effective_sample_size, ".0f"),
                    _format(z.r_hat, ".3f"),
                    f"{modulus.mean:.4f} ± {_format(modulus.error, '.1g')}",
                ]
            )
    return table(head, rows)


def _training_table(curves: Mapping[str, Training]) -> str:
    head = ["trained on", "energy", "relative error", "variance", "seconds"]
    rows = [
        [
            name,
            f"{training.energy:.4f}",
            f"{training.relative_error:.1e}",
            f"{training.energy_variance:.2g}",
            f"{training.seconds:.0f}",
        ]
        for name, training in sorted(curves.items(), key=lambda item: item[1].seconds)
    ]
    return table(head, rows)


def _format(value: float | None, form: str) -> str:
    return "unknown" if value is None else format(value, form)


PAGE = Page(NAME, Results, collect, text, figures=figures)
