"""The numbers of a page of growths, from what is kept of them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from qtf.files import read_object
from qtf.physics import HamiltonianSettings, published_energies
from reports.provenance import Made
from reproduce.engine.layout import Layout
from reproduce.searches.growths import GrowthCase, kept_folder
from reproduce.searches.kept import AVERAGED_VARIANCE, CONFIG, GROWTH, numbers_of
from reproduce.searches.limits import (
    ABOVE,
    ABS_OFF,
    AVERAGED_SCORE,
    BULK_OFF,
    MAGNETIZATION,
    LimitedNumber,
    judge,
)


@dataclass(frozen=True)
class Point:
    """A validation during the training of a size.

    Attributes:
        step: Optimiser steps at this size.
        minutes: Minutes since the training of this size began.
        relative_error: Of the samples of the validation.
        relative_error_bar: Its error bar.
        v_score: Of the same samples.
    """

    step: int
    minutes: float
    relative_error: float
    relative_error_bar: float | None = None
    v_score: float | None = None


@dataclass(frozen=True)
class Published:
    """What others found for a size.

    Attributes:
        method: How, or who.
        kind: "exact", "Monte Carlo" or "variational".
        energy_per_site: Energy a site.
        error: Its error bar; 0: none was given.
        source: Where it stands.
    """

    method: str
    kind: str
    energy_per_site: float
    error: float
    source: str


@dataclass(frozen=True, kw_only=True)
class Size:
    """Numbers of one size; energies are total ones, None is what is not known.

    Attributes:
        size: Spins of a chain or of the side of a square.
        n_samples: Samples of the first steps.
        n_samples_at_end: Samples of the last ones; None: as many.
        unseen_variance: What samples do not see of the variance; it counts in the V-score.
        minutes: Duration of its training.
        total_minutes: Duration of all trainings up to its own.
        above_reference: Relative distance from the reference, negative below it, of the energy
            averaged over symmetries where there is one.
        abs_magnetization: Mean of the modulus of mean Z.
        abs_magnetization_off: Its distance from the published one.
        magnetization_in_errors: Modulus of the mean of mean Z, in its error bars.
    """

    size: int
    n_sites: int
    n_steps: int
    n_samples: int
    n_evaluation: int
    energy: float
    energy_error: float
    energy_variance: float
    v_score: float
    unseen_variance: float | None = None
    reference_energy: float | None = None
    reference_error: float | None = None
    reference_source: str | None = None
    reference_kind: str | None = None
    relative_error: float | None = None
    relative_error_bar: float | None = None
    energy_with_symmetries: float | None = None
    energy_error_with_symmetries: float | None = None
    relative_error_with_symmetries: float | None = None
    relative_error_bar_with_symmetries: float | None = None
    v_score_with_symmetries: float | None = None
    above_reference: float | None = None
    magnetization: float | None = None
    magnetization_error: float | None = None
    magnetization_in_errors: float | None = None
    abs_magnetization: float | None = None
    abs_magnetization_off: float | None = None
    n_samples_at_end: int | None = None
    n_weights: int | None = None
    minutes: float | None = None
    total_minutes: float | None = None
    machine: str
    date: str
    curve: tuple[Point, ...] = ()
    published: tuple[Published, ...] = ()

    @property
    def best(self) -> tuple[float, float]:
        """Energy and error bar, averaged over symmetries where that is known."""
        averaged, bar = self.energy_with_symmetries, self.energy_error_with_symmetries
        if averaged is None or bar is None:
            return self.energy, self.energy_error
        return averaged, bar

    @property
    def best_error(self) -> tuple[float | None, float | None]:
        """Relative error and error bar, averaged over symmetries where that is known."""
        if self.relative_error_with_symmetries is None:
            return self.relative_error, self.relative_error_bar
        return self.relative_error_with_symmetries, self.relative_error_bar_with_symmetries


@dataclass(frozen=True)
class Grown:
    """Numbers of one growth.

    Attributes:
        command: Its training as a user would type it.
        hamiltonian: Configuration of its Hamiltonian; None: nothing is kept yet.
        n_averages: Samples that are averaged over symmetries, at most.
        bulk_energy: Energy a site of the infinite lattice, from a fit.
        bulk_error: Its error bar.
        known_bulk_energy: Energy a site that is known.
    """

    command: str
    requirements: tuple[LimitedNumber, ...]
    hamiltonian: Mapping[str, Any] | None = None
    n_averages: int = 0
    sizes: tuple[Size, ...] = ()
    sizes_to_come: tuple[int, ...] = ()
    bulk_energy: float | None = None
    bulk_error: float | None = None
    known_bulk_energy: float | None = None


@dataclass(frozen=True)
class Results:
    """Numbers of a page, by the names of cases."""

    made: Made
    growths: Mapping[str, Grown]


def collect(layout: Layout, section: str, growths: Sequence[GrowthCase]) -> dict[str, Any]:
    """Returns the numbers of all growths, from the sizes that are kept.

    Args:
        layout: Where the page is, beside which they are kept.
        section: Name of the section.
        growths: The growths.
    """
    return {"growths": {g.case.name: _measure(layout, section, g) for g in growths}}


def _measure(layout: Layout, section: str, growth: GrowthCase) -> dict[str, Any]:
    kept = kept_folder(layout, section, growth.case)
    numbers = numbers_of(kept)
    if not numbers:
        requirements = [judge(limit, []) for limit in growth.limits]
        return {"command": growth.case.command, "requirements": requirements}
    config = read_object(kept / CONFIG)
    settings, asked = config["physics"]["hamiltonian"], config["growth"]
    rows, total = [], 0.0
    for values in numbers:
        total = total + values["minutes"] if values["minutes"] is not None else total
        n_averages = _n_averages(asked, values["size"])
        rows.append(_row(values, settings, n_averages, growth, total))
        rows[-1]["n_samples_at_end"] = _n_samples_at_end(config, values["n_samples"])
    bulk = _bulk(read_object(kept / GROWTH).get("bulk") or {})
    sizes = [row["size"] for row in rows]
    return {
        "command": growth.case.command,
        "hamiltonian": settings,
        "n_averages": max(_n_averages(asked, row["size"]) for row in rows),
        "sizes": rows,
        "sizes_to_come": [size for size in asked["sizes"] if size not in sizes],
        **bulk,
        "requirements": [judge(limit, rows, bulk) for limit in growth.limits],
    }


def _n_averages(asked: Mapping[str, Any], size: int) -> int:
    """Returns the samples of the average at a size; the last of several numbers holds on."""
    values = asked["n_averages"]
    if isinstance(values, int):
        return values
    return values[min(asked["sizes"].index(size), len(values) - 1)]


def _n_samples_at_end(config: Mapping[str, Any], n_samples: int) -> int | None:
    factors = config.get("sampling", {}).get("grow_to")
    return factors[-1] * n_samples if factors else None


def _bulk(bulk: Mapping[str, Any]) -> dict[str, float | None]:
    energy, known = bulk.get("energy_per_site"), bulk.get("known_energy")
    return {
        "bulk_energy": energy,
        "bulk_error": bulk.get("energy_error"),
        "known_bulk_energy": known,
        BULK_OFF: None if energy is None or known is None else abs(energy - known),
    }


def _row(
    values: Mapping[str, Any],
    settings: Mapping[str, Any],
    n_averages: int,
    growth: GrowthCase,
    total_minutes: float,
) -> dict[str, Any]:
    hamiltonian = HamiltonianSettings.from_mapping(settings).resized(values["size"])
    return {
        **values,
        **_averages(values, n_averages),
        **_magnetizations(values, growth),
        "total_minutes": total_minutes,
        "published": [
            {**asdict(entry), "kind": entry.kind} for entry in published_energies(hamiltonian)
        ],
    }


def _averages(values: Mapping[str, Any], n_averages: int) -> dict[str, float | None]:
    """Returns what is said of the average over symmetries, or of the energy where there is none."""
    energy, bar = (values[f"{key}_with_symmetries"] for key in ("energy", "energy_error"))
    score, reference = None, values["reference_energy"]
    if energy is not None:
        # Samples are independent, so that their error bar tells the variance of real energies.
        variance = values.get(AVERAGED_VARIANCE)
        variance = bar**2 * n_averages if variance is None else variance
        score = values["n_sites"] * variance / energy**2
    best = values["energy"] if energy is None else energy
    above = (best - reference) / abs(reference) if reference else None
    return {AVERAGED_SCORE: score, ABOVE: above}


def _magnetizations(values: Mapping[str, Any], growth: GrowthCase) -> dict[str, float | None]:
    mean, bar = values["magnetization"], values["magnetization_error"]
    found, known = values["abs_magnetization"], growth.abs_magnetization
    return {
        MAGNETIZATION: abs(mean) / bar if mean is not None and bar else None,
        ABS_OFF: abs(found - known[1]) if known and values["size"] == known[0] else None,
    }
