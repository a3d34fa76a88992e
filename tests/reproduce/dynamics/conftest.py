"""Material of a small reproduction, made without training: the models are known functions."""

from dataclasses import replace

import numpy as np
import pytest

from qtf.dynamics.evaluation import evaluate
from qtf.physics import Chain, evolve, ising, printed_state, sample_initial_states
from reports.records import read_record
from reproduce.sections.dynamics.material import (
    Evaluation,
    Material,
    Record,
    Run,
    Times,
)

DT = 0.002
N_STEPS = 250
PHYSICS = {
    "hamiltonian": {"name": "ising", "transverse_field": -1.05, "longitudinal_field": 0.5},
    "initial_states": "paper",
    "dt": DT,
}


def exact(n_sites, psi0):
    return evolve(ising(Chain(n_sites)), psi0, DT * np.arange(N_STEPS + 1))


def slightly_wrong(n_sites, psi0, error):
    """The exact evolution, its amplitudes off by `error` at the last step."""
    growing = 1 + error * np.linspace(0, 1, N_STEPS + 1)[:, None] * np.cos(np.arange(2**n_sites))
    return exact(n_sites, psi0) * growing


def evaluation(n_sites, error):
    by_n = {}
    for n in n_sites:
        psi0 = sample_initial_states("paper", n, 4, seed=1)
        result = evaluate(
            lambda psi0, n=n: slightly_wrong(n, psi0, error),
            psi0,
            ising(Chain(n)),
            dt=DT,
            n_steps=N_STEPS,
        )
        by_n[str(n)] = {
            metric: {
                name: {part: values.tolist() for part, values in vars(summary).items()}
                for name, summary in by_predictor.items()
            }
            for metric, by_predictor in result.summaries.items()
        }
    content = {"n_steps": N_STEPS, "n_sequences": dict.fromkeys(by_n, 4), "n_sites": by_n}
    return read_record(Evaluation, content)


def training(loss, n_sites, losses):
    validation = tuple(
        Record(100 * (k + 1), value, epoch=k + 1, losses=dict.fromkeys(n_sites, value))
        for k, value in enumerate(losses)
    )
    rows = tuple(Record(row.step, row.loss) for row in validation)
    return Run(loss, tuple(n_sites), 20, PHYSICS, rows, validation, minutes=12.5)


def learned(transverse_field, error, noise):
    parameters = {"transverse_field": transverse_field, "longitudinal_field": 0.5}
    hamiltonian = {"name": "ising", "parameters": parameters}
    hamiltonian["errors"] = dict.fromkeys(parameters, error)
    run = training("squared_distance", [2, 3], [1e-16])
    generator = {"hamiltonian": hamiltonian, "n_trajectories": 200, "seconds": 0.5}
    return replace(run, noise=noise, generator=generator)


@pytest.fixture(scope="session")
def material():
    return material_of([2, 3], [4])


def material_of(base, more):
    """Material of these numbers of spins, and of more for the transfer."""
    runs = {
        "increment": training("squared_distance", base, [1e-3, 1e-4]),
        "paper": training("mean_squared_error", base, [1e-2, 1e-3]),
        "local_generator": learned(-1.05 + 1e-9, 1e-9, 0.0),
        "local_generator_noisy": learned(-1.0501, 1e-4, 1e-3),
        "transfer_8": training("squared_distance", more, [1e-4, 1e-5]),
        "scratch_8": training("squared_distance", more, [1e-2, 5e-3]),
        "transfer_8_not_grown": training("squared_distance", more, [8e-3, 4e-3]),
        "transfer_8_base_rate": training("squared_distance", more, [1e-4, 1e-5]),
        "scratch_8_base_rate": training("squared_distance", more, [1e-3, 2e-5]),
    }
    evaluations = {
        "increment": evaluation(base, 0.01),
        "paper": evaluation(base, 0.5),
        "local_generator": evaluation([*base, *more], 1e-9),
        "local_generator_long": evaluation([5], 1e-9),
        "transfer_8": evaluation(more, 0.01),
        "scratch_8": evaluation(more, 0.3),
        "transfer_8_not_grown": evaluation(more, 0.25),
        "transfer_8_base_rate": evaluation(more, 0.01),
        "scratch_8_base_rate": evaluation(more, 0.1),
    }
    printed = {}
    for n in base:
        printed[f"exact_n{n}"] = exact(n, printed_state(n))
        for name, error in (("increment", 0.01), ("paper", 0.5)):
            printed[f"{name}_n{n}"] = slightly_wrong(n, printed_state(n), error)
    times = tuple(Times(7, size, 0.4 * size, 0.01, "eigenbasis", 0.2) for size in (1, 256))
    return Material(runs, evaluations, printed, times, stages={})
