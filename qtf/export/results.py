"""SavedModels of the results that `qtf.find_ground_state` and its like return."""

from functools import singledispatch
from pathlib import Path

from qtf.dynamics.runs.arrays import DynamicsModel
from qtf.dynamics.runs.learned_hamiltonian import LearnedHamiltonian
from qtf.export.exporters import served_n_sites
from qtf.export.saved_model import (
    MAX_SAMPLES,
    MAX_STEPS,
    export_dynamics,
    export_outcomes,
    export_wave_function,
)
from qtf.files import writable_folder
from qtf.ground_states.runs.ground_state import GroundState
from qtf.open_systems.runs.open_system import OpenSystem
from qtf.physics import HamiltonianSettings

Result = GroundState | DynamicsModel | LearnedHamiltonian | OpenSystem


@singledispatch
def export_result(result: object, folder: Path | str) -> Path:
    """Writes a result as the next version of a SavedModel, as `trainers.export` does.

    Args:
        result: What `qtf.find_ground_state`, `qtf.train_dynamics`, `qtf.learn_hamiltonian`,
            `qtf.steady_state`, `qtf.evolve_open` or `qtf.load` has returned.
        folder: Folder of all versions, created if missing.

    Returns:
        The folder of the new version.

    Raises:
        ValueError: It is no such result, or a model of dynamics whose Hamiltonian is not known.
        OSError: The folder cannot be written to; no half version is left.
    """
    raise ValueError(
        f"Argument `result` must be what a function of qtf returned, but is a"
        f" {type(result).__name__}."
    )


@export_result.register
def _export_ground_state(result: GroundState, folder: Path | str) -> Path:
    return export_wave_function(
        result.psi,
        writable_folder(folder),
        result.hamiltonian,
        result.settings.as_mapping(),
        max_samples=MAX_SAMPLES,
    )


@export_result.register
def _export_dynamics(result: DynamicsModel, folder: Path | str) -> Path:
    described = result.config["physics"]["hamiltonian"]
    if not described:
        raise ValueError(
            "Argument `result` must be of trajectories whose Hamiltonian is known, as exported"
            " models tell energies: give `hamiltonian` to `qtf.train_dynamics`."
        )
    physics = HamiltonianSettings.from_mapping(described)
    return export_dynamics(
        result.model,
        writable_folder(folder),
        {n: physics.with_n_sites(n).build() for n in result.n_sites},
        result.config,
        max_steps=MAX_STEPS,
    )


@export_result.register
def _export_learned(result: LearnedHamiltonian, folder: Path | str) -> Path:
    n_sites = served_n_sites(result.model, result.n_sites, ())
    physics = {"hamiltonian": {"learned": "see below"}, "dt": result.dt, "initial_states": "given"}
    return export_dynamics(
        result.model,
        writable_folder(folder),
        {n: result.hamiltonian(n) for n in n_sites},
        {"physics": physics, "data": {"n_sites": list(result.n_sites)}},
        max_steps=MAX_STEPS,
    )


@export_result.register
def _export_open_system(result: OpenSystem, folder: Path | str) -> Path:
    return export_outcomes(
        result.distribution,
        writable_folder(folder),
        result.settings.as_mapping(),
        time=result.time,
        max_samples=MAX_SAMPLES,
    )
