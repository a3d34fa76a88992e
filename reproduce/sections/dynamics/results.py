"""The numbers of `docs/results.json`."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from reports.provenance import Made
from reproduce.sections.dynamics.material import Evaluation, Material, Metrics, Times
from reproduce.sections.dynamics.runs import (
    BASE_RUNS,
    FINE_TUNED,
    INCREMENT,
    LOCAL_GENERATOR,
    LONG_CHAINS,
    NOISY_RUN,
    TRANSFER_RUNS,
    TRIVIAL,
)

STEPS = (100, 250)
# Learning rate -> the two trainings that share it.
PAIRS = {
    "paper_rate": ("fine_tuned", "from_scratch"),
    "base_rate": ("fine_tuned_base_rate", "from_scratch_base_rate"),
}
# Of a number that an evaluation does not have; one that is not finite is None.
ABSENT = math.nan


@dataclass(frozen=True)
class Errors:
    """Errors of one predictor for one number of spins, at or up to steps 100 and 250.

    Means over the test states, but for the fidelity, which is their median; rollout losses are
    means over all steps too.
    """

    mre_100: float | None = ABSENT
    mre_250: float | None = ABSENT
    fidelity_100: float | None = ABSENT
    fidelity_250: float | None = ABSENT
    rollout_loss_100: float | None = ABSENT
    amplitude_error_250: float | None = ABSENT


@dataclass(frozen=True)
class Tested(Errors):
    """Errors of a network, and beside them those of the trivial predictors for the same states.

    Attributes:
        n_states: Number of test states.
        better_than_straight_line_from_step: First step from which on it is; None if it is not
            at the end.
    """

    n_states: int = 0
    better_than_straight_line_from_step: int | None = None
    straight_line: Errors = Errors()
    persistence: Errors = Errors()
    least_squares: Errors = Errors()


@dataclass(frozen=True)
class Trained:
    """A training, its errors by the number of spins, and the speed table if it is about it."""

    minutes: float = 0.0
    steps: int = 0
    n_sites: Mapping[int, Tested] = field(default_factory=dict)
    times: tuple[Times, ...] = ()


@dataclass(frozen=True)
class Recognised:
    """Couplings of the Hamiltonian that a local generator has found, and their errors by name."""

    parameters: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Fit:
    """What a local generator has learned; without trajectories there was no fit."""

    n_trajectories: int = 0
    seconds: float = 0.0
    hamiltonian: Recognised = Recognised()


@dataclass(frozen=True)
class LocalGenerator(Trained):
    """The local generator, fitted to exact and to noisy trajectories.

    Attributes:
        hamiltonian: Settings of the exact Hamiltonian.
        noise: Noise of every amplitude of the noisy trajectories; None without such a fit.
    """

    hamiltonian: Mapping[str, Any] = field(default_factory=dict)
    generator: Fit = Fit()
    generator_from_noisy_data: Fit = Fit()
    noise: float | None = None

    def couplings(self, fit: Fit) -> dict[str, tuple[float, float, float]]:
        """Returns name -> exact value, learned value, standard error of every coupling."""
        learned = fit.hamiltonian
        return {
            name: (self.hamiltonian[name], value, learned.errors[name])
            for name, value in learned.parameters.items()
            if isinstance(self.hamiltonian.get(name), float)
        }


@dataclass(frozen=True)
class Transfer(Trained):
    """Fine-tuning on one more spin, and the trainings beside it.

    Attributes:
        validation_loss: Key of a training -> loss of each epoch.
        loss_ratios: Learning rate -> fine-tuned over from scratch, of each epoch.
    """

    fine_tuned_not_grown: Trained | None = None
    fine_tuned_base_rate: Trained | None = None
    from_scratch: Trained | None = None
    from_scratch_base_rate: Trained | None = None
    validation_loss: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    loss_ratios: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def trainings(self) -> dict[str, Trained]:
        """Returns key -> every training that was evaluated."""
        others = {run.key: getattr(self, run.key, None) for run in TRANSFER_RUNS.values()}
        by_key = {**others, "fine_tuned": self}
        return {key: run for key, run in by_key.items() if run is not None and run.n_sites}


@dataclass(frozen=True)
class Results(Made):
    """All numbers, and where and when they were made; a network that has not run is None."""

    increment: Trained | None = None
    paper: Trained | None = None
    local_generator: LocalGenerator | None = None
    transfer_8: Transfer | None = None

    def base_runs(self) -> dict[str, Trained]:
        """Returns name -> each of the base runs."""
        runs = {name: getattr(self, name) for name in BASE_RUNS}
        return {name: run for name, run in runs.items() if run is not None}

    def tested_runs(self) -> dict[str, Trained]:
        """Returns name -> each of the base runs that was evaluated."""
        return {name: run for name, run in self.base_runs().items() if run.n_sites}


def measure(material: Material) -> dict[str, Any]:
    """Returns everything that `docs/results.json` holds, see `Results`; n is text."""
    numbers = {name: _network(material, name) for name in BASE_RUNS if name in material.runs}
    if INCREMENT in numbers:
        numbers[INCREMENT]["times"] = [asdict(row) for row in material.times]
    if LOCAL_GENERATOR in numbers:
        numbers[LOCAL_GENERATOR] |= _local_generator(material)
    if FINE_TUNED in material.runs:
        numbers[FINE_TUNED] = _transfer(material)
    return {**numbers, **asdict(Made.now())}


def _errors(metrics: Metrics, predictor: str) -> dict[str, Any]:
    """Returns the numbers of one predictor for one number of spins.

    Args:
        metrics: Metrics of that number of spins.
        predictor: Name in `trainers.evaluate`.
    """
    series = {name: by_predictor[predictor] for name, by_predictor in metrics.items()}
    entropy, fidelity = series["mean_relative_entropy"], series["fidelity"]
    errors: dict[str, Any] = {}
    for step in STEPS:
        if len(entropy.mean) <= step:
            continue
        errors[f"mre_{step}"] = entropy.mean[step]
        errors[f"mre_{step}_interval"] = [entropy.low[step], entropy.high[step]]
        errors[f"fidelity_{step}"] = fidelity.median[step]
        errors[f"rollout_loss_{step}"] = _mean(series["mean_squared_error"].mean[1 : step + 1])
        for name in ("amplitude_error", "norm_error", "energy_drift", "magnetization_error"):
            errors[f"{name}_{step}"] = series[name].mean[step]
    return errors


def better_from_step(metrics: Metrics) -> int | None:
    """Returns the step from which on the model's MRE is below the straight line's.

    The straight line knows the exact state at step 1, so that 2 is the lowest answer; None
    if the model is above it at the end.
    """
    entropy = metrics["mean_relative_entropy"]
    model, line = (
        np.array([np.inf if value is None else value for value in entropy[name].mean])
        for name in ("model", "straight line")
    )
    worse = np.flatnonzero(~(model[2:] < line[2:]))
    first = 2 if worse.size == 0 else int(worse[-1]) + 3
    return first if first < len(model) else None


def _by_n_sites(evaluation: Evaluation) -> dict[str, Any]:
    """Returns n -> numbers of the model, and beside them those of the other predictors."""
    return {
        str(n_sites): {
            "n_states": evaluation.n_sequences[n_sites],
            **_errors(metrics, "model"),
            "better_than_straight_line_from_step": better_from_step(metrics),
            **{
                key: _errors(metrics, name)
                for name, key in TRIVIAL.items()
                if name in metrics["fidelity"]
            },
        }
        for n_sites, metrics in evaluation.n_sites.items()
    }


def _network(material: Material, name: str) -> dict[str, Any]:
    run, evaluation = material.runs[name], material.evaluations.get(name, Evaluation())
    return {"minutes": run.minutes, "steps": run.n_steps, "n_sites": _by_n_sites(evaluation)}


def _local_generator(material: Material) -> dict[str, Any]:
    names = [name for name in (LOCAL_GENERATOR, LONG_CHAINS) if name in material.evaluations]
    evaluations = [_by_n_sites(material.evaluations[name]) for name in names]
    run, noisy = material.runs[LOCAL_GENERATOR], material.runs.get(NOISY_RUN)
    return {
        "n_sites": {n: entry for by_n in evaluations for n, entry in by_n.items()},
        "hamiltonian": run.physics["hamiltonian"],
        "generator": run.generator,
        "noise": noisy.noise if noisy else None,
        "generator_from_noisy_data": noisy.generator if noisy else {},
    }


def _transfer(material: Material) -> dict[str, Any]:
    names = {run.key: name for name, run in TRANSFER_RUNS.items() if name in material.runs}
    losses = {
        key: [record.loss for record in material.runs[name].validation]
        for key, name in names.items()
    }
    return {
        **_network(material, FINE_TUNED),
        **{key: _network(material, name) for key, name in names.items() if name != FINE_TUNED},
        "validation_loss": losses,
        "loss_ratios": divide_losses(losses),
    }


def divide_losses(losses: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    """Returns learning rate -> fine-tuned over from scratch, validation loss of each epoch."""
    return {
        rate: [a / b for a, b in zip(losses[fine], losses[scratch], strict=False)]
        for rate, (fine, scratch) in PAIRS.items()
        if fine in losses and scratch in losses
    }


def _mean(values: Sequence[float | None]) -> float | None:
    return None if None in values else float(np.mean(np.array(values, float)))
