"""The numbers of `docs/results.json`."""

from typing import Any

import numpy as np

from reproduce.layout import BASE_RUNS, LONG_CHAINS, NOISY_RUN, TRANSFER_RUNS
from reproduce.made import made_now
from reproduce.material import Material

STEPS = (100, 250)
PREDICTORS = {
    "straight line": "straight_line",
    "persistence": "persistence",
    "least squares": "least_squares",
}
# Learning rate -> the two trainings that share it.
PAIRS = {
    "paper_rate": ("fine_tuned", "from_scratch"),
    "base_rate": ("fine_tuned_base_rate", "from_scratch_base_rate"),
}
Values = dict[str, Any]


def results(material: Material) -> Values:
    """Returns everything that `docs/results.json` holds.

    `{"increment": {"minutes", "n_sites": {n: {"mre_100", "mre_250", "fidelity_100", ..,
    "straight_line": {the same}, "persistence": {the same}}}}, "paper", "local_generator",
    "transfer_8", "machine", "date", "versions"}`; n is text. The MRE is a mean over the test
    states, the fidelity their median. A network whose stage has not run is left out.
    """
    found = {name: _network(material, name) for name in BASE_RUNS if name in material.runs}
    if "increment" in found:
        found["increment"]["times"] = material.times
    if "local_generator" in found:
        found["local_generator"] |= _local_generator(material)
    if "transfer_8" in material.runs:
        found["transfer_8"] = _transfer(material)
    return {**found, **made_now()}


def numbers(metrics: Values, predictor: str) -> Values:
    """Returns the numbers of one predictor for one chain length.

    Args:
        metrics: metric -> predictor -> mean, low, high, median; lists over the steps.
        predictor: As `trainers.evaluate` names it.
    """
    series = {name: by_predictor[predictor] for name, by_predictor in metrics.items()}
    entropy, fidelity = series["mean_relative_entropy"], series["fidelity"]
    found: Values = {}
    for step in STEPS:
        if len(entropy["mean"]) <= step:
            continue
        found[f"mre_{step}"] = entropy["mean"][step]
        found[f"mre_{step}_interval"] = [entropy["low"][step], entropy["high"][step]]
        found[f"fidelity_{step}"] = fidelity["median"][step]
        found[f"rollout_loss_{step}"] = _mean(series["mean_squared_error"]["mean"][1 : step + 1])
        for name in ("amplitude_error", "norm_error", "energy_drift", "magnetization_error"):
            found[f"{name}_{step}"] = series[name]["mean"][step]
    return found


def better_from_step(metrics: Values) -> int | None:
    """Returns the step from which on the model's MRE is below the straight line's.

    The straight line knows the exact state at step 1, so that 2 is the lowest answer; None
    if the model is above it at the end.
    """
    entropy = metrics["mean_relative_entropy"]
    model, line = (
        np.array([np.inf if value is None else value for value in entropy[name]["mean"]])
        for name in ("model", "straight line")
    )
    worse = np.flatnonzero(~(model[2:] < line[2:]))
    first = 2 if worse.size == 0 else int(worse[-1]) + 3
    return first if first < len(model) else None


def by_n_sites(evaluation: Values) -> Values:
    """Returns n -> numbers of the model, and beside them those of the other predictors."""
    return {
        n_sites: {
            "n_states": evaluation["n_sequences"][n_sites],
            **numbers(metrics, "model"),
            "better_than_straight_line_from_step": better_from_step(metrics),
            **{
                key: numbers(metrics, name)
                for name, key in PREDICTORS.items()
                if name in metrics["fidelity"]
            },
        }
        for n_sites, metrics in evaluation["n_sites"].items()
    }


def _network(material: Material, name: str) -> Values:
    evaluation = material.evaluations.get(name)
    return {
        "minutes": material.runs[name].minutes,
        "steps": _last_step(material, name),
        "n_sites": by_n_sites(evaluation) if evaluation else {},
    }


def _local_generator(material: Material) -> Values:
    names = [name for name in ("local_generator", LONG_CHAINS) if name in material.evaluations]
    evaluations = [by_n_sites(material.evaluations[name]) for name in names]
    run, noisy = material.runs["local_generator"], material.runs.get(NOISY_RUN)
    return {
        "n_sites": {n: entry for by_n in evaluations for n, entry in by_n.items()},
        "hamiltonian": run.config["physics"]["hamiltonian"],
        "generator": run.generator,
        "noise": noisy.config["fit"]["noise"] if noisy else None,
        "generator_from_noisy_data": noisy.generator if noisy else {},
    }


def _transfer(material: Material) -> Values:
    known = {run.key: name for name, run in TRANSFER_RUNS.items() if name in material.runs}
    losses = {
        key: [row["loss"] for row in material.runs[name].validation] for key, name in known.items()
    }
    return {
        **_network(material, "transfer_8"),
        **{key: _network(material, name) for key, name in known.items() if key != "fine_tuned"},
        "validation_loss": losses,
        "loss_ratios": loss_ratios(losses),
    }


def loss_ratios(losses: dict[str, list[float]]) -> dict[str, list[float]]:
    """Returns learning rate -> fine-tuned over from scratch, validation loss of each epoch."""
    return {
        rate: [a / b for a, b in zip(losses[fine], losses[scratch], strict=False)]
        for rate, (fine, scratch) in PAIRS.items()
        if fine in losses and scratch in losses
    }


def _last_step(material: Material, name: str) -> int:
    rows = material.runs[name].validation
    return rows[-1]["step"] if rows else 0


def _mean(values: list[float | None]) -> float | None:
    return None if None in values else float(np.mean(values))
